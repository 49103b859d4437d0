package device

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// ReadFacts reads what sys, the tree of /sys, says of a block device: its geometry, and for a whole disk with
// a medium its identity too. It opens some fifteen small files and belongs in a job: a driver may answer
// late. What is missing stays empty; partitions take their identity from their disk.
func ReadFacts(sys fs.FS, name string) Facts {
	r := reader{sys, "class/block/" + name}
	f := readGeometry(r)
	if f.Size == 0 || r.has("partition") {
		return f
	}
	f.Holders, f.Slaves = r.names("holders"), r.names("slaves")
	f.DMName, f.DMUUID = r.text("dm/name"), r.text("dm/uuid")
	target, err := fs.ReadLink(sys, r.dir)
	if err != nil {
		return f
	}
	real := path.Join(path.Dir(r.dir), target)
	if strings.HasPrefix(real, "devices/virtual/") && !strings.HasPrefix(name, "nvme") {
		return f
	}
	readIdentity(r, real, name, &f)
	return f
}

// ReadGeometry reads of a block device only what a probe needs: size, sector, start, whether it may be
// written. ReadFacts reads this too.
func ReadGeometry(sys fs.FS, name string) Facts {
	return readGeometry(reader{sys, "class/block/" + name})
}

// readGeometry reads the attributes of Documentation/ABI/stable/sysfs-block; sizes and starts are in units of
// 512 bytes whatever the sector.
func readGeometry(r reader) Facts {
	f := Facts{
		Size:       r.number("size") * 512,
		PartStart:  r.number("start") * 512,
		SectorSize: 512,
	}
	if f.Size == 0 {
		return f // nothing in it: an unused loop device, a drive without a medium
	}
	f.ReadOnly = r.text("ro") == "1"
	f.Holders = r.names("holders")
	queue := r
	if r.has("partition") {
		if real, err := fs.ReadLink(r.sys, r.dir); err == nil {
			queue.dir = path.Dir(path.Join(path.Dir(r.dir), real))
		}
	} else {
		f.Hidden, f.Removable = r.text("hidden") == "1", r.text("removable") == "1"
	}
	if n := queue.number("queue/logical_block_size"); n >= 512 && n <= 65536 {
		f.SectorSize = int(n)
	}
	return f
}

// reader reads the attributes below one directory of sysfs.
type reader struct {
	sys fs.FS
	dir string
}

func (r reader) at(sub string) reader { return reader{r.sys, r.dir + "/" + sub} }

// raw returns the bytes of an attribute, none when it cannot be read. A page is the most that sysfs gives
// for one, and vpd_pg83 holds 255 bytes in old kernels.
func (r reader) raw(attr string) []byte {
	b, err := fs.ReadFile(r.sys, r.dir+"/"+attr)
	if err != nil {
		return nil
	}
	return b
}

// text returns an attribute without the white space behind it.
func (r reader) text(attr string) string {
	return strings.TrimRight(string(r.raw(attr)), " \t\n\x00")
}

func (r reader) number(attr string) int64 {
	n, err := strconv.ParseInt(r.text(attr), 10, 54) // times 512 it must fit
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func (r reader) has(attr string) bool {
	_, err := fs.Stat(r.sys, r.dir+"/"+attr)
	return err == nil
}

// names lists a directory, and nothing when it is not there.
func (r reader) names(sub string) []string {
	entries, err := fs.ReadDir(r.sys, path.Join(r.dir, sub))
	if err != nil || len(entries) == 0 {
		return nil
	}
	list := make([]string, 0, len(entries))
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// link returns the last part of what a symbolic link points to: the name of a driver or subsystem.
func (r reader) link(name string) string {
	target, err := fs.ReadLink(r.sys, r.dir+"/"+name)
	if err != nil {
		return ""
	}
	return path.Base(target)
}
