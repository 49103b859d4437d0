package chain

import (
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/mount"
)

// mounted is a line of /proc/self/mountinfo (filesystems/proc.rst, 3.5).
type mounted struct {
	device.Number
	part, point  string // of the file system, and where it is
	fstype, from string
}

// readMounts reads the table; what is no line of it is passed over.
func readMounts(text string) (list []mounted) {
	for line := range strings.Lines(text) {
		head, tail, ok := strings.Cut(line, " - ")
		a, b := strings.Fields(head), strings.Fields(tail)
		if !ok || len(a) < 5 || len(b) < 2 {
			continue
		}
		m := mounted{part: mount.Unescape(a[3]), point: mount.Unescape(a[4]), fstype: b[0], from: mount.Unescape(b[1])}
		major, minor, _ := strings.Cut(a[2], ":")
		x, err1 := strconv.ParseUint(major, 10, 32)
		y, err2 := strconv.ParseUint(minor, 10, 32)
		if err1 == nil && err2 == nil {
			m.Number = device.Number{Major: uint32(x), Minor: uint32(y)}
			list = append(list, m)
		}
	}
	return list
}

// mountAt is what is mounted at a path of the machine; the last one covers the others.
func (f *finder) mountAt(point string) (found mounted, ok bool) {
	for _, m := range f.mounts {
		if m.point == point {
			found, ok = m, true
		}
	}
	return found, ok
}

// mountOf is what a file of the machine lies on.
func (f *finder) mountOf(file string) (found mounted, ok bool) {
	for _, m := range f.all {
		if m.point == "/" || file == m.point || strings.HasPrefix(file, m.point+"/") {
			if !ok || len(m.point) >= len(found.point) {
				found, ok = m, true
			}
		}
	}
	return found, ok
}
