package ramdisk

import (
	"errors"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/initrd"
)

func TestRead(t *testing.T) {
	disk := func(major, minor uint32) normalRoot {
		return normalRoot{blockDevice, device.Number{Major: major, Minor: minor}}
	}
	for _, c := range []struct {
		before, after string
		want          normalRoot
	}{
		{"0\n", "0\n", normalRoot{}},
		{"0\n", "", normalRoot{}},
		{"769\n", "0x0301\n", normalRoot{}}, // the same number in other words
		{"769\n", "0x365\n", disk(3, 0x65)}, // the page's own example: /dev/hdb1
		{"0\n", "869\n", disk(3, 0x65)},     // and in decimal
		{"0\n", " 01545 \n", disk(3, 0x65)}, // and in octal
		{"0\n", "0x100\n", normalRoot{kind: ramDisk}},
		{"256\n", "256\n", normalRoot{}}, // root=/dev/ram0 was that before
		{"0\n", "256", normalRoot{kind: ramDisk}},
		{"0\n", "255\n", normalRoot{kind: overNFS}},
		{"0\n", "0xff\n", normalRoot{kind: overNFS}},
		{"0\n", "0X0801\x00\n", disk(8, 1)},
		{"0\n", "1114625", disk(258, 257)}, // beyond the old encoding
		{"nonsense", "0x801", disk(8, 1)},
	} {
		got, err := readNumber(c.before, c.after)
		if err != nil || got != c.want {
			t.Errorf("%q, then %q: %+v, %v; want %+v", c.before, c.after, got, err, c.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, text := range []string{"/dev/vda1", "0x", "8:1", "-1", "0b11", "0o17", "1_0", "0x1_0", "4294967296", "12 13", "7"} {
		if got, err := readNumber("0", text); !errors.Is(err, errNumber) || !strings.HasPrefix(err.Error(), "real-root-dev: ") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestEncode(t *testing.T) {
	for _, n := range []device.Number{{Major: 8, Minor: 1}, {Major: 1, Minor: 0}, {Major: 259, Minor: 3}, {Major: 253, Minor: 300}, {Major: 4095, Minor: 1<<20 - 1}} {
		got, err := readNumber("0", encode(n))
		if n == initrd.RAM0() {
			if err != nil || got.kind != ramDisk {
				t.Errorf("%v: %+v, %v", n, got, err)
			}
		} else if err != nil || got.number != n {
			t.Errorf("%v is %s, which is read as %+v, %v", n, encode(n), got, err)
		}
	}
}
