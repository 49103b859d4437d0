package lvm

import (
	"fmt"
	"strings"
)

// Identity is where a machine's system IDs come from (lvmsystemid(7)). ReadFile reads a file of the image, "" if there is none.
type Identity struct {
	Hostname, MachineID string
	ReadFile            func(path string) string
}

// SystemIDs are the system IDs that are ours by the texts of lvm.conf(5) and lvmlocal.conf, either of which may be "": groups of other machines are not touched.
func SystemIDs(conf, local string, id Identity) (ids []string, err error) {
	global, err := configured(conf, "global")
	if err != nil {
		return nil, fmt.Errorf("lvm.conf: %w", err)
	}
	own, err := configured(local, "local")
	if err != nil {
		return nil, fmt.Errorf("lvmlocal.conf: %w", err)
	}
	add := func(id string) {
		if id = strings.TrimSpace(id); id != "" && id != "(none)" && !strings.HasPrefix(id, "localhost") {
			ids = append(ids, id)
		}
	}
	switch source := textOf(global, "system_id_source"); source {
	case "", "none":
	case "lvmlocal":
		add(textOf(own, "system_id"))
	case "uname":
		add(id.Hostname)
	case "machineid":
		add(id.MachineID)
	case "file":
		add(firstLine(id.ReadFile(textOf(global, "system_id_file"))))
	default:
		err = fmt.Errorf("lvm.conf: system_id_source = %q is not known here; write lvmlocal, uname, machineid or file", source)
	}
	if e := own.find("extra_system_ids"); e != nil {
		for _, v := range e.val.list {
			add(v.str)
		}
	}
	return ids, err
}

// configured is a section of a configuration, nil if it has none.
func configured(conf, name string) (*section, error) {
	all, err := parseText(conf)
	if err != nil {
		return nil, err
	}
	if e := all.find(name); e != nil {
		return e.sub, nil
	}
	return nil, nil
}

func textOf(s *section, key string) string {
	if e := s.find(key); e != nil {
		return e.val.str
	}
	return ""
}

// firstLine is the first one that is no comment.
func firstLine(file string) string {
	for line := range strings.Lines(file) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return line
		}
	}
	return ""
}
