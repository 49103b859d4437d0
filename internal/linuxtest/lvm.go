package linuxtest

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/storage"
)

// lvmHelper is the helper (cmd/lvm): a device appears when all that it is made from are named, or, with --degraded and the word raid, one of them.
func (m *Machine) lvmHelper(args []string) (int, string, error) {
	m.note("lvm %s", strings.Join(args, " "))
	for _, d := range m.disks {
		if takes, _ := duration(d.attr["takes"]); d.attr["from"] != "" {
			time.Sleep(takes)
		}
	}
	var said strings.Builder
	if twins := m.copies(args); twins != "" {
		return 0, twins, nil
	}
	for _, d := range m.disks {
		if d.attr["from"] == "" {
			continue
		}
		there, missing := 0, ""
		for _, name := range strings.Split(d.attr["from"], ",") {
			if slices.Contains(args, "/dev/"+name) {
				there++
			} else {
				missing = name
			}
		}
		switch {
		case missing != "" && (there == 0 || !d.is("raid") || !slices.Contains(args, "--degraded")):
			said.WriteString(storage.LackMark + "logical volume " + d.attr["lv"] + " lies on physical volumes that are missing: " + missing + "\n")
		case !m.isPresent(d):
			said.WriteString("logical volume " + d.attr["lv"] + " is active\n")
			m.plug(d)
		}
	}
	return 0, said.String(), nil
}

// copies says, when a physical volume and its copy are named, that there are two: of what is in use, or of what is refused.
func (m *Machine) copies(args []string) string {
	for _, d := range m.disks {
		if d.attr["copy"] == "" || !slices.Contains(args, "/dev/"+d.name) || !slices.Contains(args, "/dev/"+d.attr["copy"]) {
			continue
		}
		why := "/dev/" + d.attr["copy"] + " and /dev/" + d.name + " are both one physical volume\n"
		if slices.ContainsFunc(m.disks, func(v *disk) bool { return v.attr["from"] != "" && m.isPresent(v) }) {
			return storage.TwinsMark + why
		}
		return storage.LackMark + why
	}
	return ""
}

func (m *Machine) isPresent(d *disk) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return d.present
}

// mapperFiles are what /sys says of a logical volume, or of one of LUKS.
func (m *Machine) mapperFiles(d *disk, dir string) {
	m.mu.Lock()
	under := m.diskOf(d.attr["behind"])
	m.mu.Unlock()
	if under != nil {
		m.files.write(dir+"/dm/name", d.mapping+"\n")
		m.files.write(dir+"/dm/uuid", "CRYPT-LUKS2-"+strings.ReplaceAll(under.attr["uuid"], "-", "")+"-"+d.mapping+"\n")
		m.files.write(dir+"/slaves/"+under.name, "")
	}
	vg, lv, ok := strings.Cut(d.attr["lv"], "/")
	if !ok {
		return
	}
	double := strings.NewReplacer("-", "--")
	m.files.write(dir+"/dm/name", double.Replace(vg)+"-"+double.Replace(lv)+"\n")
	m.files.write(dir+"/dm/uuid", "LVM-"+strings.Repeat("v", 32)+strings.Repeat("l", 32)+"\n")
}

// physicalVolume is the label of one (lib/label/label.h of LVM2).
func physicalVolume() []byte {
	s := make([]byte, sectorSize)
	copy(s, "LABELONE")
	binary.LittleEndian.PutUint64(s[8:], 1)
	binary.LittleEndian.PutUint32(s[20:], 32)
	copy(s[24:], "LVM2 001")
	copy(s[32:], strings.Repeat("p", 32))
	binary.LittleEndian.PutUint32(s[16:], ^crc32.Update(^uint32(0xf597a6cf), crc32.IEEETable, s[20:]))
	return s
}
