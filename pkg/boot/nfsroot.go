package boot

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/mount"
	"github.com/preroot/preroot/pkg/rootfs"
)

// rootOnNFS says whether the command line asks for the kernel's own root on NFS (admin-guide/nfs/nfsroot.rst), and for us to mount it.
func (b *Boot) rootOnNFS() bool { return b.udevd == nil && b.config.Root == "/dev/nfs" }

// mountNFS configures the network as r says and mounts r as root: read-only unless rw asks for more, as the kernel does it. It waits for the driver of a network device,
// its carrier and the server, no longer than for any root over the network. The device stays as it is for the real system.
func (b *Boot) mountNFS(r *rootfs.NFS) error {
	network, err := b.m.Network()
	if err != nil {
		return err
	}
	b.warn(b.m.Directories.Mkdir(Sysroot, 0o755))
	w := &nfsWait{finder: b.finder, r: r, said: "no network device"}
	b.finder.aim()
	b.loop.Owner = w
	b.spawn("network", nil, func() { w.raise(network) })
	err = b.wait("root "+r.Source(), b.config.NetworkWait)
	b.loop.Owner = b.finder
	network.Close()
	if err != nil {
		return fmt.Errorf("root %s: %w", r.Source(), err)
	}
	b.mounted, b.source, b.root, b.resume.mounted = append(b.mounted, Sysroot), r.Source(), nil, true
	b.m.Log.Notef("root: %s (NFS, %s)", b.source, w.mounted)
	b.warn(b.readFstab())
	return nil
}

// nfsWait owns the loop while root on NFS is waited for: drivers are loaded as ever until a device is up, then the versions are tried one after the other, in
// rounds. Its events are functions, which what it has begun sends to it.
type nfsWait struct {
	*finder
	r       *rootfs.NFS
	up      bool
	nics    []*nic // touched by raise alone
	mounted string // the version

	next, rounds int    // the version that is tried, as an index; the rounds that are over
	said         string // what the network lacks, or what the tries of this round have brought
	silent       bool   // in this round a server was not there
	answered     bool   // in this round, by the server or by the kernel: another round brings the same
}

// Handle takes what the network and the mounts say; the rest is the finder's.
func (w *nfsWait) Handle(ev initqueue.Event) {
	if f, own := ev.(func()); own {
		f()
		return
	}
	w.finder.Handle(ev)
}

// Next loads drivers until a device is up, and then mounts.
func (w *nfsWait) Next() ([]initqueue.Job, initqueue.Verdict) {
	if w.timeUp {
		w.err = fmt.Errorf("%s within %d s: %w", w.said, w.b.config.NetworkWait/time.Second, errDeadline)
	}
	switch {
	case w.mounted != "":
		return nil, initqueue.Done
	case w.err != nil:
		return nil, initqueue.Failed
	case w.up:
		return []initqueue.Job{w.mountJob()}, initqueue.Wait
	}
	return w.moduleJobs(), initqueue.Wait
}

// mountJob mounts one version. The kernel may keep it for as long as the server is silent; then the wait ends without it. A new round begins after a pause: a server
// that is not there yet sends no event.
func (w *nfsWait) mountJob() initqueue.Job {
	b, source, version, pause := w.b, w.r.Source(), w.r.Versions[w.next], time.Duration(0)
	if w.next == 0 {
		pause = min(time.Duration(w.rounds)*5, 30) * time.Second
	}
	options := "ro," + w.r.MountOptions(version)
	if b.config.Write == config.ReadWrite {
		options = "rw," + options[3:]
	}
	return initqueue.Job{Key: fmt.Sprint("mount ", source, version, w.rounds), Run: func() initqueue.Event {
		<-time.After(pause)
		err := b.loadFileSystem("nfs")
		if err == nil {
			o := mount.ParseOptions(options)
			err = b.m.Mounter.Mount(source, Sysroot, "nfs", o.Flags, o.DataText())
		}
		return func() { w.tried(version, err) }
	}}
}

// tried goes on after a try. Of version 4 the lower minor numbers are tried only if the server does not know the one above. A round in which nobody has answered is
// repeated: the server, or a switch on the way, may be slower than we are.
func (w *nfsWait) tried(version string, err error) {
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
