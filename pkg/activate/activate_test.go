package activate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/linux"
)

// IDs of the physical volumes, as they are on disk and as people write them.
var pvs = []struct{ raw, id string }{
	{"10eMYSfdgfH2fBZzNUK8p91GkZpWccmy", "10eMYS-fdgf-H2fB-ZzNU-K8p9-1GkZ-pWccmy"},
	{"cufkhtLKGB0A2g25dK9J2AXUVKDNZGD2", "cufkht-LKGB-0A2g-25dK-9J2A-XUVK-DNZGD2"},
}

const (
	peStart    = 1 << 20
	extentSize = 64 << 10
	pvSize     = 8 << 20
	groupID    = "v8cQJkFpC3iyfwCLLO2zLu28ZoYBZro0"
)

// lv is a volume in the metadata, with one segment.
func lv(name string, number int, flags, segment string) string {
	return fmt.Sprintf("%s {\nid = \"XTvk9J-Aymb-uFcF-HdSt-Mypw-8cQJ-kFpC%02d\"\nstatus = [\"READ\", \"WRITE\"%s]\nsegment_count = 1\nsegment1 {\nstart_extent = 0\n%s\n}\n}\n", name, number, flags, segment)
}

func linear(name string, number, pv, extent int) string {
	return lv(name, number, `, "VISIBLE"`, fmt.Sprintf("extent_count = 4\ntype = \"striped\"\nstripe_count = 1\nstripes = [\"pv%d\", %d]", pv, extent))
}

// group is metadata with both physical volumes.
func group(volumes ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "contents = \"Text Format Volume Group\"\nversion = 1\nmy-vg {\nid = \"v8cQJk-FpC3-iyfw-CLLO-2zLu-28Zo-YBZro0\"\nseqno = 7\nstatus = [\"RESIZEABLE\", \"READ\", \"WRITE\"]\nextent_size = %d\nphysical_volumes {\n", extentSize/512)
	for i, pv := range pvs {
		fmt.Fprintf(&b, "pv%d {\nid = %q\npe_start = %d\npe_count = 100\n}\n", i, pv.id, peStart/512)
	}
	b.WriteString("}\nlogical_volumes {\n" + strings.Join(volumes, "") + "}\n}\n")
	return b.String()
}

// sum is LVM2's CRC (lib/misc/crc.c).
func sum(p []byte) uint32 { return ^crc32.Update(^uint32(0xf597a6cf), crc32.IEEETable, p) }

// physicalVolume is a device with a label and one metadata area.
func physicalVolume(number int, text string) []byte {
	le, d := binary.LittleEndian, make([]byte, pvSize)
	s := d[512:1024]
	copy(s, "LABELONE")
	le.PutUint64(s[8:], 1)
	le.PutUint32(s[20:], 32)
	copy(s[24:], "LVM2 001")
	h := s[32:]
	copy(h, pvs[number].raw)
	le.PutUint64(h[32:], pvSize)
	le.PutUint64(h[40:], peStart)
	le.PutUint64(h[72:], 4096)
	le.PutUint64(h[80:], peStart-4096)
	le.PutUint32(s[16:], sum(s[20:]))
	m := d[4096:peStart]
	copy(m[4:], " LVM2 x[5A%r0N*>")
	le.PutUint32(m[20:], 1)
	le.PutUint64(m[24:], 4096)
	le.PutUint64(m[32:], peStart-4096)
	le.PutUint64(m[40:], 512)
	le.PutUint64(m[48:], uint64(len(text)+1))
	le.PutUint32(m[56:], sum(append([]byte(text), 0)))
	copy(m[512:], text)
	le.PutUint32(m, sum(m[4:512]))
	return d
}

const wanted = "11111111-2222-3333-4444-555555555555"

// swap writes a swap area with that UUID, the simplest content that has one: version 1, ten pages.
func swap(at []byte) {
	copy(at[1024:], "\x01\x00\x00\x00\x0a")
	copy(at[1036:], "\x11\x11\x11\x11\x22\x22\x33\x33\x44\x44\x55\x55\x55\x55\x55\x55")
	copy(at[4086:], "SWAPSPACE2")
}

// luks writes the head of a LUKS1 volume.
func luks(at []byte) {
	copy(at, "LUKS\xba\xbe\x00\x01aes")
	copy(at[168:], "99999999-2222-3333-4444-555555555555")
}

type testDisk struct {
	*bytes.Reader
	number string
}

func (d testDisk) Geometry() (int64, int) { return d.Size(), 512 }
func (d testDisk) Number() string         { return d.number }
func (testDisk) Close() error             { return nil }

// mapper is a device-mapper without a kernel; what is done is noted.
type mapper struct {
	have  map[string]linux.MapperDevice
	log   []string
	fails string // the call that fails
}

func (m *mapper) note(format string, args ...any) error {
	m.log = append(m.log, fmt.Sprintf(format, args...))
	if m.fails != "" && strings.HasPrefix(m.log[len(m.log)-1], m.fails) {
		return errors.New("the kernel refuses")
	}
	return nil
}

func (m *mapper) Create(name, uuid string) (linux.MapperDevice, error) {
	d := linux.MapperDevice{Name: name, UUID: uuid, Major: 254, Minor: uint32(len(m.have))}
	m.have[name] = d
	return d, m.note("create %s", name)
}

func (m *mapper) Load(name string, table []linux.MapperTarget, how linux.MapperLoad) error {
	for _, l := range table {
		if err := m.note("load %s %d %d %s %s", name, l.Start, l.Length, l.Type, l.Params); err != nil {
			return err
		}
	}
	return nil
}

func (m *mapper) Resume(name string, udev uint16) error {
	d := m.have[name]
	d.Active = true
	m.have[name] = d
	return m.note("resume %s", name)
}

func (m *mapper) Remove(name string, deferred bool) error {
	delete(m.have, name)
	return m.note("remove %s", name)
}

func (m *mapper) Keep(name string) error { return m.note("keep %s", name) }

func (m *mapper) Device(name string) (linux.MapperDevice, error) {
	if d, ok := m.have[name]; ok {
		return d, nil
	}
	return linux.MapperDevice{}, fs.ErrNotExist
}

func (m *mapper) Status(name string) ([]linux.MapperTarget, error) {
	return []linux.MapperTarget{{Params: []byte("3 12/34 5/6 - rw")}}, nil
}

const thinPool = `extent_count = 8
type = "thin-pool"
metadata = "meta"
pool = "data"
transaction_id = TRANSACTION
chunk_size = 128
discards = "passdown"
zero_new_blocks = 1`

func thin(name string, number, device int) string {
	return lv(name, number, `, "VISIBLE"`, fmt.Sprintf("extent_count = 4\ntype = \"thin\"\nthin_pool = \"pool\"\ntransaction_id = 0\ndevice_id = %d", device))
}

// thinGroup has a pool with two volumes.
func thinGroup(transaction string) string {
	hidden := func(name string, number, extent, count int) string {
		return lv(name, number, "", fmt.Sprintf("extent_count = %d\ntype = \"striped\"\nstripe_count = 1\nstripes = [\"pv0\", %d]", count, extent))
	}
	return group(hidden("meta", 10, 0, 2), hidden("data", 11, 2, 8), lv("pool", 12, `, "VISIBLE"`, strings.Replace(thinPool, "TRANSACTION", transaction, 1)), thin("first", 13, 1), thin("root", 14, 2))
}

func TestRun(t *testing.T) {
	two := group(linear("root", 1, 0, 0), linear("home", 2, 1, 4))
	for _, c := range []struct {
		name    string
		text    string
		fill    func(disks [][]byte)
		ids     []string // system IDs of the machine
		copy    bool     // of the first physical volume
		without bool     // the second physical volume is missing
		have    map[string]linux.MapperDevice
		fails   string
		args    string
		log     string // what the device-mapper is asked for
		said    string
		err     string
	}{
		{name: "by UUID, read through the metadata", text: two, fill: func(d [][]byte) { swap(d[1][peStart+4*extentSize:]) }, args: "--for=UUID=" + wanted,
			log: "create my--vg-home; load my--vg-home 0 512 linear 8:1 2560; resume my--vg-home", said: "logical volume my-vg/home is active"},
		{name: "no content", text: two, args: "--for=UUID=" + wanted},
		{name: "behind LUKS", text: two, fill: func(d [][]byte) { luks(d[0][peStart:]) }, args: "--for=UUID=" + wanted,
			log: "create my--vg-root; load my--vg-root 0 512 linear 8:0 2048; resume my--vg-root", said: "logical volume my-vg/root is active"},
		{name: "behind LUKS, by the name of a mapping", text: two, fill: func(d [][]byte) { luks(d[0][peStart:]) }, args: "--for=/dev/mapper/root_crypt",
			log: "create my--vg-root; load my--vg-root 0 512 linear 8:0 2048; resume my--vg-root", said: "logical volume my-vg/root is active"},
		{name: "another volume's mapping", text: two, fill: func(d [][]byte) { luks(d[0][peStart:]) }, args: "--for=/dev/mapper/other-root"},
		{name: "a locked one", text: two, fill: func(d [][]byte) { luks(d[0][peStart:]) }, args: "--locked=UUID=99999999-2222-3333-4444-555555555555",
			log: "create my--vg-root; load my--vg-root 0 512 linear 8:0 2048; resume my--vg-root", said: "logical volume my-vg/root is active"},
		{name: "another locked one", text: two, fill: func(d [][]byte) { luks(d[0][peStart:]) }, args: "--locked=UUID=88888888-2222-3333-4444-555555555555"},
		{name: "by name", text: two, args: "--for=/dev/my-vg/root", log: "create my--vg-root; load my--vg-root 0 512 linear 8:0 2048; resume my--vg-root", said: "logical volume my-vg/root is active"},
		{name: "by its other name", text: two, args: "--for=/dev/mapper/my--vg-root", log: "create my--vg-root; load my--vg-root 0 512 linear 8:0 2048; resume my--vg-root", said: "logical volume my-vg/root is active"},
		{name: "by a word", text: two, args: "--lv=my-vg/home", log: "create my--vg-home; load my--vg-home 0 512 linear 8:1 2560; resume my--vg-home", said: "logical volume my-vg/home is active"},
		{name: "a whole group", text: two, args: "--vg=my-vg", log: "create my--vg-root; load my--vg-root 0 512 linear 8:0 2048; resume my--vg-root; create my--vg-home; load my--vg-home 0 512 linear 8:1 2560; resume my--vg-home",
			said: "logical volume my-vg/root is active; logical volume my-vg/home is active"},
		{name: "missing, and not needed", text: two, without: true, args: "--lv=my-vg/root", log: "create my--vg-root; load my--vg-root 0 512 linear 8:0 2048; resume my--vg-root", said: "logical volume my-vg/root is active"},
		{name: "missing", text: two, without: true, args: "--lv=my-vg/home", said: "lacks: logical volume my-vg/home lies on physical volumes that are missing: " + pvs[1].id},
		{name: "there already", text: two, have: map[string]linux.MapperDevice{"my--vg-root": {UUID: "LVM-" + groupID + "XTvk9JAymbuFcFHdStMypw8cQJkFpC01", Active: true}}, args: "--lv=my-vg/root"},
		{name: "there for a moment only", text: two, have: map[string]linux.MapperDevice{"my--vg-root": {Name: "my--vg-root", UUID: "LVM-" + groupID + "XTvk9JAymbuFcFHdStMypw8cQJkFpC01", Active: true, Leaving: true}}, args: "--lv=my-vg/root",
			log: "keep my--vg-root"},
		{name: "a copy of what is in use", text: two, copy: true, have: map[string]linux.MapperDevice{"my--vg-root": {UUID: "LVM-x", Active: true}}, args: "--lv=my-vg/root",
			said: "lacks: volume group my-vg: /dev/sda and /dev/sdc are both physical volume " + pvs[0].id + ": one of them is a copy", err: "there are two of what is in use: volume group my-vg: /dev/sda and /dev/sdc"},
		{name: "a copy", text: two, copy: true, args: "--lv=my-vg/root", said: "lacks: volume group my-vg: /dev/sda and /dev/sdc are both physical volume " + pvs[0].id + ": one of them is a copy"},
		{name: "of somebody else", text: two, have: map[string]linux.MapperDevice{"my--vg-root": {UUID: "CRYPT-1"}}, args: "--lv=my-vg/root", err: `logical volume my-vg/root: the device-mapper has a device my--vg-root already, with the UUID "CRYPT-1"`},
		{name: "the kernel refuses", text: two, fails: "load", args: "--lv=my-vg/root", log: "create my--vg-root; load my--vg-root 0 512 linear 8:0 2048; remove my--vg-root", err: "logical volume my-vg/root: the kernel refuses"},
		{name: "of another machine", text: strings.Replace(two, "extent_size", "system_id = \"box\"\nextent_size", 1), args: "--vg=my-vg", said: `lacks: volume group my-vg: it belongs to the machine with system ID "box", ours is ""`},
		{name: "of this machine", text: strings.Replace(two, "extent_size", "system_id = \"box\"\nextent_size", 1), ids: []string{"box"}, args: "--lv=my-vg/root",
			log: "create my--vg-root; load my--vg-root 0 512 linear 8:0 2048; resume my--vg-root", said: "logical volume my-vg/root is active"},
		{name: "exported", text: strings.Replace(two, `"RESIZEABLE"`, `"EXPORTED"`, 1), args: "--vg=my-vg", said: "lacks: volume group my-vg: it is exported: vgimport takes it in"},
		{name: "another transaction in the pool", text: thinGroup("4"), args: "--lv=my-vg/root", said: "", err: "the group expects transaction 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			disks := [][]byte{physicalVolume(0, c.text), physicalVolume(1, c.text)}
			if c.fill != nil {
				c.fill(disks)
			}
			args := strings.Fields(c.args + " /dev/sda /dev/sdb")
			if c.copy {
				disks, args = append(disks, disks[0]), append(args, "/dev/sdc")
			}
			if c.without {
				args = args[:len(args)-1]
			}
			m := &mapper{have: map[string]linux.MapperDevice{}, fails: c.fails}
			maps.Copy(m.have, c.have)
			said, err := run(t, m, disks, args, c.ids...)
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if c.log != "" && strings.Join(m.log, "; ") != c.log || c.log == "" && c.err == "" && len(m.log) > 0 {
				t.Errorf("done:\n%s\nwant:\n%s", strings.Join(m.log, "; "), c.log)
			}
			if strings.Join(said, "; ") != c.said {
				t.Errorf("said:\n%s\nwant:\n%s", strings.Join(said, "; "), c.said)
			}
		})
	}
}

func run(t *testing.T, m *mapper, disks [][]byte, args []string, ids ...string) (said []string, err error) {
	t.Helper()
	r, err := ParseArgs(args)
	if err != nil {
		t.Fatal(err)
	}
	r.SystemIDs = ids
	nodes := map[string]testDisk{}
	for i, d := range disks {
		nodes[fmt.Sprintf("/dev/sd%c", 'a'+i)] = testDisk{bytes.NewReader(d), fmt.Sprintf("8:%d", i)}
	}
	open := func(node string) (Disk, error) {
		if d, ok := nodes[node]; ok {
			return d, nil
		}
		d := make([]byte, 1<<20) // a volume that is active: the last one that was made has what is looked for
		if node == fmt.Sprintf("/dev/dm-%d", len(m.have)-1) && slices.Contains(slices.Collect(maps.Keys(m.have)), "my--vg-root") {
			swap(d)
		}
		return testDisk{bytes.NewReader(d), "254:9"}, nil
	}
	err = Run(Machine{Open: open, Mapper: m, Say: func(line string) { said = append(said, line) }, Lack: func(line string) { said = append(said, "lacks: "+line) }}, r)
	return said, err
}

// TestTryOut: thin volumes cannot be read before they are active; the one that has something else is taken away again, pool and all.
func TestTryOut(t *testing.T) {
	disks := [][]byte{physicalVolume(0, thinGroup("3")), physicalVolume(1, thinGroup("3"))}
	m := &mapper{have: map[string]linux.MapperDevice{}}
	said, err := run(t, m, disks, strings.Fields("--for=UUID="+wanted+" /dev/sda /dev/sdb"))
	if err != nil || strings.Join(said, "; ") != "logical volume my-vg/root is active" {
		t.Errorf("%q, %v", said, err)
	}
	if !slices.Contains(m.log, "remove my--vg-first") || slices.Contains(m.log, "remove my--vg-root") || m.have["my--vg-first"].Active || !m.have["my--vg-root"].Active {
		t.Errorf("done:\n%s", strings.Join(m.log, "\n"))
	}
	if i := slices.IndexFunc(m.log, func(l string) bool { return strings.HasPrefix(l, "load my--vg-pool-tpool") }); i < 0 {
		t.Errorf("no pool:\n%s", strings.Join(m.log, "\n"))
	}
}

// TestParseArgs: a word that is not known is named.
func TestParseArgs(t *testing.T) {
	for _, c := range []struct{ args, err string }{
		{"--force /dev/sda", "lvm: --force is not known"},
		{"--for=UUID= /dev/sda", "nothing follows UUID="},
	} {
		if _, err := ParseArgs(strings.Fields(c.args)); err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", c.args, err)
		}
	}
}
