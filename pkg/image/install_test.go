package image

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestInstall puts programs into an image and runs them in nothing but that.
func TestInstall(t *testing.T) {
	image := filepath.Join(t.TempDir(), "image")
	_, entries := mustBuild(t, Options{Output: image, ModulesDir: oneKernel(t), Generic: true, Install: []string{"bash", "/usr/sbin/cryptsetup", "ldd", "/etc/passwd", "/etc/ssl"}, InstallOptional: []string{"no-such-program", "cat"}})
	dir := t.TempDir()
	for _, e := range entries {
		file := filepath.Join(dir, e.Name)
		var err error
		switch e.Kind {
		case Dir:
			err = os.MkdirAll(file, 0o755)
		case Symlink:
			err = os.Symlink(string(e.Data), file)
		case Regular:
			err = os.WriteFile(file, e.Data, os.FileMode(e.Perm))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	words := []string{"chroot", dir}
	if os.Getuid() != 0 {
		words = append([]string{"unshare", "--map-root-user"}, words...)
	}
	for _, command := range []string{"/bin/bash -c 'echo works'", "/usr/bin/bash /usr/bin/ldd /usr/sbin/cryptsetup", "/sbin/cryptsetup --version"} {
		cmd := exec.Command("sh", "-c", `exec "$@" $COMMAND`, "sh")
		cmd.Args = append(cmd.Args, words...)
		cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "COMMAND=" + strings.ReplaceAll(command, "'", "")}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
	if to, err := os.Readlink(filepath.Join(dir, "sbin/modprobe")); err != nil || to != "/init" {
		t.Errorf("/sbin/modprobe -> %s, %v", to, err)
	}
	if !isFile(filepath.Join(dir, "etc/passwd")) || isFile(filepath.Join(dir, "etc/ssl/openssl.cnf")) {
		t.Error("a file, and a folder without what is in it, were asked for")
	}
	if out, err := exec.Command("/sbin/ldconfig", "-p", "-C", filepath.Join(dir, "etc/ld.so.cache")).CombinedOutput(); err != nil || !strings.Contains(string(out), "libcryptsetup.so.12 (libc6,x86-64) => /lib/x86_64-linux-gnu/libcryptsetup.so.12") {
		t.Errorf("%v: %s", err, out)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name, "lib/") || strings.HasPrefix(e.Name, "bin/") || strings.HasPrefix(e.Name, "sbin/") {
			t.Errorf("%s lies behind a link", e.Name)
		}
	}
}

func TestInstallErrors(t *testing.T) {
	for name, want := range map[string]string{
		"no-such-program": "--install no-such-program: program no-such-program is in none of",
		"/no/such/file":   "--install /no/such/file: /no/such/file: lstat",
	} {
		_, _, err := installed(&Options{Install: []string{name}}, nil, nil)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v", err)
		}
	}
}

func TestPlace(t *testing.T) {
	l := newLayout()
	l.links = map[string]string{"lib": "usr/lib", "sbin": "usr/sbin", "usr/sbin": "usr/bin"}
	for _, tt := range []struct{ in, want, link, target string }{
		{"lib/modules/6", "usr/lib/modules/6", "", ""},
		{"sbin/a", "usr/bin/a", "../init", "/init"},
		{"sbin/a", "usr/bin/a", "b", "b"},
		{"usr/lib/a", "usr/lib/a", "../x", "../x"},
		{"lib", "lib", "usr/lib", "usr/lib"},
		{"a", "a", "", ""},
	} {
		e := Entry{Name: tt.in, Kind: Regular}
		if tt.link != "" {
			e.Kind, e.Data = Symlink, []byte(tt.link)
		}
		if e = l.settle(e); e.Name != tt.want || string(e.Data) != tt.target {
			t.Errorf("%s -> %s: %s -> %s", tt.in, tt.link, e.Name, e.Data)
		}
	}
	if e := l.settle(Entry{Name: "sbin", Kind: Dir}); e.Name != "usr/bin" {
		t.Error(e.Name)
	}
	if err := l.add(Entry{Name: "lib/a", Kind: Dir}); err != nil {
		t.Error(err)
	}
	if err := l.offer(Entry{Name: "usr/lib/a", Kind: Regular}, Entry{Name: "lib/b", Kind: Regular}); err != nil || l.entries["usr/lib/a"].Kind != Dir {
		t.Errorf("%v, %v", err, l.entries)
	}
	if names := []string{"usr", "usr/lib", "usr/lib/a", "usr/lib/b"}; !slices.Equal(slices.Sorted(maps.Keys(l.entries)), names) {
		t.Errorf("%v", l.entries)
	}
}
