package lvm

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorded is what lvm2 would activate for one volume: testdata/make.sh.
type recorded struct {
	lv      string
	devices map[string]string // by name: UUID, ro or rw, and the lines of the table, with symbols for devices
}

// load reads a group and its tables. absent are the PVs that lvm2 did not see.
func load(t testing.TB, name string) (*Group, []recorded) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".vg"))
	if err != nil {
		t.Fatal(err)
	}
	vg, err := ParseVG(string(text))
	if err != nil {
		t.Fatal(err)
	}
	tables, err := os.ReadFile(filepath.Join("testdata", name+".tables"))
	if err != nil {
		t.Fatal(err)
	}
	g, all := readTables(vg, string(tables))
	return g, all
}

func readTables(vg *VG, tables string) (*Group, []recorded) {
	var members []Member
	var all []recorded
	var names map[string]string // by major:minor
	pvs := map[string]string{}
	for _, line := range strings.Split(tables, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		switch f[0] {
		case "pv":
			pvs[f[1]] = "{pv " + f[2] + "}"
			members = append(members, Member{f[1], &PV{UUID: f[2], DeviceSize: 256 << 20, VG: vg}})
		case "lv":
			all = append(all, recorded{f[1], map[string]string{}})
			names = maps.Clone(pvs)
		case "failed":
			all[len(all)-1].devices = nil
		case "dev":
			names[f[3]] = "{" + f[1] + "}"
			all[len(all)-1].devices[f[1]] = f[2]
		case "table":
			for i, w := range f[6:] {
				if n := names[w]; n != "" {
					f[6+i] = n
				}
			}
			all[len(all)-1].devices[f[1]] += "\n" + strings.Join(f[2:], " ")
		}
	}
	return Groups(members)[0], all
}

// ours writes a plan as recorded has it.
func ours(p *Plan) map[string]string {
	out := map[string]string{}
	for _, d := range p.Devices {
		mode := "rw"
		if d.ReadOnly {
			mode = "ro"
		}
		text := d.UUID
		for _, l := range d.Lines {
			text += fmt.Sprintf("\n%s %d %d %s", mode, l.Start, l.Length, l.Target)
			for _, w := range l.Params {
				text += " " + w.String()
			}
		}
		out[d.Name] = text
	}
	return out
}

// TestTables compares each visible volume of testdata with what lvm2 2.03.16 would tell device-mapper.
func TestTables(t *testing.T) {
	for _, name := range []string{"plain-x", "raid", "thin", "cache", "degraded"} {
		t.Run(name, func(t *testing.T) {
			g, all := load(t, name)
			compared := 0
			for _, r := range all {
				plan, err := g.Plan(r.lv, Options{Degraded: true})
				if g.VG.LV(r.lv).Segments[0].Type == "raid0" && len(g.Missing) > 0 {
					var m *MissingError // lvm2 activates it, of no use to anyone
					if !errors.As(err, &m) {
						t.Errorf("%s: %v", r.lv, err)
					}
					continue
				}
				if r.devices == nil {
					if err == nil {
						t.Errorf("%s: lvm2 does not activate it", r.lv)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", r.lv, err)
					continue
				}
				if diff := cmp.Diff(r.devices, ours(plan)); diff != "" {
					t.Errorf("%s: -lvm2 +ours\n%s", r.lv, diff)
				}
				checkPlan(t, g.VG, plan)
				compared++
				if _, err := g.Plan(r.lv, Options{}); (err != nil) != (len(plan.Without) > 0) {
					t.Errorf("%s: %v without leave to go without %q", r.lv, err, plan.Without)
				}
			}
			var visible, seen []string
			for _, l := range g.VG.LVs {
				if g.VG.Visible(l) {
					visible = append(visible, l.Name)
				}
			}
			for _, r := range all {
				seen = append(seen, r.lv)
			}
			slices.Sort(visible)
			slices.Sort(seen)
			if diff := cmp.Diff(seen, visible); diff != "" {
				t.Errorf("visible: -lvm2 +ours\n%s", diff)
			}
			t.Logf("%d of %d volumes compared", compared, len(all))
		})
	}
}

// checkPlan checks what holds for all plans.
func checkPlan(t testing.TB, v *VG, p *Plan) {
	t.Helper()
	made, uuids := map[string]bool{}, map[string]bool{}
	for _, d := range p.Devices {
		var end uint64
		for _, l := range d.Lines {
			if l.Start != end || l.Length == 0 {
				t.Fatalf("%s: a line of %d from %d follows %d", d.Name, l.Length, l.Start, end)
			}
			end += l.Length
			for i, w := range l.Params {
				if w.Device != "" && !made[w.Device] {
					t.Fatalf("%s lies on %s, which is not made before it", d.Name, w.Device)
				}
				if w.PV == "" {
					if w.Device == "" && !isWord(w.Text) {
						t.Fatalf("%s: %q is no word", d.Name, w.Text)
					}
					continue
				}
				checkExtent(t, v, d.Name, w.PV, l, i)
			}
		}
		if made[d.Name] || uuids[d.UUID] || len(d.UUID) > 128 || len(d.Name) > maxName || end == 0 {
			t.Fatalf("%s, %s: there are two, or it is too long, or empty", d.Name, d.UUID)
		}
		made[d.Name], uuids[d.UUID] = true, true
	}
	if !made[p.Name] {
		t.Fatalf("%s is not in its plan", p.Name)
	}
	for _, pool := range p.Pools {
		if !made[pool.Device] {
			t.Fatalf("pool %s is not in the plan", pool.Device)
		}
	}
}

// checkExtent checks that a line lies on the extents of its PV.
func checkExtent(t testing.TB, v *VG, name, uuid string, l Line, i int) {
	t.Helper()
	var off uint64
	fmt.Sscan(l.Params[i+1].Text, &off)
	length := l.Length
	if l.Target == "striped" {
		length /= uint64((len(l.Params) - 2) / 2)
	}
	for _, pv := range v.PVs {
		if pv.UUID == uuid {
			if off < pv.Start || off+length > pv.Start+pv.Extents*v.ExtentSize {
				t.Fatalf("%s: %d sectors from %d of %s, which has %d extents from %d", name, length, off, uuid, pv.Extents, pv.Start)
			}
			return
		}
	}
	t.Fatalf("%s lies on %s, which is no PV of the group", name, uuid)
}

func TestUnsupported(t *testing.T) {
	g, _ := load(t, "plain-x")
	base := g.VG.text
	for name, c := range map[string][2]string{
		"writecache": {`type = "raid0"`, `type = "writecache"`},
		"vdo":        {`type = "raid0"`, `type = "vdo"`},
		"reshape":    {"stripe_count = 2\n\t\t\t\tstripe_size = 128", "stripe_count = 2\n\t\t\t\tdelta_disks = 1\n\t\t\t\tstripe_size = 128"},
		"flag":       {`type = "raid0"`, `type = "raid0+SOMETHING_NEW"`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(base, c[0], c[1], 1)
			vg, err := ParseVG(text)
			if err != nil {
				t.Fatal(err)
			}
			_, err = vg.planFor("zero", Options{}, func(*PVInfo) (uint64, bool) { return 1 << 40, true })
			var u *UnsupportedError
			if !errors.As(err, &u) || u.Volume != "plain-x/zero" {
				t.Errorf("%v", err)
			}
		})
	}
}
