package archive

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// realImages are archives of GNU cpio, packed as makers of images do, with an early one before them.
func realImages(t *testing.T) map[string][]byte {
	t.Helper()
	tree := makeTree(t)
	plain := cpio(t, tree, "newc", ".", "bin", "bin/a", "bin/b", "bin/c", "dev", "dev/fifo", "etc", "etc/l", "lib")
	images := map[string][]byte{}
	// The scripts know the old form of lz4 only, as the kernel does.
	for _, line := range []string{"gzip -c", "zstd -c -q", "lz4 -c -q -l"} {
		images[line] = slices.Concat(early(t), pack(t, line, plain))
	}
	return images
}

// makeTree has a file with two names, links, a FIFO and odd modes.
func makeTree(t *testing.T) string {
	dir := t.TempDir()
	for _, line := range []string{
		"mkdir bin dev etc", "cp /etc/passwd bin/a", "ln bin/a bin/b", "cp /etc/group bin/c", "chmod 4711 bin/c",
		"mkfifo dev/fifo", "ln -s /nowhere etc/l", "ln -s bin lib",
	} {
		words := strings.Fields(line)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v %s", line, err, out)
		}
	}
	return dir
}

func sortedLines(out []byte) []string {
	return slices.Sorted(strings.SplitSeq(strings.TrimSpace(string(out)), "\n"))
}

// TestAgreesWithOtherTools: lsinitramfs lists the members that we list, and what unmkinitramfs unpacks is on the disk
// what Extract writes: kinds, modes, contents, hard links.
func TestAgreesWithOtherTools(t *testing.T) {
	for name, data := range realImages(t) {
		file := filepath.Join(t.TempDir(), "image")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := exec.Command("lsinitramfs", file).Output()
		if err != nil {
			t.Fatalf("%s: lsinitramfs (Debian package initramfs-tools-core): %v", name, err)
		}
		image, err := Parse(data, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var ours []string
		for _, e := range image.Entries() {
			ours = append(ours, e.Name)
		}
		slices.Sort(ours)
		if diff := cmp.Diff(sortedLines(list), ours); diff != "" {
			t.Errorf("%s: lsinitramfs lists (-) and we (+):\n%s", name, diff)
		}
		compareUnpacked(t, name, file)
	}
}

func compareUnpacked(t *testing.T, name, file string) {
	t.Helper()
	dir := t.TempDir()
	theirs, ours := filepath.Join(dir, "theirs"), filepath.Join(dir, "ours")
	if out, err := exec.Command("unmkinitramfs", file, theirs).CombinedOutput(); err != nil {
		t.Fatalf("%s: unmkinitramfs (Debian package initramfs-tools-core): %v %s", name, err, out)
	}
	if _, err := os.Stat(filepath.Join(theirs, "main")); err == nil { // an early archive has a folder of its own
		merged := filepath.Join(dir, "merged")
		if out, err := exec.Command("cp", "-a", filepath.Join(theirs, "main"), merged).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		if out, err := exec.Command("cp", "-a", filepath.Join(theirs, "early")+"/.", merged).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		theirs = merged
	}
	image, err := Open(file, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := image.Tree()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Extract(tree.Entries(), ours, ExtractOptions{Devices: os.Geteuid() == 0, SetID: true}); err != nil {
		t.Fatal(err)
	}
	a, b := strings.Split(onDisk(t, theirs), "; "), strings.Split(onDisk(t, ours), "; ")
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("%s: unmkinitramfs makes (-) and we (+):\n%.3000s", name, diff)
	}
}

// TestAgreesWithCpioList: GNU cpio and lsinitrd list an archive, of the form crc too, as we do.
func TestAgreesWithCpioList(t *testing.T) {
	dir := makeTree(t)
	for _, form := range []string{"newc", "crc"} {
		data := cpio(t, dir, form, ".", "bin", "bin/a", "bin/b", "bin/c", "dev", "dev/fifo", "etc", "etc/l", "lib")
		cmd := exec.Command("cpio", "--list", "--quiet")
		cmd.Stdin = bytes.NewReader(data)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		entries, err := Read(data)
		if err != nil {
			t.Fatal(err)
		}
		var ours []string
		for _, e := range entries {
			ours = append(ours, e.Name)
		}
		if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(out)), "\n"), ours); diff != "" {
			t.Errorf("%s: cpio lists (-) and we (+):\n%s", form, diff)
		}
	}
	file := filepath.Join(t.TempDir(), "image")
	packed := pack(t, "zstd -c -q", cpio(t, dir, "newc", "bin", "bin/a", "etc", "etc/l"))
	if err := os.WriteFile(file, packed, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("lsinitrd", file).Output()
	if err != nil {
		t.Fatalf("lsinitrd (Debian package dracut-core): %v", err)
	}
	entries, err := Read(packed)
	if err != nil || len(entries) != 4 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, e := range entries {
		want := e.Name
		if e.Kind == Symlink {
			want = fmt.Sprintf("%s -> %s", e.Name, e.Data)
		}
		if !strings.Contains(string(out), " "+want+"\n") {
			t.Errorf("lsinitrd has no %q:\n%s", want, out)
		}
	}
}
