package dracut

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/boot"
	"github.com/preroot/preroot/pkg/cmdline"
)

// initLines are texts of /proc/cmdline; what stands behind a | is a file of /etc/cmdline.d.
var initLines = []string{
	"root=/dev/vda ro quiet",
	"root=/dev/vda 3 single s S emergency auto 33 x -b splash",
	"BOOT_IMAGE=/vmlinuz 1 console=ttyS0",
	"ro init=/bin/sh",
	"ro init=/bin/sh -c id console=ttyS0 BOOT_IMAGE=/x consoles=1 5 single",
	"init=/a x init=/b y z",
	"rdinit=/init.dracut ro root=/dev/vda init=/b y",
	"rdinit=/x ro 2",
	"  init=/sbin/init   a  b\tc  ",
	"init= 1 2",
	"init",
	"init=/x \"quo ted\" 'and this' \\back",
	"init=\"/x y\" z",
	"init=/x no*match /no/such/[x] ?nothing?",
	"init=/x rd.break systemd.unit=rescue.target a=b=c console BOOT_IMAGE",
	"init=/x -- 7 $(echo no) `echo no` $HOME ${x} ~ & ; | > <",
	"root=/dev/vda ro 1|init=/etc/init",
	"real_init=/x 1",
	"init=/x \xff\xfe \u00a0 b",
}

// TestInitArgs compares the arguments of the real init with those that dracut's own init makes: the part of its text that does that, run by three shells. 059 as released
// loses every argument, by quotes in the wrong place; we do what it meant.
func TestInitArgs(t *testing.T) {
	for _, suite := range []string{"bookworm", "trixie", "sid"} {
		text, err := os.ReadFile(only(t, fetch(t, suite, "", packages), "usr/lib/dracut/modules.d/*base/init.sh"))
		if err != nil {
			t.Fatal(err)
		}
		_, part, begins := strings.Cut(string(text), "\ninitargs=\"\"\n")
		part, _, ends := strings.Cut(part, "\ndebug_on\n")
		if !begins || !ends {
			t.Fatalf("%s: init.sh has no such part", suite)
		}
		broken := strings.Contains(part, `set -- "$CLINE"`)
		for _, shell := range []string{"dash", "bash", "busybox"} {
			for _, line := range initLines {
				if broken {
					part = strings.ReplaceAll(part, `set -- "$CLINE"`, `set -- $CLINE`)
				}
				want := dracutInitArgs(t, shell, part, line)
				kernel, file, _ := strings.Cut(line, "|")
				p := cmdline.Of(cmdline.Split(file + " " + kernel))
				_, _, given := p.Lookup("init=")
				if got := boot.InitArgs(kernel+"\n", given); !slices.Equal(got, want) {
					t.Errorf("%s, %s: %q\n got %q\nwant %q", suite, shell, line, got, want)
				}
			}
		}
	}
}

// dracutInitArgs runs the text of dracut.
func dracutInitArgs(t *testing.T, shell, part, line string) []string {
	t.Helper()
	dir := t.TempDir()
	sh := filepath.Join(dir, "sh")
	program, err := exec.LookPath(shell)
	if err != nil {
		t.Fatalf("%s (Debian: dash, bash, busybox-static): %v", shell, err)
	}
	kernel, file, _ := strings.Cut(line, "|")
	p := cmdline.Of(cmdline.Split(file + " " + kernel))
	_, _, given := p.Lookup("init=")
	source := filepath.Join(dir, "cmdline")
	script := "getarg() { return " + map[bool]string{true: "0", false: "1"}[given] + "; }\ndebug_off() { :; }\ninitargs=\"\"\n" +
		strings.ReplaceAll(part, "/proc/cmdline", source) + "\nset -f\nset -- $initargs\necho $#\nfor x in \"$@\"; do printf '%s\\n' \"$x\"; done\n"
	for path, text := range map[string]string{source: kernel + "\n", filepath.Join(dir, "script"): script} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(program, sh); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	cmd := exec.Command(sh, filepath.Join(dir, "script"))
	cmd.Dir, cmd.Env = empty, []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", shell, err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if n, err := strconv.Atoi(lines[0]); err != nil || n != len(lines)-1 {
		t.Fatalf("%s: %q", shell, out)
	}
	return lines[1:]
}
