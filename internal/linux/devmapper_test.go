package linux

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fakeMapper answers with answer, which gets the buffer of the call.
func fakeMapper(answer func(command uintptr, buf []byte) error) *Mapper { return &Mapper{call: answer} }

// The offsets are those of the header's structures, which x/sys/unix has too.
func TestMapperLayout(t *testing.T) {
	var h unix.DmIoctl
	var s unix.DmTargetSpec
	for _, tt := range []struct {
		name      string
		got, want uintptr
	}{
		{"data_size", dmDataSize, unsafe.Offsetof(h.Data_size)}, {"data_start", dmDataStart, unsafe.Offsetof(h.Data_start)}, {"target_count", dmCount, unsafe.Offsetof(h.Target_count)},
		{"open_count", dmOpen, unsafe.Offsetof(h.Open_count)}, {"flags", dmFlags, unsafe.Offsetof(h.Flags)}, {"event_nr", dmEvent, unsafe.Offsetof(h.Event_nr)},
		{"dev", dmDev, unsafe.Offsetof(h.Dev)}, {"name", dmName, unsafe.Offsetof(h.Name)}, {"uuid", dmUUID, unsafe.Offsetof(h.Uuid)},
		{"header", dmHeader, 312}, {"spec", dmSpec, 40}, {"spec.length", 8, unsafe.Offsetof(s.Length)}, {"spec.next", 20, unsafe.Offsetof(s.Next)}, {"spec.type", 24, unsafe.Offsetof(s.Target_type)},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is at %d, not %d", tt.name, tt.got, tt.want)
		}
	}
}

// A call has the bytes that the header lays down (little-endian here).
func TestMapperLoadBytes(t *testing.T) {
	var got, live []byte
	m := fakeMapper(func(command uintptr, buf []byte) error {
		if command != 0xc138fd09 {
			t.Errorf("command %x", command)
		}
		got, live = bytes.Clone(buf), buf
		return nil
	})
	table := []MapperTarget{{0, 8, "linear", []byte("8:1 0")}, {8, 0x10, "crypt", []byte("aes 0011")}}
	if err := m.Load("ab", table, MapperLoad{ReadOnly: true, Secret: true}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(live, make([]byte, len(live))) {
		t.Error("the buffer with the key is not wiped")
	}
	zeros := func(n int) string { return strings.Repeat("00", n) }
	want := "040000000000000000000000" + "a0010000" + "38010000" + "02000000" + "00000000" + "01800000" + "00000000" + "00000000" + zeros(8) +
		"6162" + zeros(126) + zeros(129) + zeros(7) +
		"0000000000000000" + "0800000000000000" + "00000000" + "30000000" + "6c696e656172" + zeros(10) + "383a312030" + zeros(3) +
		"0800000000000000" + "1000000000000000" + "00000000" + "38000000" + "6372797074" + zeros(11) + "6165732030303131" + zeros(8)
	if hex.EncodeToString(got) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
}

func TestMapperFlags(t *testing.T) {
	for what, tt := range map[string]struct {
		call                  func(m *Mapper) error
		command, flags, event uint32
		data                  string
	}{
		"resume":  {func(m *Mapper) error { return m.Resume("a", MapperPrimary|MapperNoDiskRules) }, 0xc138fd06, 0, 0x440000, ""},
		"suspend": {func(m *Mapper) error { return m.Suspend("a", true) }, 0xc138fd06, 0xc02, 0, ""},
		"rename":  {func(m *Mapper) error { return m.Rename("a", "b", MapperPrimary) }, 0xc138fd05, 0, 0x400000, "b\x00"},
		"remove":  {func(m *Mapper) error { return m.Remove("a", true) }, 0xc138fd04, 1 << 17, 0, ""},
		"create":  {func(m *Mapper) error { _, err := m.Create("a", "CRYPT-LUKS2-x"); return err }, 0xc138fd03, 0, 0, ""},
	} {
		m := fakeMapper(func(command uintptr, buf []byte) error {
			if uint32(command) != tt.command || u32(buf, dmFlags) != tt.flags || u32(buf, dmEvent) != tt.event || string(buf[dmHeader:]) != tt.data || text(buf[dmName:]) != "a" {
				t.Errorf("%s: %x %x", what, command, buf)
			}
			return nil
		})
		if err := tt.call(m); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestMapperAnswers(t *testing.T) {
	order := binary.NativeEndian
	record := func(dev uint64, next uint32, name string) []byte {
		b := order.AppendUint32(order.AppendUint64(nil, dev), next)
		return append(append(b, name...), 0)
	}
	answer := func(data []byte, count uint32) *Mapper {
		return fakeMapper(func(_ uintptr, buf []byte) error {
			n := copy(buf[dmHeader:], data)
			order.PutUint32(buf[dmDataSize:], uint32(dmHeader+n))
			order.PutUint32(buf[dmCount:], count)
			return nil
		})
	}
	if list, err := answer(nil, 0).List(); err != nil || list != nil {
		t.Errorf("no mapping: %v, %v", list, err)
	}
	if list, err := answer(record(0, 0, ""), 0).List(); err != nil || list != nil {
		t.Errorf("a record of zeros: %v, %v", list, err)
	}
	two := append(append(record(0xfe01, 24, "first"), make([]byte, 6)...), record(0x123fe02, 0, "second")...)
	list, err := answer(two, 0).List()
	want := []MapperDevice{{Name: "first", Major: 254, Minor: 1}, {Name: "second", Major: 0xfe, Minor: 0x12302}}
	want[1].Major, want[1].Minor = mapperNumber(0x123fe02)
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("%+v, %v; want %+v", list, err, want)
	}
	if major, minor := mapperNumber(0x123fe02); major != 0x3fe || minor != 0x1202 {
		t.Errorf("%x:%x", major, minor)
	}
	versions := append(order.AppendUint32(nil, 0), 1, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0)
	if v, ok, err := answer(append(versions, "crypt\x00"...), 0).TargetVersion("crypt"); !ok || err != nil || v != [3]uint32{1, 24, 1} {
		t.Errorf("%v, %v, %v", v, ok, err)
	}

	table := []MapperTarget{{0, 8, "linear", []byte("8:1 0")}, {8, 1, "zero", []byte{}}}
	data, _ := encodeTable(table)
	order.PutUint32(data[specSize(table[0])+20:], uint32(len(data))) // the kernel counts from the first
	got, err := answer(data, 2).Table("x")
	if err != nil || len(got) != 2 || string(got[0].Params) != "8:1 0" || got[1].Type != "zero" || len(got[1].Params) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	// Whatever the kernel says leads nowhere outside of the answer.
	for i := range 4 * len(data) {
		bad := bytes.Clone(data)
		bad[i%len(data)] ^= byte(0xff >> (i / len(data)))
		_, _ = decodeTable(bad, 2)
		_, _ = decodeTable(bad[:i%len(data)], 0xffffffff)
		_, _ = answer(bad, 0).List()
		_, _, _ = answer(bad, 0).TargetVersion("x")
	}
}

func TestMapperErrors(t *testing.T) {
	for errno, want := range map[unix.Errno]error{unix.ENXIO: fs.ErrNotExist, unix.EBUSY: unix.EBUSY} {
		m := fakeMapper(func(uintptr, []byte) error { return errno })
		if _, err := m.Device("x"); !errors.Is(err, want) || !strings.Contains(err.Error(), "x") {
			t.Errorf("%v: %v", errno, err)
		}
	}
	sizes := []int{}
	m := fakeMapper(func(_ uintptr, buf []byte) error {
		sizes = append(sizes, len(buf)-dmHeader)
		binary.NativeEndian.PutUint32(buf[dmFlags:], dmFull)
		return nil
	})
	if _, err := m.Table("x"); err == nil || !slices.Equal(sizes, []int{16 << 10, 64 << 10, 256 << 10, 1 << 20}) {
		t.Errorf("a buffer that is never enough: %v, %v", sizes, err)
	}
	m = fakeMapper(func(uintptr, []byte) error { t.Error("the kernel is called"); return nil })
	for _, name := range []string{"a/b", strings.Repeat("n", 128), "a\x00b"} {
		_, err := m.Device(name)
		_, err2 := m.Create(name, "")
		if err == nil || err2 == nil || m.Rename("a", name, 0) == nil || m.Remove(name, false) == nil {
			t.Errorf("%q is taken", name)
		}
	}
	for _, table := range [][]MapperTarget{nil, make([]MapperTarget, maxTargets+1), {{0, 1, "", nil}}, {{0, 1, strings.Repeat("t", 16), nil}}, {{0, 0, "zero", nil}}, {{0, 1, "crypt", []byte{0}}},
		{{0, 1, "crypt", make([]byte, 1<<20+1)}}} {
		if m.Load("a", table, MapperLoad{}) == nil {
			t.Errorf("%d targets are taken", len(table))
		}
	}
	if _, err := m.Create("a", strings.Repeat("u", 129)); err == nil {
		t.Error("a long UUID is taken")
	}
}

func addressOf(p []byte) uint64 { return uint64(uintptr(unsafe.Pointer(&p[0]))) }
