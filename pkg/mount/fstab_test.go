package mount

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFstab(t *testing.T) {
	entries, problems := ParseFstab(strings.Join([]string{
		"# comment", "", "  # indented comment",
		"UUID=ab\t/\text4\tdefaults\t0\t1",
		`LABEL=My\040data /srv/My\040data ext4 noatime 0 2`,
		"/dev/sdb1 none swap sw",
		"one two",
		"/dev/sdc / ext4 ro 0 first",
		"tmpfs /tmp tmpfs",
	}, "\n"))
	var got []string
	for _, e := range entries {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s|%d", e.Spec, e.File, e.Type, e.Options, e.Pass))
	}
	for _, p := range problems {
		got = append(got, p.Error())
	}
	want := []string{
		"UUID=ab|/|ext4|rw,defaults|1",
		"LABEL=My data|/srv/My data|ext4|rw,noatime|2",
		"/dev/sdb1|none|swap|rw,sw|0",
		"tmpfs|/tmp|tmpfs|rw|0",
		`fstab: line 7: "one two": want "device directory type options dump pass"`,
		`fstab: line 8: pass "first" is not a number`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFstabBound(t *testing.T) {
	if _, problems := ParseFstab(strings.Repeat("#\n", MaxFstab)); len(problems) != 1 {
		t.Errorf("a file twice as long as the bound: %v", problems)
	}
}

func TestFor(t *testing.T) {
	entries, _ := ParseFstab("a /usr/ ext4\nb /usr ext4\nc / swap\nd / ext4")
	for file, want := range map[string]string{"/usr": "a", "/": "d", "/var": ""} {
		e, ok := For(entries, file)
		if e.Spec != want || ok != (want != "") {
			t.Errorf("%s: %+v %v", file, e, ok)
		}
	}
}

// TestFstabAgainstFindmnt: util-linux reads the same fields.
func TestFstabAgainstFindmnt(t *testing.T) {
	if _, err := exec.LookPath("findmnt"); err != nil {
		t.Fatal("findmnt is missing: install the Debian package util-linux")
	}
	text := "LABEL=a\\040b /mnt/a\\040b ext4 noatime,commit=9 0 2\n\n# comment\n/dev/sda1\t/usr\txfs\tro\n/dev/sdb /srv\\134x btrfs subvol=@,x-initrd.mount 0 0\n"
	file := filepath.Join(t.TempDir(), "fstab")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("findmnt", "--fstab", "--tab-file", file, "--raw", "--noheadings", "-o", "SOURCE,TARGET,FSTYPE,PASSNO").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got string
	entries, _ := ParseFstab(text)
	for _, e := range entries {
		hex := strings.NewReplacer(" ", `\x20`, `\`, `\x5c`)
		got += fmt.Sprintf("%s %s %s %d\n", hex.Replace(e.Spec), hex.Replace(e.File), e.Type, e.Pass)
	}
	if diff := cmp.Diff(string(out), got); diff != "" {
		t.Errorf("(-findmnt +ours)\n%s", diff)
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", `a\040b`: "a b", `\134040`: `\040`, `\08`: `\08`, `\9999`: `\9999`, `\777`: `\777`, `\`: `\`, `x\04`: `x\04`,
	} {
		if got := Unescape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzParseFstab: every line that says something is an entry or a problem, and no entry is without its fields.
func FuzzParseFstab(f *testing.F) {
	f.Add("/dev/sda / ext4 defaults 0 1\n")
	f.Add("a\\040b c d e f g h\nx\n#\n")
	f.Fuzz(func(t *testing.T, text string) {
		entries, problems := ParseFstab(text)
		said := 0
		for _, line := range strings.Split(text, "\n") {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				said++
			}
		}
		if len(text) <= MaxFstab && len(entries)+len(problems) != said {
			t.Errorf("%d lines, %d entries and %d problems", said, len(entries), len(problems))
		}
		for _, e := range entries {
			if e.Spec == "" || e.File == "" || e.Type == "" {
				t.Errorf("an empty field: %+v", e)
			}
		}
	})
}

// FuzzUnescape (Z22): what is escaped as the kernel does (fs/proc_namespace.c, mangle) reads back, and nothing panics.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{"", `a b`, "\t\n\\#", `\040`, `\0`, `\999`, "\\", "é\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_ = Unescape(s)
		escaped := strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`, "#", `\043`).Replace(s)
		if got := Unescape(escaped); got != s {
			t.Errorf("Unescape(%q) = %q, want %q", escaped, got, s)
		}
	})
}
