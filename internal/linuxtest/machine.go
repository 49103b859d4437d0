// Package linuxtest is a computer for whole boots in unit tests: an initramfs in memory with /proc and /sys, block
// devices that appear in time or with a module, real superblocks on them, and a journal of what was done in the words of
// the real commands. What a case did not plan it refuses. It runs under testing/synctest, so that waiting costs nothing.
package linuxtest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing/fstest"
	"time"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/pkg/boot"
	"github.com/preroot/preroot/pkg/initrd"
	"github.com/preroot/preroot/pkg/kmod"
	"github.com/preroot/preroot/pkg/mount"
	"github.com/preroot/preroot/pkg/switchroot"
)

// Machine is the computer of one case.
type Machine struct {
	files   *files
	disks   []*disk
	modules map[string]*module
	trees   map[string]map[string]string // by device: the files on it
	status  map[string]int               // exit statuses of programs
	people  []visit                      // who comes to a console, one after the other
	socket  *socket
	signals chan int
	log     *klog.Logger
	began   time.Time

	resumeOffset int64           // of the swap header, in bytes
	said         strings.Builder // by the kernel, about resuming

	fifos     map[string]*fifo
	allFIFOs  []*fifo
	cards     []*card
	shares    []*share
	net       *network // that is open
	processes []*process
	killed    bool // the engine is; it ends when it looks at its hooks

	linuxrc linuxrc

	off chan struct{} // closed when the machine is switched off

	mu       sync.Mutex
	over     bool
	mounts   []mounted
	filesys  []string
	loaded   map[string]bool
	seqnum   uint64
	journal  strings.Builder
	messages []string
}

type mounted struct {
	target string
	disk   *disk
	fstype string
	flags  uintptr
}

const release = "6.12.0-test"

// New makes the machine of a case. It must be called inside the bubble of testing/synctest that it will run in.
func New(c *Case) (*Machine, error) {
	m := &Machine{
		files: &files{m: fstest.MapFS{}}, modules: map[string]*module{}, trees: map[string]map[string]string{},
		status: map[string]int{}, signals: make(chan int, 8), began: time.Now(), off: make(chan struct{}),
		fifos:  map[string]*fifo{},
		loaded: map[string]bool{}, filesys: strings.Fields(c.Section("filesystems")),
	}
	m.socket = newSocket(m.off)
	m.log = klog.New(m.openLog, false)
	go m.log.Serve()
	if len(m.filesys) == 0 {
		m.filesys = []string{"ext4"}
	}
	m.files.write("proc/cmdline", c.Section("cmdline"))
	m.files.write("proc/sys/kernel/osrelease", release+"\n")
	m.files.write("sys/kernel/uevent_seqnum", "0\n")
	m.knowFileSystems()
	m.power()
	m.readTrees(c)
	var err error
	if m.disks, err = parseDisks(c); err != nil {
		return nil, err
	}
	m.readInitrd(c)
	m.putHelpers()
	if err := errors.Join(m.readModules(c), m.readPrograms(c), m.readPeople(c), m.readEvents(c), m.readNetwork(c)); err != nil {
		return nil, err
	}
	m.plugAll()
	m.plugCards("")
	return m, nil
}

// readTrees takes the sections "DEVICE:PATH" and "initramfs:PATH".
func (m *Machine) readTrees(c *Case) {
	for _, s := range c.sections {
		if dev, path, ok := strings.Cut(s.name, ":"); ok && dev == "initramfs" {
			m.files.put(path, s.text, modeOf(s.text))
		} else if ok {
			if m.trees[dev] == nil {
				m.trees[dev] = map[string]string{}
			}
			m.trees[dev][path] = s.text
		}
	}
}

// modeOf is that of a file of the initramfs: a script with an interpreter is executable.
func modeOf(text string) fs.FileMode {
	if strings.HasPrefix(text, "#!") {
		return 0o755
	}
	return 0o644
}

func (m *Machine) readPrograms(c *Case) error {
	for _, line := range c.lines("programs") {
		f := strings.Fields(line)
		n := 0
		if len(f) > 1 {
			var err error
			if n, err = strconv.Atoi(f[1]); err != nil {
				return fmt.Errorf("programs: %q: %w", line, err)
			}
		}
		if f[0] != "sh" {
			m.files.put("sbin/"+f[0], "", 0o755)
			m.status["/sbin/"+f[0]] = n
			continue
		}
		m.files.put("bin/sh", "", 0o755)
		stay := time.Duration(0)
		if len(f) > 2 {
			stay, _ = time.ParseDuration(f[2])
		}
		for range n {
			m.people = append(m.people, visit{stay: stay})
		}
	}
	return nil
}

func (m *Machine) readEvents(c *Case) error {
	for _, line := range c.lines("events") {
		f := strings.Fields(line)
		at, err := time.ParseDuration(f[0])
		if err != nil || len(f) < 2 {
			return fmt.Errorf("events: %q: want TIME EVENT", line)
		}
		switch {
		case f[1] == "overrun":
			time.AfterFunc(at, func() { m.listener().overrun() })
		case f[1] == "signal" && len(f) == 3:
			n, _ := strconv.Atoi(f[2])
			time.AfterFunc(at, func() { m.Signal(n) })
		case f[1] == "remove" && len(f) == 3:
			time.AfterFunc(at, func() { m.unplug(f[2]) })
		case f[1] == "medium" && len(f) == 3:
			time.AfterFunc(at, func() { m.newMedium(f[2]) })
		default:
			return fmt.Errorf("events: %q is none", line)
		}
	}
	return nil
}

// Signal is what PID 1 passes on.
func (m *Machine) Signal(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case m.signals <- n:
	default:
	}
}

// listener is the socket of the engine that runs.
func (m *Machine) listener() *socket {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.socket
}

// note writes a line of the journal: the time in seconds, and what is done.
func (m *Machine) note(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.noteLocked(format, args...)
}

func (m *Machine) noteLocked(format string, args ...any) {
	if !m.over {
		at := strconv.FormatFloat(time.Since(m.began).Round(100*time.Millisecond).Seconds(), 'f', -1, 64)
		fmt.Fprintf(&m.journal, "%ss %s\n", at, fmt.Sprintf(format, args...))
	}
}

// end writes the last line of the journal; what comes after it does not count.
func (m *Machine) end(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.noteLocked(format, args...)
	m.over = true
}

// Journal is what was done.
func (m *Machine) Journal() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.journal.String()
}

// Messages is what the kernel log holds, one record a line.
func (m *Machine) Messages() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.messages, "")
}

// Run boots, at most for limit, and switches the machine off. An engine that is killed is started once more.
func (m *Machine) Run(limit time.Duration) {
	m.engine(false, limit)
	if m.killed && !m.over {
		m.revive()
		m.engine(true, limit)
	}
	m.end("engine ended")
	close(m.off)
	close(m.signals)
	m.mu.Lock()
	m.endProcesses()
	m.mu.Unlock()
	m.log.Errf("off")
	time.Sleep(time.Hour) // timers of this boot ring into nothing
}

// engine is the life of one engine.
func (m *Machine) engine(restarted bool, limit time.Duration) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := boot.Run(m.machine(restarted)); err != nil {
			m.end("engine: %v", err)
		}
	}()
	select {
	case <-done:
	case <-time.After(limit):
		m.end("still waiting")
		m.Signal(int(syscall.SIGINT))
	}
	select {
	case <-done:
	case <-time.After(deaf):
		m.mu.Lock()
		m.killed = true
		m.mu.Unlock()
		<-done
	}
}

// deaf is when an engine that does nothing about Ctrl-Alt-Del is ended: a hook is under way.
const deaf = 10 * time.Second

func (m *Machine) machine(restarted bool) boot.Machine {
	return boot.Machine{
		Files: watchedFiles{m.files, m}, Scratch: m, Kernel: kernel{m}, Mounter: m, Directories: m,
		Uevents:      func() (boot.Uevents, error) { s := m.listener(); s.open(); return s, nil },
		OpenTerminal: m.openTerminal, Self: "/init", OpenDisk: m.openDisk, OpenRoot: m.openRoot, Programs: programs{m}, StartApart: m.startApart, Parent: parent{m}, Signals: m.signals,
		WriteSys: m.writeSys, KernelLog: m.kernelLog, Hooks: m.hookSystem(), Restarted: restarted, RAMDisk: m.ramDisk(),
		Uptime: func() time.Duration { return time.Since(m.began) },
		ELF:    62, Log: m.log,
	}
}

// openLog is the kernel log. When the machine is off, the goroutine that writes to it ends.
func (m *Machine) openLog() (io.WriteCloser, error) {
	select {
	case <-m.off:
		runtime.Goexit()
	default:
	}
	return logFile{m}, nil
}

type logFile struct{ m *Machine }

func (l logFile) Write(p []byte) (int, error) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.messages = append(l.m.messages, string(p))
	return len(p), nil
}

func (l logFile) Close() error { return nil }

// parent is PID 1.
type parent struct{ m *Machine }

func (p parent) HandOver(r switchroot.Record) error {
	mounts := ""
	if slices.Contains(r.Mounts, initrd.Directory) {
		mounts = " with " + initrd.Directory
	}
	p.m.end("switch_root %s %s%s%s", r.Root, r.Init, mounts, spared(r.Spare))
	return nil
}

func (p parent) Execute(program string) error {
	p.m.end("execute %s", program)
	return nil
}

func (p parent) Wait(string, time.Duration) {}
func (p parent) Policy(string)              {}

func (p parent) End(action, reason string) error {
	p.m.end("end %s: %s", action, reason)
	return nil
}

// WriteFile notes what the real system reads.
func (m *Machine) WriteFile(path string, data []byte) error {
	m.files.write(path, string(data))
	if strings.Contains(path, "fsck") {
		m.note("touch %s", path)
	}
	return nil
}

// Symlink changes nothing that a boot reads again.
func (m *Machine) Symlink(_, _ string) error { return nil }

// Remove removes a file.
func (m *Machine) Remove(path string) error {
	m.files.remove(strings.TrimPrefix(path, "/"))
	return nil
}

// Mkdir makes every directory.
func (m *Machine) Mkdir(string, uint32) error { return nil }

// IsMountPoint says whether a device is mounted there; the API file systems are not.
func (m *Machine) IsMountPoint(path string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mountAt(path) != nil
}

// mountAt is the topmost mount on a directory; m.mu is held.
func (m *Machine) mountAt(target string) *mounted {
	for i := len(m.mounts) - 1; i >= 0; i-- {
		if m.mounts[i].target == target {
			return &m.mounts[i]
		}
	}
	return nil
}

// Mount mounts a planned device.
func (m *Machine) Mount(source, target, fstype string, flags uintptr, data string) error {
	if source == fstype {
		return nil // /proc and its like
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.mountable(source, fstype, flags, data)
	words := mount.ParseOptions(data)
	words.Flags = flags
	line := fmt.Sprintf("mount -t %s -o %s %s %s", fstype, words, source, target)
	if err != nil {
		m.noteLocked("%s = %v", line, err)
		return fmt.Errorf("mount: %w", err)
	}
	m.noteLocked("%s", line)
	m.mounts = append(m.mounts, mounted{target, d, fstype, flags})
	m.tellMounts()
	return nil
}

// tellMounts writes /proc/self/mountinfo, the root of the initramfs first; m.mu is held.
func (m *Machine) tellMounts() {
	text := "1 1 0:2 / / rw - rootfs none rw\n"
	for i, at := range m.mounts {
		text += fmt.Sprintf("%d 1 %s / %s rw - %s /dev/%s rw\n", i+2, at.disk.deviceNumber(), at.target, at.fstype, at.disk.name)
	}
	m.files.write("proc/self/mountinfo", text)
}

// mountable is what the kernel checks.
func (m *Machine) mountable(source, fstype string, flags uintptr, data string) (*disk, error) {
	d := m.diskOf(strings.TrimPrefix(source, "/dev/"))
	needs := ""
	if d != nil {
		needs = d.attr["needs"]
	}
	switch {
	case d == nil:
		return nil, syscall.ENXIO
	case !slices.Contains(m.filesys, fstype):
		return nil, syscall.ENODEV
	case d.format != fstype:
		return nil, syscall.EINVAL
	case d.is("ro") && flags&syscall.MS_RDONLY == 0:
		return nil, syscall.EROFS
	case !strings.Contains(data, needs):
		return nil, syscall.EINVAL
	}
	return d, nil
}

// Unmount takes the topmost mount away.
func (m *Machine) Unmount(target string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.mounts) - 1; i >= 0; i-- {
		if target == initrd.Directory && m.linuxrc.is("busy") {
			break
		}
		if m.mounts[i].target == target {
			m.mounts = append(m.mounts[:i], m.mounts[i+1:]...)
			m.tellMounts()
			m.noteLocked("umount %s", target)
			return nil
		}
	}
	m.noteLocked("umount %s = not mounted", target)
	return syscall.EINVAL
}

// Remount changes the options of a mount.
func (m *Machine) Remount(target string, flags uintptr, data string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	words := mount.ParseOptions(data)
	words.Flags = flags
	mt := m.mountAt(target)
	if mt == nil || mt.disk.is("ro") && flags&syscall.MS_RDONLY == 0 {
		m.noteLocked("mount -o remount,%s %s = refused", words, target)
		return syscall.EROFS
	}
	mt.flags = flags
	m.noteLocked("mount -o remount,%s %s", words, target)
	return nil
}

var _ kmod.Kernel = kernel{}
