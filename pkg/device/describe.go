package device

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrNotFound and ErrTwins are what Choice.Err wraps: no device answers, or more than one does.
var (
	ErrNotFound = errors.New("no such device")
	ErrTwins    = errors.New("more than one device answers")
)

// Describe is d in one line: "/dev/sdb1 (ext4, LABEL "root", 20.0 GB, on QEMU HARDDISK, serial QM00001)". Text
// of the device is quoted where it holds anything but plain characters.
func (d *Device) Describe() string {
	var about []string
	add := func(s string) { about = append(about, s) }
	switch {
	case d.FSType() != "":
		add(d.FSType())
	case d.Probe != nil && len(d.Probe.Ambiguous) > 0:
		add("ambiguous: " + strings.Join(d.Probe.Ambiguous, ", "))
	case d.Probe != nil && d.Probe.PTType != "":
		add(d.Probe.PTType + " partition table")
	}
	for _, t := range d.tags() {
		if t.kind == RefLabel || t.kind == RefUUID {
			add(t.word() + " " + quoted(t.value))
		}
	}
	if d.HasFacts {
		add(sizeText(d.Size))
	}
	disk := d.disk()
	if disk.Model != "" {
		add("on " + quoted(disk.Model))
	}
	if disk.Serial != "" {
		add("serial " + quoted(disk.Serial))
	}
	if len(about) == 0 {
		return d.Node
	}
	return d.Node + " (" + strings.Join(about, ", ") + ")"
}

// quoted leaves plain text as it is and makes foreign text harmless.
func quoted(s string) string {
	for i := 0; i < len(s); i++ {
		if !plain(s[i]) && s[i] != ' ' {
			return strconv.Quote(s)
		}
	}
	return s
}

// sizeText writes a size in decimal units with one digit, as disks are sold.
func sizeText(n int64) string {
	in := func(unit int64, name string) string {
		tenths := (n + unit/20) / (unit / 10)
		return strconv.FormatInt(tenths/10, 10) + "." + strconv.FormatInt(tenths%10, 10) + name
	}
	switch {
	case n >= 1e12:
		return in(1e12, " TB")
	case n >= 1e9:
		return in(1e9, " GB")
	case n >= 1e6:
		return in(1e6, " MB")
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// Err says why a choice names no device; nil when it does. The error wraps ErrNotFound or ErrTwins, names the
// devices, and says what to write.
func (c Choice) Err(ref Ref) error {
	switch {
	case c.Device != nil:
		return nil
	case len(c.Twins) == 0:
		text := ""
		for _, n := range c.Near {
			text += "; " + n
		}
		return fmt.Errorf("%s: %w%s", ref, ErrNotFound, text)
	}
	names := make([]string, len(c.Twins))
	for i, d := range c.Twins {
		names[i] = d.Describe()
	}
	return fmt.Errorf("%s: %w: %s; take one away, or name one: %s", ref, ErrTwins,
		strings.Join(names, " and "), strings.Join(distinct(c.Twins), " or "))
}

// distinct names each of the devices in a way that the others do not share, best first: PARTUUID, by-id, and
// the node, which may change from boot to boot.
func distinct(list []*Device) []string {
	out := make([]string, len(list))
	for i, d := range list {
		out[i] = d.Node
		shared := func(same func(*Device) bool) bool { return len(filter(list, same)) > 1 }
		if id := d.PartUUID(); id != "" && !shared(func(e *Device) bool { return sameUUID(e.PartUUID(), id) }) {
			out[i] = "PARTUUID=" + id
		} else if ids := d.ids(); len(ids) > 0 && !shared(func(e *Device) bool { return e.is(Ref{Kind: RefID, Value: ids[0]}) }) {
			out[i] = "/dev/disk/by-id/" + ids[0]
		}
	}
	return out
}
