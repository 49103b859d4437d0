package vconsole

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// sample has each part of a keymap.
var sample = Keymap{
	Rows: []Row{
		{Tables: []uint8{0, 16}, Values: []uint16{Hole, 0x1b, 0xf0fc, 0xb79}},
		{Tables: []uint8{1}, Values: []uint16{Hole, Hole, 0xb59}},
		{Tables: []uint8{255}},
	},
	Diacritics: [][3]uint32{{'"', 'A', 0xc4}, {0x301, 'z', 0x17a}},
	Strings:    []String{{0, []byte("\x1b[[A")}, {7, nil}},
}

var sampleFont = Font{Width: 9, Height: 2, Glyphs: []byte{1, 0x80, 2, 0, 3, 0x80, 4, 0}, Map: [][2]uint16{{'A', 0}, {0x2013, 0}, {'ü', 1}}}

// terminal notes what it is told; refuse gives the error of a call by its name.
type terminal struct {
	calls  []string
	refuse map[string]error
}

func (t *terminal) note(call, format string, args ...any) error {
	t.calls = append(t.calls, strings.TrimSpace(call+" "+fmt.Sprintf(format, args...)))
	return t.refuse[call]
}

func (t *terminal) SetUnicode() error { return t.note("unicode", "") }
func (t *terminal) SetKey(table, key uint8, value uint16) error {
	return t.note("key", "%d %d %#x", table, key, value)
}
func (t *terminal) SetDiacritics(list [][3]uint32) error { return t.note("accents", "%v", list) }
func (t *terminal) SetString(key uint8, text []byte) error {
	return t.note("string", "%d %q", key, text)
}
func (t *terminal) SetUnicodeMap(pairs [][2]uint16) error { return t.note("map", "%v", pairs) }
func (t *terminal) Close() error                          { return t.note("close", "") }
func (t *terminal) SetFont(w, h, count int, g []byte) error {
	return t.note("font", "%dx%d %d %d bytes", w, h, count, len(g))
}

// image is the files of an image with a virtual terminal.
func image() fstest.MapFS {
	return fstest.MapFS{
		"dev/tty0": {},
		KeymapFile: {Data: sample.Append(nil)},
		FontFile:   {Data: sampleFont.Append(nil)},
	}
}

func TestLoad(t *testing.T) {
	all := []string{
		"unicode", "key 0 1 0x1b", "key 0 2 0xf0fc", "key 0 3 0xb79", "key 16 1 0x1b", "key 16 2 0xf0fc", "key 16 3 0xb79", "key 1 2 0xb59",
		"accents [[34 65 196] [769 122 378]]", `string 0 "\x1b[[A"`, `string 7 ""`,
		"font 9x2 2 128 bytes", "map [[65 0] [8211 0] [252 1]]", "close",
	}
	for name, tt := range map[string]struct {
		change   func(fstest.MapFS)
		refuse   map[string]error
		loaded   bool
		calls    []string
		warnings string
	}{
		"everything":   {loaded: true, calls: all},
		"no terminals": {change: func(f fstest.MapFS) { delete(f, "dev/tty0") }},
		"nothing":      {change: func(f fstest.MapFS) { delete(f, KeymapFile); delete(f, FontFile) }},
		"font alone":   {change: func(f fstest.MapFS) { delete(f, KeymapFile) }, loaded: true, calls: append([]string{"unicode"}, all[11:]...)},
		"a bad keymap": {
			change: func(f fstest.MapFS) { f[KeymapFile].Data = []byte("x") }, loaded: true, calls: append([]string{"unicode"}, all[11:]...),
			warnings: "/etc/preroot/keymap: no keymap of this version",
		},
		"no display": {refuse: map[string]error{"font": syscall.ENOSYS}, loaded: true, calls: append(append([]string{}, all[:12]...), "close")},
		"keys refused": {
			refuse: map[string]error{"key": syscall.EINVAL, "map": syscall.EINVAL}, loaded: true, calls: all,
			warnings: "7 keys refused: keymap: key 1 of table 0: invalid argument; font: table of characters",
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := image()
			if tt.change != nil {
				tt.change(files)
			}
			vt := &terminal{refuse: tt.refuse}
			loaded, warnings := Load(files, func(path string) (Terminal, error) {
				if path != "/dev/tty0" {
					t.Errorf("opened %s", path)
				}
				return vt, nil
			})
			if loaded != tt.loaded {
				t.Errorf("loaded = %v", loaded)
			}
			if diff := cmp.Diff(tt.calls, vt.calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			mustHold(t, warnings, tt.warnings)
		})
	}
}

func mustHold(t *testing.T, warnings []error, texts string) {
	t.Helper()
	all := errors.Join(warnings...)
	if texts == "" {
		if all != nil {
			t.Errorf("warnings: %v", all)
		}
		return
	}
	for text := range strings.SplitSeq(texts, "; ") {
		if all == nil || !strings.Contains(all.Error(), text) {
			t.Errorf("warnings %v; want %q in them", all, text)
		}
	}
}

func TestLoadCannotOpen(t *testing.T) {
	loaded, warnings := Load(image(), func(string) (Terminal, error) { return nil, syscall.EIO })
	if loaded {
		t.Error("loaded into nothing")
	}
	mustHold(t, warnings, "are not set: input/output error")
}

func TestKeymapFile(t *testing.T) {
	data := sample.Append(nil)
	got, err := ParseKeymap(data)
	if err != nil {
		t.Fatal(err)
	}
	want := sample
	want.Rows = append([]Row{}, sample.Rows...)
	if diff := cmp.Diff(want, got, cmp.Transformer("nil", func(b []byte) string { return string(b) })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n := range data {
		if _, err := ParseKeymap(data[:n]); err == nil {
			t.Errorf("cut off after %d of %d bytes it is still a keymap", n, len(data))
		}
	}
	if _, err := ParseKeymap(append(data, 0)); err == nil {
		t.Error("a byte too many is no error")
	}
	data[13] = 2
	if _, err := ParseKeymap(data); err == nil {
		t.Error("another version is no error")
	}
}

func TestKeymapLimits(t *testing.T) {
	for name, k := range map[string]Keymap{
		"keys":    {Rows: []Row{{Tables: []uint8{0}, Values: make([]uint16, 257)}}},
		"tables":  {Rows: []Row{{Tables: make([]uint8, 257)}}},
		"accents": {Diacritics: make([][3]uint32, 257)},
		"strings": {Strings: make([]String, 257)},
		"bytes":   {Strings: []String{{0, make([]byte, 512)}}},
	} {
		if _, err := ParseKeymap(k.Append(nil)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("too many %s: %v", name, err)
		}
	}
}

func TestFontFile(t *testing.T) {
	data := sampleFont.Append(nil)
	got, err := ParseFont(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sampleFont, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n := range data {
		if _, err := ParseFont(data[:n]); err == nil {
			t.Errorf("cut off after %d of %d bytes it is still a font", n, len(data))
		}
	}
	cells := got.cells()
	want := make([]byte, 128)
	copy(want, sampleFont.Glyphs[:4])
	copy(want[64:], sampleFont.Glyphs[4:])
	if !bytes.Equal(cells, want) {
		t.Errorf("cells % x", cells)
	}
}

// TestFontBounds: each number of the header out of its bounds.
func TestFontBounds(t *testing.T) {
	for _, tt := range []struct {
		at    int
		value byte
	}{{0, 0}, {4, 1}, {8, 31}, {11, 0xff}, {16, 0}, {17, 3}, {20, 5}, {24, 0}, {24, 33}, {28, 0}, {28, 33}} {
		data := sampleFont.Append(nil)
		data[tt.at] = tt.value
		if _, err := ParseFont(data); err == nil {
			t.Errorf("byte %d of the header as %d is no error", tt.at, tt.value)
		}
	}
}

// TestFontSequences: a sequence of characters is passed over, and so is what lies beyond 16 bits.
func TestFontSequences(t *testing.T) {
	f := sampleFont
	f.Map = nil
	data := f.Append(nil)
	data[12] = psfTable
	data = append(data, "A\U0001f600\xfeXY\xfeZ\xffB\xff"...)
	got, err := ParseFont(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][2]uint16{{'A', 0}, {'B', 1}}, got.Map); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzKeymap: any bytes are an error or a keymap within the kernel's limits, which written again is the same bytes.
func FuzzKeymap(f *testing.F) {
	f.Add(sample.Append(nil))
	f.Add((&Keymap{}).Append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		// The fuzzer's slices have room behind their ends, where a read too far would do no harm.
		data = slices.Clip(data)
		k, err := ParseKeymap(data)
		if err != nil {
			return
		}
		if again := k.Append(nil); !bytes.Equal(again, data) {
			t.Errorf("written again:\n% x\n% x", again, data)
		}
		for _, r := range k.Rows {
			if len(r.Tables) > maxTables || len(r.Values) > maxKeys {
				t.Errorf("%d tables, %d keys", len(r.Tables), len(r.Values))
			}
		}
	})
}

// FuzzFont: any bytes are an error or a font whose glyphs and characters lie within its bounds.
func FuzzFont(f *testing.F) {
	f.Add(sampleFont.Append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		// The fuzzer's slices have room behind their ends, where a read too far would do no harm.
		data = slices.Clip(data)
		font, err := ParseFont(data)
		if err != nil {
			return
		}
		if n := len(font.cells()); n != font.Count()*font.stride()*32 || font.Count() < 1 {
			t.Errorf("%d bytes of cells for %d glyphs", n, font.Count())
		}
		for _, p := range font.Map {
			if int(p[1]) >= font.Count() {
				t.Errorf("character %#x has glyph %d of %d", p[0], p[1], font.Count())
			}
		}
	})
}
