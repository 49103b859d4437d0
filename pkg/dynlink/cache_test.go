package dynlink

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCache: ldconfig(8) prints what was written, and the order of names is that of the cache of this machine, which the loader searches.
func TestCache(t *testing.T) {
	own, err := exec.Command("/sbin/ldconfig", "-p").Output()
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^\t(\S+) \(libc6,x86-64\) => (\S+)$`)
	var list []Library
	for _, m := range line.FindAllStringSubmatch(string(own), -1) {
		list = append(list, Library{m[1], m[2], elf.EM_X86_64})
	}
	if len(list) < 20 {
		t.Fatalf("this machine has %d libraries", len(list))
	}
	mixed := slices.Clone(list)
	slices.Reverse(mixed)
	slices.SortStableFunc(mixed, func(a, b Library) int { return strings.Compare(a.Path, b.Path) })
	file := filepath.Join(t.TempDir(), "cache")
	if err := os.WriteFile(file, Cache(mixed), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("/sbin/ldconfig", "-p", "-C", file).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	names := func(text []byte) (list []string) {
		for _, m := range line.FindAllStringSubmatch(string(text), -1) {
			if len(list) == 0 || list[len(list)-1] != m[1] {
				list = append(list, m[1])
			}
		}
		return list
	}
	if got, want := names(out), names(own); !slices.Equal(got, want) {
		t.Errorf("%q\n%q", got, want)
	}
	if Cache(nil) != nil || Cache([]Library{{"a", "/a", elf.EM_NONE}}) != nil {
		t.Error("something of nothing")
	}
}

// TestLoaderReadsCache: the real loader finds a library that only the cache knows.
func TestLoaderReadsCache(t *testing.T) {
	dir := t.TempDir()
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
	}
	for name, text := range map[string]string{"a.c": "int a(void) { return 7; }", "p.c": "int a(void); int main(void) { return a(); }"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root := filepath.Join(dir, "root")
	for _, d := range []string{"opt/x", "etc", "bin"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run("gcc", "-shared", "-fPIC", "-Wl,-soname,liba.so.1", "-o", filepath.Join(root, "opt/x/liba.so.1"), filepath.Join(dir, "a.c"))
	run("gcc", "-o", filepath.Join(root, "bin/p"), filepath.Join(dir, "p.c"), filepath.Join(root, "opt/x/liba.so.1"))
	host, err := Open("/")
	if err != nil {
		t.Fatal(err)
	}
	items, err := host.Closure(Options{}, "/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items { // the loader and the C library
		if i.Target == "" && i.Why != "" {
			run("install", "-D", i.Path, filepath.Join(root, i.Path))
		}
	}
	run("install", "-D", "/lib64/ld-linux-x86-64.so.2", filepath.Join(root, "lib64/ld-linux-x86-64.so.2"))
	words := []string{"chroot", root, "/bin/p"}
	if os.Getuid() != 0 {
		words = append([]string{"unshare", "--map-root-user"}, words...)
	}
	for _, cache := range [][]byte{nil, Cache([]Library{{"liba.so.1", "/opt/x/liba.so.1", elf.EM_X86_64}, {"libz.so", "/opt/x/libz.so", elf.EM_X86_64}})} {
		if err := os.WriteFile(filepath.Join(root, CacheName), cache, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(words[0], words[1:]...)
		out, _ := cmd.CombinedOutput()
		status := cmd.ProcessState.ExitCode()
		if want := map[bool]int{true: 127, false: 7}[cache == nil]; status != want || cache == nil && !bytes.Contains(out, []byte("liba.so.1")) {
			t.Errorf("status %d, not %d: %s", status, want, out)
		}
	}
}
