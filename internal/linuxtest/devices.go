package linuxtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/pkg/boot"
	"github.com/preroot/preroot/pkg/kmod"
	"github.com/preroot/preroot/pkg/uevent"
)

// plugAll shows the devices that are there at boot, and sets the alarms for those that come later.
func (m *Machine) plugAll() {
	for _, d := range m.disks {
		if bus, _, ok := strings.Cut(d.attr["modalias"], ":"); ok {
			m.files.write("sys/bus/"+bus+"/devices/"+d.name+"/modalias", d.attr["modalias"]+"\n")
		}
		if d.attr["module"] != "" || d.attr["from"] != "" || d.attr["behind"] != "" {
			continue
		}
		if d.at == 0 {
			m.plug(d)
		} else {
			time.AfterFunc(d.at, func() { m.plug(d) })
		}
	}
}

// sysPath is the device's directory below /sys.
func (d *disk) sysPath() string {
	if d.parent != nil {
		return d.parent.sysPath() + "/" + d.name
	}
	return "devices/pci0000:00/0000:00:01.0/block/" + d.name
}

// deviceNumber is MAJOR:MINOR: that of a RAM disk is fixed.
func (d *disk) deviceNumber() string {
	if d.name == "ram0" {
		return "1:0"
	}
	return "259:" + strconv.Itoa(d.number)
}

// plug makes a device appear: node, /sys, uevent.
func (m *Machine) plug(d *disk) {
	dir := "sys/" + d.sysPath()
	major, minor, _ := strings.Cut(d.deviceNumber(), ":")
	pairs := []string{"MAJOR", major, "MINOR", minor, "DEVNAME", d.name, "DEVTYPE", "disk"}
	if d.part > 0 {
		pairs[7] = "partition"
		pairs = append(pairs, "PARTN", strconv.Itoa(d.part))
		m.files.write(dir+"/partition", strconv.Itoa(d.part)+"\n")
		m.files.write(dir+"/start", strconv.FormatInt(d.start()/sectorSize, 10)+"\n")
	}
	if seq := d.attr["diskseq"]; seq != "" {
		pairs = append(pairs, "DISKSEQ", seq)
	}
	text := ""
	for i := 0; i < len(pairs); i += 2 {
		text += pairs[i] + "=" + pairs[i+1] + "\n"
	}
	m.files.write(dir+"/size", strconv.FormatInt(d.size()/sectorSize, 10)+"\n")
	m.files.write(dir+"/ro", map[bool]string{true: "1\n", false: "0\n"}[d.is("ro")])
	if d.attr["serial"] != "" {
		m.files.write(dir+"/serial", d.attr["serial"]+"\n")
	}
	m.mapperFiles(d, dir)
	m.files.write(dir+"/uevent", text)
	m.files.link("../../"+d.sysPath(), "sys/class/block/"+d.name)
	m.announce(d, uevent.Make("add", "/"+d.sysPath(), "block", pairs...), true)
}

func (m *Machine) unplug(name string) {
	m.mu.Lock()
	d := m.diskOf(name)
	m.mu.Unlock()
	if d != nil {
		m.files.remove("sys/" + d.sysPath())
		m.files.remove("sys/class/block/" + d.name)
		m.announce(d, uevent.Make("remove", "/"+d.sysPath(), "block"), false)
	}
}

// newMedium has the kernel count another medium in a device, as at the first open of an MD array.
func (m *Machine) newMedium(name string) {
	m.mu.Lock()
	d := m.diskOf(name)
	m.mu.Unlock()
	if d != nil {
		pairs := []string{"MAJOR", "259", "MINOR", strconv.Itoa(d.number), "DEVNAME", d.name, "DEVTYPE", "disk", "DISKSEQ", "77"}
		m.announce(d, uevent.Make("change", "/"+d.sysPath(), "block", pairs...), true)
	}
}

// announce counts the event and sends it, unless the case wants it lost.
func (m *Machine) announce(d *disk, ev uevent.Event, present bool) {
	m.mu.Lock()
	d.present = present
	m.seqnum++
	ev.Seqnum = m.seqnum
	m.mu.Unlock()
	m.files.write("sys/kernel/uevent_seqnum", strconv.FormatUint(ev.Seqnum, 10)+"\n")
	if !d.is("lost") {
		m.listener().send(ev)
	}
}

// diskOf finds a device that is there; m.mu is held.
func (m *Machine) diskOf(name string) *disk {
	for _, d := range m.disks {
		if d.name == name && d.present {
			return d
		}
	}
	return nil
}

func (m *Machine) openDisk(node string) (boot.Disk, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.diskOf(strings.TrimPrefix(node, "/dev/"))
	if d == nil {
		return nil, &fs.PathError{Op: "open", Path: node, Err: syscall.ENXIO}
	}
	if d.answered.IsZero() {
		d.answered = time.Now().Add(d.answers)
	}
	return openDisk{d, m.off}, nil
}

type openDisk struct {
	d   *disk
	off <-chan struct{}
}

func (o openDisk) ReadAt(p []byte, off int64) (int, error) {
	if o.d.is("hang") {
		<-o.off
		return 0, syscall.EIO
	}
	if o.d.is("dead") {
		return 0, syscall.EIO
	}
	time.Sleep(time.Until(o.d.answered))
	return o.d.image.ReadAt(p, off)
}

func (o openDisk) Close() error                     { return nil }
func (o openDisk) Geometry() (size int64, sect int) { return o.d.size(), sectorSize }

// socket is the kernel's side of the uevent socket.
type socket struct {
	queue    chan uevent.Event
	overruns chan struct{}
	off      <-chan struct{}
	listens  chan struct{} // closed when somebody does
	closed   chan struct{}
}

func newSocket(off <-chan struct{}) *socket {
	return &socket{
		queue: make(chan uevent.Event, 1024), overruns: make(chan struct{}, 16), off: off,
		listens: make(chan struct{}), closed: make(chan struct{}),
	}
}

func (s *socket) open() { close(s.listens) }

// send drops what nobody listens to, as the kernel does.
func (s *socket) send(ev uevent.Event) {
	select {
	case <-s.listens:
		s.queue <- ev
	default:
	}
}

func (s *socket) overrun() { s.overruns <- struct{}{} }

// Receive gives the next message.
func (s *socket) Receive() (uevent.Event, error) {
	select {
	case ev := <-s.queue:
		return ev, nil
	case <-s.overruns:
		return uevent.Event{}, uevent.ErrOverrun
	case <-s.closed:
	case <-s.off:
	}
	return uevent.Event{}, fs.ErrClosed
}

// Close ends Receive.
func (s *socket) Close() error {
	close(s.closed)
	return nil
}

// module is one of the image.
type module struct {
	name  string
	takes time.Duration
	words []string
}

func (m *Machine) readModules(c *Case) error {
	var deps, aliases strings.Builder
	for _, line := range c.lines("modules") {
		words, attr := attributes(line)
		mod := &module{name: words[0], words: words[1:]}
		var err error
		if mod.takes, err = duration(attr["takes"]); err != nil {
			return fmt.Errorf("modules: %q: %w", line, err)
		}
		m.modules[mod.name] = mod
		file := "kernel/" + mod.name + ".ko"
		deps.WriteString(file + ":")
		for _, need := range strings.FieldsFunc(attr["needs"], func(r rune) bool { return r == ',' }) {
			deps.WriteString(" kernel/" + need + ".ko")
		}
		deps.WriteString("\n")
		if attr["alias"] != "" {
			aliases.WriteString("alias " + attr["alias"] + " " + mod.name + "\n")
		}
		if !slices.Contains(mod.words, "absent") {
			m.files.write("lib/modules/"+release+"/"+file, mod.name)
		}
	}
	if len(m.modules) == 0 {
		return nil
	}
	return errors.Join(m.index("modules.dep.bin", kmod.DepEntries(deps.String())),
		m.index("modules.alias.bin", kmod.AliasEntries(aliases.String())))
}

func (m *Machine) index(name string, entries []kmod.Entry) error {
	var b bytes.Buffer
	err := kmod.WriteIndex(&b, entries)
	m.files.write("lib/modules/"+release+"/"+name, b.String())
	return err
}

// knowFileSystems writes /proc/filesystems.
func (m *Machine) knowFileSystems() {
	m.mu.Lock()
	defer m.mu.Unlock()
	text := "nodev\tproc\n"
	for _, f := range m.filesys {
		text += "\t" + f + "\n"
	}
	m.files.write("proc/filesystems", text)
}

// kernel loads modules.
type kernel struct{ m *Machine }

func (k kernel) Insert(path, params string, _ bool) error {
	m, name := k.m, kmod.NameOf(path)
	mod := m.modules[name]
	if mod == nil || slices.Contains(mod.words, "absent") {
		return syscall.ENOENT
	}
	m.note("%s", strings.TrimSpace("modprobe "+name+" "+params))
	m.arrivals(name, true)
	if slices.Contains(mod.words, "hang") {
		<-m.off
		return io.ErrUnexpectedEOF
	}
	time.Sleep(mod.takes)
	m.mu.Lock()
	m.loaded[name] = true
	m.filesys = append(m.filesys, name)
	m.mu.Unlock()
	m.knowFileSystems()
	m.arrivals(name, false)
	m.plugCards(name)
	return nil
}

// arrivals shows the devices of a driver: those with a time so long after the load began, the others when it is over.
func (m *Machine) arrivals(module string, timed bool) {
	for _, d := range m.disks {
		if d.attr["module"] != module || timed != (d.at > 0) {
			continue
		}
		if timed {
			time.AfterFunc(d.at, func() { m.plug(d) })
		} else {
			m.plug(d)
		}
	}
}

func (k kernel) InsertImage([]byte, string) error { return syscall.ENOSYS }

func (k kernel) Loaded(name string) bool {
	k.m.mu.Lock()
	defer k.m.mu.Unlock()
	return k.m.loaded[name]
}
