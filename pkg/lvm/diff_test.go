//go:build loop

// Run by make lvm: it needs root, lvm2 and loop devices.

package lvm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tool is lvm2 with a directory and devices of its own. It is told that there is no device-mapper: it can write metadata, and activate nothing.
type tool struct {
	t       *testing.T
	dir     string
	devices []string
}

// newTool attaches n disks of 64 MiB.
func newTool(t *testing.T, n int) *tool {
	t.Helper()
	tl := &tool{t: t, dir: t.TempDir()}
	var filter string
	for i := range n {
		file := filepath.Join(tl.dir, "disk"+strconv.Itoa(i))
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(file, 64<<20); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("losetup", "-f", "--show", file).Output()
		if err != nil {
			t.Fatalf("losetup: %v", err)
		}
		dev := strings.TrimSpace(string(out))
		t.Cleanup(func() { _ = exec.Command("losetup", "-d", dev).Run() })
		tl.devices = append(tl.devices, dev)
		filter += fmt.Sprintf("%q,", "a|^"+dev+"$|")
	}
	conf := `devices { scan=["/dev"] global_filter=[` + filter + `"r|.*|"] obtain_device_list_from_udev=0 external_device_info_source="none"
	use_devicesfile=0 md_component_detection=0 multipath_component_detection=0 }
global { locking_dir="` + tl.dir + `" use_lvmpolld=0 use_lvmlockd=0 }
backup { archive=0 backup=0 }
`
	if err := os.WriteFile(filepath.Join(tl.dir, "lvm.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	return tl
}

// run runs a command of lvm2 and returns its lines, with fields parted by single blanks.
func (tl *tool) run(words ...string) []string {
	tl.t.Helper()
	cmd := exec.Command("lvm", append(words, "--driverloaded", "n")...)
	cmd.Env = append(os.Environ(), "LVM_SYSTEM_DIR="+tl.dir, "LVM_SUPPRESS_FD_WARNINGS=1")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		tl.t.Fatalf("lvm %.200q: %v\n%s", words, err, errs.String())
	}
	var lines []string
	for _, l := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		lines = append(lines, strings.TrimSpace(l))
	}
	return lines
}

func (tl *tool) report(command, fields string) []string {
	return tl.run(command, "--noheadings", "--separator", " ", "--units", "s", "--nosuffix", "-o", fields)
}

// read reads all devices, and reports whether a text wraps.
func (tl *tool) read() (members []Member, wraps bool) {
	tl.t.Helper()
	for _, dev := range tl.devices {
		f, err := os.Open(dev)
		if err != nil {
			tl.t.Fatal(err)
		}
		defer f.Close()
		pv, err := ReadPV(f, 64<<20)
		if err != nil || len(pv.Notes) > 0 {
			tl.t.Fatalf("%s: %v, %q", dev, err, pv.Notes)
		}
		for i := range pv.Metadata {
			m := &pv.Metadata[i]
			loc, err := m.head(f, newCRC())
			if err != nil {
				tl.t.Fatal(err)
			}
			wraps = wraps || loc.off+loc.size > m.Size
		}
		members = append(members, Member{dev, pv})
	}
	return members, wraps
}

// TestAgainstLVM compares what is read with what lvm2 says of the same devices, until its ring of metadata has wrapped.
func TestAgainstLVM(t *testing.T) {
	tl := newTool(t, 4)
	d := tl.devices
	tl.run("pvcreate", "-q", d[0])
	tl.run("pvcreate", "-q", "--metadatacopies", "2", "--bootloaderareasize", "1m", d[1])
	tl.run("pvcreate", "-q", "--metadatacopies", "0", d[2])
	tl.run("pvcreate", "-q", "--metadataignore", "y", d[3])
	tl.run(append([]string{"vgcreate", "-q", "-s", "1m", "vg-x"}, d...)...)
	for _, c := range [][]string{{"-n", "root-a", "-l", "9"}, {"-n", "str", "--type", "striped", "-i", "3", "-l", "9"}} {
		tl.run(append(append([]string{"lvcreate", "-q", "-an", "-Zn", "-Wn"}, c...), "vg-x")...)
	}
	tl.run("lvextend", "-q", "-l", "+70", "vg-x/root-a")
	wrapped := false
	for i := 0; i < 12 && !wrapped; i++ {
		add := []string{"vgchange", "-q"}
		for j := range 100 {
			add = append(add, "--addtag", fmt.Sprintf("%c%d%s", 'a'+i%2, j, strings.Repeat("x", 1000)))
		}
		if i > 1 { // the text must not grow for ever
			for j := range 100 {
				add = append(add, "--deltag", fmt.Sprintf("%c%d%s", 'a'+i%2, j, strings.Repeat("x", 1000)))
			}
		}
		tl.run(append(add, "vg-x")...)
		_, wrapped = tl.read()
		if wrapped || i == 0 {
			tl.compare()
		}
	}
	if !wrapped {
		t.Error("no text has wrapped")
	}
}

func (tl *tool) compare() {
	t := tl.t
	t.Helper()
	members, _ := tl.read()
	all := Groups(members)
	if len(all) != 1 || len(all[0].Missing) > 0 || len(all[0].Notes) > 0 || all[0].Usable(nil) != nil {
		t.Fatalf("%+v", all)
	}
	v := all[0].VG
	vgs := []string{fmt.Sprintf("%s %s %d %d %d", v.Name, v.ID, v.Seqno, v.ExtentSize, len(v.Tags))}
	said := tl.report("vgs", "vg_name,vg_uuid,vg_seqno,vg_extent_size,vg_tags")
	f := strings.Fields(said[0])
	tags := 0
	if len(f) > 4 {
		tags = 1 + strings.Count(f[4], ",")
	}
	if diff := cmp.Diff([]string{strings.Join(f[:4], " ") + " " + strconv.Itoa(tags)}, vgs); diff != "" {
		t.Errorf("vgs: -lvm2 +ours\n%s", diff)
	}
	var pvs []string
	for _, m := range members {
		for _, p := range v.PVs {
			if p.UUID == m.PV.UUID {
				pvs = append(pvs, fmt.Sprintf("%s %s %d %d %d", m.Device, p.UUID, p.Start, p.Extents, len(m.PV.Metadata)))
			}
		}
	}
	if diff := cmp.Diff(tl.report("pvs", "pv_name,pv_uuid,pe_start,pv_pe_count,pv_mda_count"), pvs); diff != "" {
		t.Errorf("pvs: -lvm2 +ours\n%s", diff)
	}
	device := map[string]string{}
	for _, m := range members {
		device[m.PV.UUID] = m.Device
	}
	var lvs []string
	for _, l := range v.LVs {
		for _, s := range l.Segments {
			var on []string
			for _, a := range s.areas {
				on = append(on, fmt.Sprintf("%s:%d-%d", device[v.byPV[a.name].UUID], a.extent, a.extent+s.Extents/uint64(len(s.areas))-1))
			}
			lvs = append(lvs, fmt.Sprintf("%s %s %d %d %s", l.Name, l.UUID, v.Sectors(l), s.Start*v.ExtentSize, strings.Join(on, " ")))
		}
	}
	if diff := cmp.Diff(tl.report("lvs", "lv_name,lv_uuid,lv_size,seg_start,seg_pe_ranges"), lvs); diff != "" {
		t.Errorf("lvs: -lvm2 +ours\n%s", diff)
	}
}
