package nfsroot

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/mount"
)

// Network is the kernel's network configuration, for one goroutine. Next waits until something is told of devices, at first of each; Close, by whomever, ends that
// with an error. Errors are the kernel's numbers.
type Network interface {
	Next() ([]linux.Link, error)
	SetUp(index int, up bool) error
	AddAddress(index int, address uint32, prefix int, broadcast uint32) error
	AddRoute(index int, network uint32, prefix int, gateway uint32) error
	Close() error
}

// Machine is what this asks of the computer.
type Machine struct {
	Network func() (Network, error)
	// MountNFS is mount(2) for the type nfs.
	MountNFS func(source, target string, flags uintptr, data string) error
	// Sysctl writes a value below /proc/sys.
	Sysctl func(name, value string) error
	// Spawn starts a goroutine that turns a panic into a report.
	Spawn func(name string, report func(name, trace string), f func())
	// Say tells what is done.
	Say func(line string)
}

// errDeadline is why a wait ends.
var errDeadline = errors.New("the deadline has passed")

// Mount configures the network as r says and mounts r on target, with ro or rw in front of its options. It waits for a network device, its carrier and the server, no longer than limit.
// The device stays as it is for the real system. The source is what was mounted.
func (m Machine) Mount(r *Root, target, write string, limit time.Duration) error {
	network, err := m.Network()
	if err != nil {
		return err
	}
	w := &wait{m: m, r: r, target: target, write: write, limit: limit, said: "no network device", events: make(chan initqueue.Event), over: make(chan struct{})}
	defer close(w.over)
	defer network.Close()
	m.Spawn("network", nil, func() { w.raise(network) })
	loop := initqueue.Loop{Owner: w, Spawn: m.Spawn, Events: w.events, Over: w.over, Limit: limit}
	if err := loop.Run(); err != nil {
		return fmt.Errorf("root %s: %w", r.Source(), err)
	}
	m.Say(fmt.Sprintf("root: %s (NFS, %s)", r.Source(), w.mounted))
	return nil
}

// wait owns the loop: when a device is up the versions are tried one after the other, in rounds. Its events are functions, which what it has begun sends to it.
type wait struct {
	m             Machine
	r             *Root
	target, write string
	limit         time.Duration
	events        chan initqueue.Event
	over          chan struct{}

	up      bool
	nics    []*nic // touched by raise alone
	mounted string // the version
	timeUp  bool
	err     error

	next, rounds int    // the version that is tried, as an index; the rounds that are over
	said         string // what the network lacks, or what the tries of this round have brought
	silent       bool   // in this round a server was not there
	answered     bool   // in this round, by the server or by the kernel: another round brings the same
}

// tell sends an event of the network.
func (w *wait) tell(f func()) {
	select {
	case w.events <- f:
	case <-w.over:
	}
}

func (w *wait) warn(err error) {
	if err != nil {
		w.m.Say(err.Error() + "; going on")
	}
}

// Handle takes what the network and the mounts say.
func (w *wait) Handle(ev initqueue.Event) {
	switch ev := ev.(type) {
	case func():
		ev()
	case initqueue.Panicked:
		w.err = errors.New(ev.Trace)
	case initqueue.TimeUp:
		w.timeUp = true
	}
}

// Err is why the wait failed.
func (w *wait) Err() error { return w.err }

// Next mounts when a device is up.
func (w *wait) Next() ([]initqueue.Job, initqueue.Verdict) {
	if w.timeUp && w.mounted == "" {
		w.err = fmt.Errorf("%s within %d s: %w", w.said, w.limit/time.Second, errDeadline)
	}
	switch {
	case w.mounted != "":
		return nil, initqueue.Done
	case w.err != nil:
		return nil, initqueue.Failed
	case w.up:
		return []initqueue.Job{w.mountJob()}, initqueue.Wait
	}
	return nil, initqueue.Wait
}

// mountJob mounts one version. The kernel may keep it for as long as the server is silent; then the wait ends without it. A new round begins after a pause: a server
// that is not there yet sends no event.
func (w *wait) mountJob() initqueue.Job {
	source, version, pause := w.r.Source(), w.r.Versions[w.next], time.Duration(0)
	if w.next == 0 {
		pause = min(time.Duration(w.rounds)*5, 30) * time.Second
	}
	o := mount.ParseOptions(w.write + "," + w.r.MountOptions(version))
	return initqueue.Job{Key: fmt.Sprint("mount ", source, version, w.rounds), Run: func() initqueue.Event {
		<-time.After(pause)
		err := w.m.MountNFS(source, w.target, o.Flags, o.DataText())
		return func() { w.tried(version, err) }
	}}
}

// tried goes on after a try. Of version 4 the lower minor numbers are tried only if the server does not know the one above. A round in which nobody has answered is
// repeated: the server, or a switch on the way, may be slower than we are.
func (w *wait) tried(version string, err error) {
	if err == nil {
		w.mounted = version
		return
	}
	if w.next == 0 {
		w.said, w.silent, w.answered = "", false, false
	}
	if w.said != "" {
		w.said += "; "
	}
	w.said += version + ": " + err.Error()
	var number syscall.Errno
	errors.As(err, &number)
	switch number {
	case syscall.EPROTONOSUPPORT:
	case syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ETIMEDOUT, syscall.EHOSTUNREACH, syscall.ENETUNREACH:
		w.silent = true
	default:
		w.answered = true
	}
	w.next++
	if w.next < len(w.r.Versions) && (version == "vers=3" || number == syscall.EPROTONOSUPPORT) {
		return
	}
	w.next = 0
	w.rounds++
	if w.answered || !w.silent {
		w.err = errors.New(w.said)
	}
}
