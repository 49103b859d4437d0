package ramdisk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for _, c := range []struct{ before, dev, name, addrs, want string }{
		{"0", "0", "", "", ""},
		{"2049", "0x801\n", "", "", ""},
		{"0", "0x801\n", "", "", "root=8:1"},
		{"0", "256\n", "", "", "root=/dev/ram0 rw"},
		{"0", "255\n", "/var/nfsroot\n", "193.8.232.2:193.8.232.7::255.255.255.0:idefix\n", "root=/dev/nfs nfsroot=/var/nfsroot ip=193.8.232.2:193.8.232.7::255.255.255.0:idefix"},
		{"0", "255\n", "/my root\n", "192.0.2.2", `root=/dev/nfs nfsroot="/my root" ip=192.0.2.2`},
	} {
		read := func(name string) string {
			return map[string]string{realRootDev: c.dev, nfsRootName: c.name, nfsRootAddrs: c.addrs}[name]
		}
		if got, err := words(c.before, read); err != nil || got != c.want {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

func TestWordsRefuses(t *testing.T) {
	for dev, c := range map[string]struct{ name, addrs, want string }{
		"nonsense":    {"", "", `"nonsense" is no device number`},
		"255":         {"", "192.0.2.2", `nfs-root-name holds ""`},
		"255 ":        {"/srv", "", `nfs-root-addrs holds ""`},
		"0xff":        {"/srv\" init=/bin/sh", "192.0.2.2", "nfs-root-name holds"},
		"0x00ff":      {"/srv", "192.0.2.2\n192.0.2.3", "nfs-root-addrs holds"},
		"254":         {"", "", "its major number is 0"},
		"99999999999": {"", "", "is no device number"},
	} {
		read := func(name string) string {
			return map[string]string{realRootDev: dev, nfsRootName: c.name, nfsRootAddrs: c.addrs}[name]
		}
		if got, err := words("0", read); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %q, %v; want %q", dev, got, err, c.want)
		}
	}
}

func TestExecutable(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/nowhere", link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{write("good", 0o755): true, write("one", 0o010): true, filepath.Join(dir, "none"): false, link: true} {
		if got, err := executable(path); got != want || err != nil {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
	for _, path := range []string{write("plain", 0o644), dir} {
		if got, err := executable(path); got || err == nil || !strings.Contains(err.Error(), "/linuxrc may not be executed") {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{nil, {"run"}, {"measure"}, {"fill", "a"}, {"run", "ext2", "0:0", "soon"}} {
		if err := Help(args, os.Stderr); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Help([]string{"measure", empty}, os.Stderr); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Error(err)
	}
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, make([]byte, 5000), 0o644); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Help([]string{"measure", plain}, &out); err != nil || out.String() != "5000\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	to := filepath.Join(t.TempDir(), "device")
	if err := os.WriteFile(to, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Help([]string{"fill", plain, to}, &out); err != nil {
		t.Error(err)
	}
	if st, err := os.Stat(to); err != nil || st.Size() != 5000 {
		t.Error(st, err)
	}
}
