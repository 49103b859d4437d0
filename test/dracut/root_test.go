package dracut

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// tool is one version of dracut in a root folder of its own.
type tool struct {
	root    string
	version string
	run     bool // the version that reads /run/initramfs/cmdline.d (since 107)
	argv    []string
	env     []string
	load    string // text that makes the functions known and lets warn write to descriptor 3
}

// newTool makes the root folder: a shell, the two programs, the two libraries of shell functions.
func newTool(t testing.TB, suite string) *tool {
	t.Helper()
	dir := fetch(t, suite, "", packages)
	version, err := os.ReadFile(filepath.Join(dir, "VERSION"))
	if err != nil {
		t.Fatal(err)
	}
	d := &tool{root: t.TempDir(), version: strings.TrimSpace(string(version)),
		argv: []string{"/bin/sh"}, load: prologue}
	for _, sub := range []string{"dev", "etc/cmdline.d", "proc", "run/initramfs/cmdline.d"} {
		if err := os.MkdirAll(filepath.Join(d.root, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// An ordinary file is null enough for what is only written to it, and needs no privilege.
	if err := os.WriteFile(filepath.Join(d.root, "dev/null"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	util := only(t, dir, "usr/lib/dracut/dracut-util")
	d.copy(t, util, "bin/dracut-getarg")
	d.copy(t, util, "bin/dracut-getargs")
	d.copy(t, only(t, dir, "bin/dash", "usr/bin/dash"), "bin/sh")
	libc := only(t, dir, "lib/*/libc.so.6", "usr/lib/*/libc.so.6")
	d.copy(t, libc, "lib/libc.so.6")
	interpreter := interpreter(t, util)
	d.copy(t, only(t, filepath.Dir(libc), filepath.Base(interpreter)), interpreter)
	for _, name := range []string{"dracut-lib.sh", "dracut-dev-lib.sh"} {
		d.copy(t, only(t, dir, "usr/lib/dracut/modules.d/*base/"+name), "lib/"+name)
	}
	lib, err := os.ReadFile(filepath.Join(d.root, "lib/dracut-lib.sh"))
	if err != nil {
		t.Fatal(err)
	}
	d.run = bytes.Contains(lib, []byte("/run/initramfs/cmdline.d/*.conf"))
	return d
}

// only finds the one file below dir that matches one of the patterns.
func only(t testing.TB, dir string, patterns ...string) string {
	t.Helper()
	for _, p := range patterns {
		if found, _ := filepath.Glob(filepath.Join(dir, p)); len(found) == 1 {
			return found[0]
		}
	}
	t.Fatalf("%s: no %s; remove the folder to fetch it again", dir, strings.Join(patterns, " or "))
	return ""
}

func (d *tool) copy(t testing.TB, from, to string) {
	t.Helper()
	to = filepath.Join(d.root, to)
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// interpreter is the path of the dynamic loader that a program asks for.
func interpreter(t testing.TB, program string) string {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	section := f.Section(".interp")
	if section == nil {
		t.Fatalf("%s has no dynamic loader", program)
	}
	b, err := section.Data()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimRight(string(b), "\x00")
}

// prologue makes the functions report their warnings on descriptor 3 and leaves out what has nothing to do
// with the question (PREFIX: the folders of a boot).
const prologue = `PREFIX=/x
. /lib/dracut-dev-lib.sh
. /lib/dracut-lib.sh
warn() { printf '%s\0' "$*" >&3; }
`

// answer is what dracut did with one question.
type answer struct {
	out    string // standard output
	status string
	warned []string
}

// ask runs dracut's functions over all cases and returns one answer for each question of each case.
func (d *tool) ask(t testing.TB, cases []testCase) [][]answer {
	t.Helper()
	var script strings.Builder
	script.WriteString(d.load)
	for _, c := range cases {
		d.writeSources(&script, c)
		for _, q := range c.questions {
			if !d.run {
				// Their functions begin with "local X" alone, which in dash keeps the value of an earlier call.
				script.WriteString("unset _newoption _deprecated\n")
			}
			fmt.Fprintf(&script, "%s\nprintf '\\0%%s\\0' $?; printf '\\0' >&3\n", q.shell())
		}
	}
	out, warnings := d.shell(t, script.String())
	var all [][]answer
	for _, c := range cases {
		var answers []answer
		for range c.questions {
			var a answer
			a.out, out = cut(t, out)
			a.status, out = cut(t, out)
			for w := ""; ; a.warned = append(a.warned, w) {
				if w, warnings = cut(t, warnings); w == "" {
					break
				}
			}
			answers = append(answers, a)
		}
		all = append(all, answers)
	}
	return all
}

// writeSources makes the script write the files of a case. The older versions get their text directly: they
// do not know all of the files.
func (d *tool) writeSources(script *strings.Builder, c testCase) {
	if !d.run {
		fmt.Fprintf(script, "T=%s\ngetcmdline() { printf '%%s' \"$T\"; }\n", quote(c.oldText()))
		return
	}
	for i, name := range sourceNames {
		fmt.Fprintf(script, "printf '%%s' %s >%s\n", quote(c.texts[i]), name)
	}
}

// quote writes a string as one word of shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func cut(t testing.TB, s string) (field, rest string) {
	t.Helper()
	field, rest, ok := strings.Cut(s, "\x00")
	if !ok {
		t.Fatal("dracut's shell stopped early")
	}
	return field, rest
}

// shell runs a script inside the root folder and returns what it wrote to descriptors 1 and 3.
func (d *tool) shell(t testing.TB, script string) (out, warnings string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(d.root, "script"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	warned, err := os.Create(filepath.Join(d.root, "warned"))
	if err != nil {
		t.Fatal(err)
	}
	defer warned.Close()
	var stdout, stderr bytes.Buffer
	cmd := &exec.Cmd{Path: d.argv[0], Args: append(d.argv[1:len(d.argv):len(d.argv)], "/script")}
	if len(d.argv) == 1 {
		cmd.Args = []string{"sh", "/script"}
	}
	cmd.Dir = "/"
	cmd.Env = append([]string{"PATH=/bin", "LD_LIBRARY_PATH=/lib"}, d.env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.ExtraFiles = []*os.File{warned}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: d.root}
	namespace(cmd.SysProcAttr)
	if err := cmd.Run(); err != nil {
		t.Fatalf("dracut %s: %v\n%.2000s", d.version, err, stderr.String())
	}
	w, err := os.ReadFile(warned.Name())
	if err != nil {
		t.Fatal(err)
	}
	return stdout.String(), string(w)
}

// namespace lets anybody change the root folder, inside a user namespace.
func namespace(attr *syscall.SysProcAttr) {
	if os.Geteuid() == 0 {
		return
	}
	attr.Cloneflags |= syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
}
