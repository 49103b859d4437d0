package kmod

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// testKernel is an unpacked kernel package: dir/lib/modules/version.
type testKernel struct{ dir, version string }

func (k testKernel) index(t testing.TB) *Index {
	t.Helper()
	ix, err := Open(os.DirFS(k.dir), k.modules())
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func (k testKernel) modules() string { return "lib/modules/" + k.version }

func (k testKernel) read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(k.dir, k.modules(), file))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// kernels returns the kernels to test with: those in the folder that PREROOT_KERNELS names, or in the cache.
func kernels(t testing.TB) []testKernel {
	t.Helper()
	store := os.Getenv("PREROOT_KERNELS")
	if store == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		store = filepath.Join(cache, "preroot", "kernels")
	}
	var found []testKernel
	deps, _ := filepath.Glob(filepath.Join(store, "*", "lib", "modules", "*", "modules.dep.bin"))
	for _, dep := range deps {
		// sid moves daily, and other machines' kernels have the same formats: they cost time here.
		if name := strings.TrimPrefix(dep, store+"/"); os.Getenv("PREROOT_KERNELS") == "" && (strings.HasPrefix(name, "sid") || strings.Contains(name, "arm64")) {
			continue
		}
		dir := filepath.Dir(dep)
		found = append(found, testKernel{filepath.Join(dir, "..", "..", ".."), filepath.Base(dir)})
	}
	if len(found) == 0 {
		t.Fatalf("no kernel under %s: run make kernels", store)
	}
	return found
}

// fullKernel returns the kernel with the most modules.
func fullKernel(t testing.TB) testKernel {
	t.Helper()
	var best testKernel
	size := int64(-1)
	for _, k := range kernels(t) {
		info, err := os.Stat(filepath.Join(k.dir, k.modules(), "modules.dep.bin"))
		if err == nil && info.Size() > size {
			best, size = k, info.Size()
		}
	}
	return best
}

// emptyConf is a folder without modprobe.d files, so that those of the host do not count.
func emptyConf(t testing.TB) string { return t.TempDir() }

// modprobe runs kmod's own program and returns the lines it prints.
func modprobe(t testing.TB, conf string, args ...string) ([]string, error) {
	t.Helper()
	tool, err := exec.LookPath("modprobe")
	if err != nil {
		tool = "/usr/sbin/modprobe"
	}
	if _, err := os.Stat(tool); err != nil {
		t.Fatal("modprobe is missing: apt-get install kmod")
	}
	cmd := exec.Command(tool, append([]string{"-C", conf}, args...)...)
	out, err := cmd.Output()
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' }), err
}
