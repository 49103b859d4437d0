package crypttab

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// generator is systemd's, which says in its units how it reads the same text.
const generator = "/usr/lib/systemd/system-generators/systemd-cryptsetup-generator"

// seen is what a volume looks like to both: NAME DEVICE KEY HEADER AUTO, each file as PATH:DEVICE.
func seen(name, device string, key, header Location, auto bool) string {
	s := name + " " + node(device) + " " + key.Path + ":" + node(key.Device) + " " + header.Path + ":" + node(header.Device)
	if !auto {
		s += " noauto"
	}
	return s
}

// node is what a tag is called under /dev/disk.
func node(device string) string {
	for _, tag := range strings.Fields(tags) {
		if value, ok := strings.CutPrefix(device, tag+"="); ok {
			return "/dev/disk/by-" + strings.ToLower(tag) + "/" + value
		}
	}
	return device
}

// bySystemd runs the generator and lists the volumes of its units.
func bySystemd(t *testing.T, tab, line string) []string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "crypttab")
	if err := os.WriteFile(file, []byte(tab), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(generator, dir, dir, dir)
	cmd.Env = []string{"SYSTEMD_CRYPTTAB=" + file, "SYSTEMD_PROC_CMDLINE=" + line, "SYSTEMD_IN_INITRD=1", "RUNTIME_DIRECTORY=" + dir + "/run", "SYSTEMD_LOG_TARGET=console"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	mounts := map[string]string{} // directory to device
	units, _ := filepath.Glob(dir + "/*.mount")
	for _, u := range units {
		mounts[setting(t, u, "Where=")] = setting(t, u, "What=")
	}
	place := func(p string) Location {
		for where, what := range mounts {
			if rest, ok := strings.CutPrefix(p, where+"/"); ok {
				return Location{"/" + rest, what}
			}
		}
		return Location{Path: p}
	}
	var list []string
	units, _ = filepath.Glob(dir + "/systemd-cryptsetup@*.service")
	for _, u := range units {
		words := strings.Split(setting(t, u, "ExecStart="), "'") // attach 'NAME' 'DEVICE' 'KEY' 'OPTIONS'
		key := place(words[5])
		if inList(key.Path, "- none") || key.Path == "" {
			key = Location{}
		}
		o, _ := ParseOptions(words[7])
		auto := false
		for _, target := range []string{"cryptsetup", "remote-cryptsetup"} {
			for _, how := range []string{"wants", "requires"} {
				_, err := os.Lstat(filepath.Join(dir, target+".target."+how, filepath.Base(u)))
				auto = auto || err == nil
			}
		}
		list = append(list, seen(words[1], words[3], key, place(o.Header.Path), auto))
	}
	slices.Sort(list)
	return list
}

// setting is the value of a line of a unit.
func setting(t *testing.T, unit, key string) string {
	t.Helper()
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, key); ok {
			return strings.ReplaceAll(value, "%%", "%")
		}
	}
	return ""
}

func needGenerator(t *testing.T) {
	if _, err := os.Stat(generator); err != nil {
		t.Fatal("systemd-cryptsetup-generator is missing: it is in the package systemd (systemd-cryptsetup in newer ones)")
	}
}

// A crypttab is read as systemd reads it.
func TestCrypttabAsSystemd(t *testing.T) {
	needGenerator(t)
	tab := "# comment\n\n   # another\n" +
		"a UUID=" + uuidA + "\n" +
		"  b\tUUID=" + uuidB + "  none \t luks,discard\r\n" +
		"c PARTUUID=1234-02 - nofail,noauto\n" +
		"d LABEL=x /key:LABEL=y header=/h:UUID=z\n" +
		"e PARTLABEL=x /key:with:colon header=/h:i\n" +
		"f /dev/sdb1 /key:/dev/sdc keyfile-timeout=5s,header=/dev/sdd\n" +
		"g UUID=\"1-2\" /key:PARTUUID=\"3\" noauto,auto,_netdev more words\n" +
		"h\n" +
		"i.j_k+l-m /dev/disk/by-id/x /key: tries=1\n"
	entries, _ := Parse("crypttab", tab)
	var ours []string
	for _, e := range entries {
		ours = append(ours, seen(e.Name, e.Device, e.Key, e.Options.Header, !e.Options.NoAuto))
	}
	slices.Sort(ours)
	if diff := cmp.Diff(bySystemd(t, tab, ""), ours); diff != "" || len(ours) != 8 {
		t.Errorf("%d volumes (-systemd +ours):\n%s", len(ours), diff)
	}
}

// Words and crypttab together open what systemd opens, under its names and with its first key.
func TestWordsAsSystemd(t *testing.T) {
	needGenerator(t)
	tab := "a UUID=" + uuidA + " /tabkey discard,header=/tabheader\nb UUID=" + uuidB + " none noauto\n"
	const c = "cccccccc-0000-0000-0000-000000000000"
	for _, line := range []string{
		"", "rd.luks=0", "luks=no", "rd.luks.crypttab=0", "luks.crypttab=0 rd.luks.uuid=" + uuidA,
		"rd.luks.uuid=" + uuidA, "rd.luks.uuid=" + c, "luks.uuid=" + c, "rd.luks.name=" + c + "=name", "luks.name=" + c + "=name rd.luks.key=/k",
		"rd.luks.uuid=" + c + " rd.luks.key=" + c + "=/k:LABEL=kd", "rd.luks.uuid=" + c + " rd.luks.key=" + c + "=/k:x rd.luks.key=/other",
		"rd.luks.uuid=" + c + " rd.luks.key=" + uuidA + "=/k", "rd.luks.uuid=" + c + " rd.luks.options=" + c + "=header=/h:LABEL=hd rd.luks.data=" + c + "=/dev/sdx",
		"rd.luks.uuid=" + c + " rd.luks.options=header=/h", "rd.luks.uuid=" + uuidA + " rd.luks.options=header=/h",
		"rd.luks.uuid=" + uuidA + " rd.luks.options=" + uuidA + "=header=/h:UUID=1", "rd.luks.uuid=" + uuidA + " rd.luks.uuid=" + c + " rd.luks.options=header=/h rd.luks.options=" + c + "=noauto",
		"luks.uuid=" + c + " rd.luks.key=abc=/k", "luks.uuid=" + c + " luks.options=abc=noauto",
	} {
		w, _ := words(line)
		entries, _ := Parse("crypttab", tab)
		var ours []string
		for _, uuid := range []string{uuidA, uuidB, c} {
			v, ok := w.Volume(entries, Device{UUID: uuid})
			inTab := w.Crypttab && uuid != c && (!w.named() || w.mentions(uuid) || v.Wanted) // systemd has units of noauto volumes too, which nothing starts
			if !ok || !v.Wanted && !inTab {
				continue
			}
			var key Location
			if !strings.Contains(v.Keys[0].File.Path, "/cryptsetup-keys.d/") {
				key = v.Keys[0].File
			}
			device := "UUID=" + uuid
			for _, n := range w.Data {
				device = n.Value
			}
			ours = append(ours, seen(v.Name, device, key, v.Options.Header, !v.Options.NoAuto))
		}
		slices.Sort(ours)
		if diff := cmp.Diff(bySystemd(t, tab, line), ours); diff != "" {
			t.Errorf("%q (-systemd +ours):\n%s", line, diff)
		}
	}
}
