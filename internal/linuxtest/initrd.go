package linuxtest

import (
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/pkg/boot"
	"github.com/preroot/preroot/pkg/initrd"
)

// linuxrc is what a case says of a classic initrd.
type linuxrc struct {
	takes  time.Duration
	hangs  bool
	result string
	words  []string
	attr   map[string]string
}

// readInitrd takes the section "linuxrc".
func (m *Machine) readInitrd(c *Case) {
	text := c.Section("linuxrc")
	if text == "" {
		return
	}
	first, result, _ := strings.Cut(text, "\n")
	words, attr := attributes(first)
	m.linuxrc = linuxrc{hangs: words[0] == "hang", result: result, words: words[1:], attr: attr}
	m.linuxrc.takes, _ = time.ParseDuration(words[0])
	m.files.put(initrd.Image, "an image", 0o400)
	if !m.linuxrc.is("nohelper") {
		m.files.put(initrd.Helper, "", 0o755)
	}
}

func (l *linuxrc) is(word string) bool { return slices.Contains(l.words, word) }

// initrdHelper is the helper for a classic initrd (cmd/initrd).
func (m *Machine) initrdHelper(args []string) (int, string, error) {
	m.note("initrd %s", strings.Join(args, " "))
	switch {
	case args[0] == "measure" && m.linuxrc.is("bad"):
		return 1, "looking\n" + initrd.Image + " is empty\n", nil
	case args[0] == "measure":
		return 0, "4096000\n", nil
	case args[0] == "run":
		return m.runLinuxrc(args[1])
	case args[0] == "users":
		return 0, "process 77 (left)\n", nil
	}
	return 0, "", nil
}

func (m *Machine) runLinuxrc(fstype string) (int, string, error) {
	if err := m.Mount(initrd.Device, initrd.Directory, fstype, 0, ""); err != nil {
		return 1, err.Error() + "\n", nil
	}
	if m.linuxrc.hangs {
		<-m.off
	}
	time.Sleep(m.linuxrc.takes)
	if device := m.linuxrc.attr["pivots"]; device != "" {
		m.pivot(device)
	}
	m.files.write(initrd.Result[1:], m.linuxrc.result)
	return 0, "", nil
}

// pivot puts another file system in the place of the RAM disk.
func (m *Machine) pivot(device string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mountAt(initrd.Directory).disk = m.diskOf(device)
	m.tellMounts()
}

// ramDisk is what a classic initrd asks of the machine beside its helper.
func (m *Machine) ramDisk() *boot.RAMDisk {
	return &boot.RAMDisk{
		Move: func(from, to string) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.noteLocked("mount --move %s %s", from, to)
			m.mountAt(from).target = to
			m.tellMounts()
			return nil
		},
		Detach:      func(target string) error { m.note("umount -l %s", target); return nil },
		Unload:      func(module string) error { m.note("rmmod %s", module); return nil },
		AwaitReader: func(string) error { <-m.off; return syscall.EBADF },
	}
}

// spared is what a record says of processes that live on.
func spared(device string) string {
	if device == "" {
		return ""
	}
	return " spare " + strconv.Quote(device)
}
