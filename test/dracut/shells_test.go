package dracut

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/dracut/lib"
)

// shells are the ones that an image may have as /bin/sh: the path, then argv[0] and what follows.
var shells = map[string][]string{
	"dash":         {"/bin/dash", "sh"},
	"bash as sh":   {"/bin/bash", "sh"},
	"bash --posix": {"/bin/bash", "bash", "--posix"},
	"busybox sh":   {"/bin/busybox", "sh"},
}

func shellNames() []string { return sortedKeys(shells) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// ownTool is our library in a root folder with the shells of this machine.
func ownTool(t testing.TB, shell string) *tool {
	t.Helper()
	d := &tool{root: t.TempDir(), version: "ours, " + shell, run: true, argv: shells[shell]}
	for _, sub := range []string{"dev", "etc/cmdline.d", "proc", "run/initramfs/cmdline.d"} {
		if err := os.MkdirAll(filepath.Join(d.root, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(d.root, "dev/null"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	d.install(t, d.argv[0])
	d.install(t, "/bin/dash")
	d.copy(t, "/bin/dash", "bin/sh")
	d.applets(t)
	for name, text := range lib.Files() {
		d.write(t, name, text)
	}
	d.write(t, "lib/getarg.sh", lib.Getarg)
	d.load = ". /lib/getarg.sh\n" + `warn() { printf '%s\0' "$*" >&3; }` + "\n"
	return d
}

func (d *tool) write(t testing.TB, name, text string) {
	t.Helper()
	name = filepath.Join(d.root, name)
	err := os.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		err = os.WriteFile(name, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// install copies a program of this machine with its libraries.
func (d *tool) install(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: this test needs the Debian packages dash, bash and busybox-static", err)
	}
	d.copy(t, path, path)
	for _, l := range libraries(path) {
		d.copy(t, l, l)
	}
}

// libraries are what a program is linked with, its loader too; none if it is static.
func libraries(path string) []string {
	out, err := exec.Command("ldd", path).Output()
	var all []string
	for field := range strings.FieldsSeq(string(out)) {
		if err == nil && strings.HasPrefix(field, "/") {
			all = append(all, field)
		}
	}
	return all
}

// applets gives the root folder the programs that an image of dracut has: those of this machine's busybox, beside the libraries that
// they need, because the root folder may have others.
func (d *tool) applets(t testing.TB) {
	t.Helper()
	d.copy(t, "/bin/busybox", "applets/busybox")
	run := "/applets/busybox"
	for _, l := range libraries("/bin/busybox") {
		d.copy(t, l, "applets/"+filepath.Base(l))
		if strings.HasPrefix(filepath.Base(l), "ld-") {
			run = "/applets/" + filepath.Base(l) + " --library-path /applets " + run
		}
	}
	for _, name := range strings.Fields("cat cp find id ln ls mkdir mv readlink realpath rm sed sleep sort tr true") {
		d.write(t, "bin/"+name, "#!/bin/sh\nexec "+run+" "+name+" \"$@\"\n")
		if err := os.Chmod(filepath.Join(d.root, "bin", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
