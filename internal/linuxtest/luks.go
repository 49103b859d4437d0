package linuxtest

import (
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/pkg/storage"
)

// confide is the helper (cmd/unlock): it opens the volumes that are named, together, when the passphrase has been typed.
func (m *Machine) confide(dismissed <-chan struct{}, program string, args []string) (string, error) {
	if _, err := fs.Stat(m.files, program[1:]); err != nil {
		return "", &fs.PathError{Op: "exec", Path: program, Err: syscall.ENOENT}
	}
	m.note("unlock %s", strings.Join(args, " "))
	opens := m.named(args)
	var typed <-chan time.Time
	for _, d := range opens {
		if after, err := duration(d.attr["typed"]); err == nil && d.attr["typed"] != "" {
			typed = time.After(after)
		}
	}
	select {
	case <-typed:
	case <-dismissed:
		m.note("unlock dismissed")
		return "", nil
	}
	said := ""
	for _, d := range opens {
		if d.is("denied") {
			return said + storage.DeniedMark + "no passphrase was right: " + d.mapping + "\n", nil
		}
		said += fmt.Sprintf("/dev/%s is open: /dev/mapper/%s\n", d.attr["behind"], d.mapping)
		m.plug(d)
	}
	return said, nil
}

// named are the devices behind the volumes that the arguments name, with the names of the mappings.
func (m *Machine) named(args []string) (list []*disk) {
	name := ""
	for _, arg := range args {
		if n, ok := strings.CutPrefix(arg, "--volume="); ok {
			name = n
		}
		node, _ := strings.CutPrefix(arg, "--node=/dev/")
		for _, d := range m.disks {
			if d.attr["behind"] == node && node != "" && !m.isPresent(d) {
				d.mapping = name
				list = append(list, d)
			}
		}
	}
	return list
}

// luksHeader is the beginning of one of version 2 (LUKS2 On-Disk Format Specification).
func luksHeader(uuid string) []byte {
	h := make([]byte, sectorSize)
	copy(h, "LUKS\xba\xbe\x00\x02")
	copy(h[168:], uuid)
	return h
}
