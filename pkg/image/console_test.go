package image

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/pkg/vconsole"
)

// hostEtc writes files below a folder that stands for /etc.
func hostEtc(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAssignment(t *testing.T) {
	for _, tt := range []struct{ line, name, value, err string }{
		{`KEYMAP=de`, "KEYMAP", "de", ""},
		{`  KEYMAP = "de-latin1"  # German`, "KEYMAP", "de-latin1", ""},
		{`export XKBLAYOUT='us,ru'`, "XKBLAYOUT", "us,ru", ""},
		{`XKBVARIANT=""`, "XKBVARIANT", "", ""},
		{`FONT=lat9w-16 # comment`, "FONT", "lat9w-16", ""},
		{`# KEYMAP=de`, "", "", ""},
		{`; KEYMAP=de`, "", "", ""},
		{`setupcon --force`, "", "", ""},
		{`KEY MAP=de`, "", "", ""},
		{`KEYMAP=$(reboot)`, "", "", "as it stands"},
		{"KEYMAP=`reboot`", "", "", "as it stands"},
		{`KEYMAP="de`, "", "", "two quotes"},
		{`KEYMAP="de" fr`, "", "", "two quotes"},
		{"KEYMAP=\x1b[2J", "", "", "as it stands"},
	} {
		name, value, err := assignment(tt.line)
		if name != tt.name || value != tt.value || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q: %q %q %v", tt.line, name, value, err)
		}
	}
}

func FuzzAssignment(f *testing.F) {
	f.Add(`KEYMAP="de"`)
	f.Add(`FONT='x' # y`)
	f.Fuzz(func(t *testing.T, line string) {
		name, value, err := assignment(line)
		if err == nil && (strings.ContainsAny(value, "$`\\\x00\x1b\n") || strings.ContainsFunc(name, notInName)) {
			t.Errorf("%q gives %q = %q", line, name, value)
		}
	})
}

func TestAssignmentsBounded(t *testing.T) {
	dir := hostEtc(t, map[string]string{"big": strings.Repeat("A=1\n", assignmentLimit/4+1), "two": "A=1\nB=$x\nA=2\n"})
	if values, complaints := assignments(filepath.Join(dir, "big")); len(values) != 0 || len(complaints) != 1 {
		t.Errorf("a big file: %d values, %v", len(values), complaints)
	}
	values, complaints := assignments(filepath.Join(dir, "two"))
	if diff := cmp.Diff(map[string]string{"A": "2"}, values); diff != "" || len(complaints) != 1 || !strings.Contains(complaints[0], "two:2: B:") {
		t.Errorf("%s %v", diff, complaints)
	}
	if values, complaints := assignments(filepath.Join(dir, "none")); len(values) != 0 || complaints != nil {
		t.Errorf("no file: %v, %v", values, complaints)
	}
}

// TestWishes: who wins among options, words and files.
func TestWishes(t *testing.T) {
	conf := "KEYMAP=fr\nKEYMAP_TOGGLE=us\nFONT=lat9w-16\nFONT_UNIMAP=lat9\n"
	debian := "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"de\"\nXKBVARIANT=\"nodeadkeys\"\nXKBOPTIONS=\"compose:menu\"\n"
	setup := "CODESET=\"Lat15\"\nFONTFACE=\"Fixed\"\nFONTSIZE=\"8x16\"\n"
	type wish struct {
		Keymap   []string
		Layout   layoutXKB
		Font     string
		Unimap   string
		Explicit string
	}
	for name, tt := range map[string]struct {
		o     Options
		files map[string]string
		want  wish
	}{
		"nothing":     {},
		"vconsole":    {files: map[string]string{"vconsole.conf": conf, "default/keyboard": debian}, want: wish{Keymap: []string{"fr", "us"}, Font: "lat9w-16", Unimap: "lat9"}},
		"Debian":      {files: map[string]string{"default/keyboard": debian, "default/console-setup": setup}, want: wish{Layout: layoutXKB{"pc105", "de", "nodeadkeys", "compose:menu"}, Font: "Lat15-Fixed16"}},
		"wide font":   {files: map[string]string{"default/console-setup": strings.Replace(setup, "8x16", "16x32", 1)}, want: wish{Font: "Lat15-Fixed32x16"}},
		"XKB there":   {files: map[string]string{"vconsole.conf": "XKBLAYOUT=it\n", "default/keyboard": debian}, want: wish{Layout: layoutXKB{layout: "it"}}},
		"option":      {o: Options{Keymap: "pl", Font: "x"}, files: map[string]string{"vconsole.conf": conf}, want: wish{Keymap: []string{"pl", "us"}, Font: "x", Unimap: "lat9", Explicit: "keymap font"}},
		"option none": {o: Options{Keymap: "none", Font: "none"}, files: map[string]string{"vconsole.conf": conf, "default/keyboard": debian}, want: wish{Unimap: "lat9", Explicit: "keymap font"}},
		"word": {o: Options{KernelCmdline: "root=/dev/vda rd.vconsole.keymap=es vconsole.font=y"}, files: map[string]string{"default/keyboard": debian},
			want: wish{Keymap: []string{"es"}, Font: "y", Explicit: "keymap font"}},
		"option before word": {o: Options{Keymap: "de", KernelCmdline: "rd.vconsole.keymap=es"}, want: wish{Keymap: []string{"de"}, Explicit: "keymap"}},
		"the kernel's own":   {files: map[string]string{"vconsole.conf": "KEYMAP=us\n", "default/keyboard": debian}},
	} {
		t.Run(name, func(t *testing.T) {
			c := &console{etc: hostEtc(t, tt.files)}
			c.wishes(&tt.o)
			got := wish{Keymap: c.keymap, Layout: c.layout, Font: c.font, Unimap: c.fontUnimap}
			if c.keymapOption {
				got.Explicit = "keymap"
			}
			if c.fontOption {
				got.Explicit = strings.TrimSpace(got.Explicit + " font")
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(layoutXKB{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestGuessedFont: with CODESET=guess the font is the one that setupcon has kept.
func TestGuessedFont(t *testing.T) {
	etc := hostEtc(t, map[string]string{
		"default/console-setup": "CODESET=guess\nFONTFACE=Fixed\nFONTSIZE=8x16\n", "console-setup/cached_Lat15-Fixed16.psf.gz": "",
	})
	c := &console{etc: etc}
	c.wishes(&Options{HostEtc: etc})
	if want := etc + "/console-setup/cached_Lat15-Fixed16.psf.gz"; c.font != want {
		t.Errorf("font %q; want %q", c.font, want)
	}
}

// needTool names the Debian package of a host program that the test cannot do without.
func needTool(t *testing.T, debian string, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%s is missing: apt-get install %s", p, debian)
		}
	}
}

// TestKeymapTables compares each table of a whole layout with loadkeys' own binary form (-b, of 128 keys).
func TestKeymapTables(t *testing.T) {
	needTool(t, "kbd console-setup", "loadkeys", "ckbcomp")
	for _, layout := range []string{"de", "us,ru"} {
		t.Run(layout, func(t *testing.T) {
			text, err := tool(nil, "console-setup", "ckbcomp", "-layout", layout)
			if err != nil {
				t.Fatal(err)
			}
			binaryForm, err := tool(text, "kbd", "loadkeys", "-q", "-u", "-b", "-")
			if err != nil {
				t.Fatal(err)
			}
			keymap := mustParse(t, layoutXKB{layout: layout})
			compareTables(t, keymap, binaryForm)
		})
	}
}

func mustParse(t *testing.T, x layoutXKB) vconsole.Keymap {
	t.Helper()
	c := &console{layout: x}
	data, err := c.compileKeymap()
	if err != nil {
		t.Fatal(err)
	}
	keymap, err := vconsole.ParseKeymap(data)
	if err != nil {
		t.Fatal(err)
	}
	return keymap
}

// compareTables: "bkeymap", a byte for each of 256 tables, then 128 values of each that is there.
func compareTables(t *testing.T, k vconsole.Keymap, b []byte) {
	t.Helper()
	values := map[uint8][]uint16{}
	for _, r := range k.Rows {
		for _, table := range r.Tables {
			values[table] = r.Values
		}
	}
	at, tables := 7+256, 0
	for table := range 256 {
		if b[7+table] == 0 {
			if values[uint8(table)] != nil {
				t.Errorf("table %d is one too many", table)
			}
			continue
		}
		tables++
		for key := range 128 {
			want, got := binary.LittleEndian.Uint16(b[at:]), uint16(vconsole.Hole)
			if at += 2; key < len(values[uint8(table)]) {
				got = values[uint8(table)][key]
			}
			// -b writes Unicode as the kernel holds it, and all else as its calls take it.
			if got != want && got != want^0xf000 {
				t.Fatalf("table %d, key %d: %#x; loadkeys -b has %#x", table, key, got, want)
			}
		}
	}
	if tables < 16 || at != len(b) {
		t.Errorf("%d tables, %d of %d bytes compared", tables, at, len(b))
	}
}

// TestGermanKeymap: the keys that the whole thing is about.
func TestGermanKeymap(t *testing.T) {
	needTool(t, "kbd console-setup", "loadkeys", "ckbcomp")
	plain := mustParse(t, layoutXKB{layout: "de"}).Rows[0].Values
	const letter = 0xb00 // KT_LETTER: Caps Lock counts
	for key, want := range map[int]uint16{21: letter | 'z', 44: letter | 'y', 26: letter | 0xfc, 53: '-', 12: letter | 0xdf} {
		if plain[key] != want {
			t.Errorf("key %d gives %#x; want %#x", key, plain[key], want)
		}
	}
}

// TestOwnKeymap has strings, accents and holes; the values are those of linux/keyboard.h.
func TestOwnKeymap(t *testing.T) {
	needTool(t, "kbd", "loadkeys")
	file := filepath.Join(hostEtc(t, map[string]string{"own.map": `keymaps 0-2,4
strings as usual
keycode 2 = U+20ac one
keycode 3 = VoidSymbol
keycode 16 = +q +Q dead_acute
string F1 = "hi\"\n'\\x"
string F3 = "ü"
compose 'a' 'b' to 'c'
compose '"' 'A' to U+00c4
`}), "own.map")
	c := &console{keymap: []string{file}}
	data, err := c.compileKeymap()
	if err != nil {
		t.Fatal(err)
	}
	k, err := vconsole.ParseKeymap(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][3]uint32{{'a', 'b', 'c'}, {'"', 'A', 0xc4}}, k.Diacritics); diff != "" {
		t.Errorf("accents (-want +got):\n%s", diff)
	}
	if got := string(k.Strings[0].Text) + string(k.Strings[2].Text); got != "hi\"\n'\\xü" {
		t.Errorf("strings %q", got)
	}
	if v := k.Rows[0].Values; len(v) != 17 || v[2] != 0x20ac^0xf000 || v[3] != vconsole.Hole || v[16] != 0xb00|'q' {
		t.Errorf("plain row %#x", v)
	}
}

func TestParseTablesErrors(t *testing.T) {
	good := "unsigned short plain_map[NR_KEYS] = {\n 0xf200, 0xf061,\n};\nunsigned short *key_maps[MAX_NR_KEYMAPS] = {\n plain_map, 0\n};\n"
	if _, err := parseTables(good); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ old, new, want string }{
		{"0xf061", "0x1f061", "no value"},
		{"0xf061", "what", "no value"},
		{"plain_map, 0", "plane_map, 0", "no array"},
		{"key_maps", "keymaps", "no key_maps"},
		{"0\n};", "0\n", "not closed"},
		{"0xf061", "'a", "not closed"},
	} {
		if _, err := parseTables(strings.Replace(good, tt.old, tt.new, 1)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s for %s: %v; want %q", tt.new, tt.old, err, tt.want)
		}
	}
}

// TestHostKeymapIsNoMust: what the host's files ask for and cannot be had is a warning; what an option asks for is an error.
func TestHostKeymapIsNoMust(t *testing.T) {
	needTool(t, "kbd console-setup", "loadkeys", "ckbcomp")
	etc := hostEtc(t, map[string]string{"vconsole.conf": "KEYMAP=no-such-keymap\nFONT=no-such-font\nFONT_MAP=8859-1\n"})
	entries, warnings, err := consoleFiles(&Options{HostEtc: etc})
	if err != nil || len(entries) != 0 || len(warnings) != 3 {
		t.Errorf("%d entries, %q, %v", len(entries), warnings, err)
	}
	for _, o := range []Options{{Keymap: "no-such-keymap"}, {Font: "no-such-font"}, {Keymap: "--help"}, {Font: "a b"}, {KernelCmdline: "rd.vconsole.keymap=no-such"}} {
		if _, _, err := consoleFiles(&o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

// TestMissingTools: the error names the package.
func TestMissingTools(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := consoleFiles(&Options{Keymap: "de"})
	if err == nil || !strings.Contains(err.Error(), "install the Debian package kbd") {
		t.Errorf("%v", err)
	}
	_, warnings, err := consoleFiles(&Options{HostEtc: hostEtc(t, map[string]string{"default/keyboard": "XKBLAYOUT=de\n"})})
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "install the Debian package console-setup") {
		t.Errorf("%v %q", err, warnings)
	}
}

// TestPSF1: a font of version 1 becomes one of version 2 with the same glyphs and characters.
func TestPSF1(t *testing.T) {
	glyphs := bytes.Repeat([]byte{0x18, 0x81}, 256)
	data := append([]byte{0x36, 0x04, 2, 2}, glyphs...)
	table := []uint16{'A', 0x391, 0xfffe, 'A', 0x301, 0xffff, 'B', 0xffff}
	for range 254 {
		table = append(table, 0xffff)
	}
	for _, v := range table {
		data = binary.LittleEndian.AppendUint16(data, v)
	}
	f, err := readFont(data)
	if err != nil {
		t.Fatal(err)
	}
	f, err = vconsole.ParseFont(f.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(vconsole.Font{Width: 8, Height: 2, Glyphs: glyphs, Map: [][2]uint16{{'A', 0}, {0x391, 0}, {'B', 1}}}, f); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := readFont(data[:100]); err == nil {
		t.Error("a font that is cut off is no error")
	}
}

func TestUnimap(t *testing.T) {
	file := filepath.Join(hostEtc(t, map[string]string{"x.uni": "# a comment\n0x41 U+0041 U+0391\n0x30-0x32 idem\n0x01-0x02 U+2500-U+2501\n"}), "x.uni")
	got, err := readUnimap(file, 256)
	if err != nil {
		t.Fatal(err)
	}
	want := [][2]uint16{{0x2500, 1}, {0x2501, 2}, {0x30, 0x30}, {0x31, 0x31}, {0x32, 0x32}, {0x41, 0x41}, {0x391, 0x41}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, line := range []string{"0x100 U+0041", "x U+0041", "1 U+", "1-2 U+0041", "2-1 idem"} {
		if _, err := unimapLine(strings.Fields(line), 256); err == nil {
			t.Errorf("%q is no error", line)
		}
	}
}

// TestConsoleInImage: the files are where /init looks.
func TestConsoleInImage(t *testing.T) {
	needTool(t, "kbd console-setup console-setup-linux", "loadkeys", "ckbcomp")
	_, entries := mustBuild(t, Options{ModulesDir: oneKernel(t), Drivers: []string{"virtio_blk"}, Keymap: "de", Font: "Lat15-Fixed16"})
	keymap, font := find(entries, vconsole.KeymapFile), find(entries, vconsole.FontFile)
	if keymap == nil || font == nil {
		t.Fatal("no keymap or no font in the image")
	}
	if len(keymap.Data) > 16<<10 || len(font.Data) > 16<<10 {
		t.Errorf("keymap of %d bytes, font of %d", len(keymap.Data), len(font.Data))
	}
}
