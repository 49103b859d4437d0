package qemu

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// TestAppend: one generic image boots two machines, each by a part of its own: one with words and a hook, one with words, a crypttab and the key of its volume.
func TestAppend(t *testing.T) {
	k := kernel(t, "6.1-cloud")
	generic := image{luks: true, extra: nativeHooks(t, nil)}.build(t, k)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("hooks/pre-mount/10-hello.sh", "warn \"hello from $(cat /etc/machine)\"\n")
	for _, c := range []struct {
		name string
		args []string
		disk vm.Disk
		says string
	}{
		{"hook", []string{"--kernel-cmdline", "root=UUID=" + vm.RootUUID, "--hooks", filepath.Join(dir, "hooks"), "--include", write("machine", "one"), "/etc/machine"},
			vm.Disk{Path: rootDiskFor(t, k.Arch, vm.Root{FS: "ext4"}), Serial: "root0", Snapshot: true}, "hello from one"},
		{"key", []string{"--kernel-cmdline", "root=/dev/mapper/system", "--include", write("key", passphrase), "/etc/keys/root.key", "--include", write("crypttab", "system UUID="+lockedUUID+" /etc/keys/root.key\n"), "/etc/crypttab"},
			lockedDisk(t, "pbkdf2"), "/dev/vda is open: /dev/mapper/system"},
	} {
		t.Run(c.name, func(t *testing.T) {
			part := filepath.Join(dir, c.name+".part")
			if out, err := exec.Command(*builtBuilder, append([]string{"append", "-o", part, generic}, c.args...)...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			whole := join(t, generic, part)
			s := machine(t, k, whole, "")
			s.Cmdline, s.Disks = serial+" rw", []vm.Disk{c.disk}
			r := boot(t, s)
			if !r.Reached() {
				fail(t, r, "root was not reached")
			}
			mustSay(t, r, c.says)
		})
	}
}

// join puts a part behind an image, as a boot loader does with two initrds.
func join(t *testing.T, image, part string) string {
	t.Helper()
	var whole []byte
	for _, file := range []string{image, part} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if file == part && len(data) > 2048 {
			t.Errorf("the part has %d bytes", len(data))
		}
		whole = append(whole, data...)
		whole = append(whole, bytes.Repeat([]byte{0}, -len(whole)&3)...)
	}
	path := filepath.Join(t.TempDir(), "whole.img")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
