package storage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/crypttab"
	"github.com/preroot/preroot/pkg/device"
)

// system notes what work asks for.
type system struct{ asked []string }

func (s *system) Load(modules ...string) error {
	s.asked = append(s.asked, "load "+strings.Join(modules, " "))
	return nil
}

func (s *system) Run(program string, args ...string) (string, error) {
	s.asked = append(s.asked, program+" "+strings.Join(args, " "))
	return "one\n\n lacks: two \n", nil
}

func (s *system) Confide(program string, args ...string) (string, error) {
	return s.Run(program, args...)
}

func (s *system) FileSystem(fstype string) error {
	s.asked = append(s.asked, "file system "+fstype)
	return nil
}

func (s *system) Consoles() []string { return []string{"/dev/tty1"} }

func found(name, fstype string) *device.Device {
	return &device.Device{Name: name, Node: "/dev/" + name, Probed: true, Probe: &blkid.Info{Type: fstype}}
}

// TestLVM: all physical volumes are looked at together, for what the boot waits for and what the words name.
func TestLVM(t *testing.T) {
	disks := []*device.Device{found("vda", "ext4"), found("vdb", "LVM2_member"), found("vdc", "LVM2_member")}
	for _, c := range []struct {
		name    string
		devices []*device.Device
		wanted  string
		words   string
		late    bool
		args    string // "" for no work
	}{
		{"no member", disks[:1], "UUID=1", "", false, ""},
		{"by UUID", disks, "UUID=1", "", false, "--for=UUID=1 /dev/vdb /dev/vdc"},
		{"one of two", disks[:2], "/dev/vg/root", "", false, "--for=/dev/vg/root /dev/vdb"},
		{"late", disks, "UUID=1", "", true, "--degraded --for=UUID=1 /dev/vdb /dev/vdc"},
		{"words", disks, "LABEL=a b", "rd.lvm.vg=one rd.lvm.lv=two/root rd.lvm.vg=three", false, "--vg=one --vg=three --lv=two/root --for=LABEL=a b /dev/vdb /dev/vdc"},
		{"without lvm.conf", disks[:2], "UUID=1", "rd.lvm.conf=0", false, "--no-conf --for=UUID=1 /dev/vdb"},
		{"not wanted", disks, "UUID=1", "rd.lvm=0", false, ""},
	} {
		ref, err := device.ParseRef(c.wanted)
		if err != nil {
			t.Fatal(err)
		}
		asked := false
		words := func() *Written {
			asked = true
			w, problems := crypttab.ReadWords(cmdline.Join(cmdline.Source{Text: c.words}))
			if len(problems) > 0 {
				t.Error(problems)
			}
			return &Written{Words: w}
		}
		work := Next(State{Devices: c.devices, Wanted: []device.Ref{ref}, Late: c.late}, false, words)
		if asked != (c.name != "no member") {
			t.Errorf("%s: the words are read: %v", c.name, asked)
		}
		if c.args == "" {
			if len(work) > 0 {
				t.Errorf("%s: %v", c.name, work)
			}
			continue
		}
		var s system
		said, err := work[0].Do(&s)
		if want := []string{"load dm_mod", LVMHelper + " " + c.args}; err != nil || !slices.Equal(s.asked, want) || fmt.Sprint(said) != "{[one] [two]}" {
			t.Errorf("%s: %q, %q, %v; want %q", c.name, s.asked, said, err, want)
		}
		if work[0].Key != "lvm "+c.args || work[0].Limit == 0 {
			t.Errorf("%s: key %q, limit %v", c.name, work[0].Key, work[0].Limit)
		}
	}
}
