package vm

import (
	"io/fs"
	"math/bits"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestArchive reads our archive back with cpio.
func TestArchive(t *testing.T) {
	data := Archive([]Entry{
		{Name: "a/b/file", Mode: 0o640, Data: []byte("12345")},
		{Name: "a/link", Mode: fs.ModeSymlink | 0o777, Data: []byte("b/file")},
	})
	cpio, err := lookTool("cpio")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(cpio, "-idu", "--quiet")
	cmd.Dir, cmd.Stdin = t.TempDir(), strings.NewReader(string(data))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cpio: %v: %s", err, out)
	}
	got, err := os.ReadFile(filepath.Join(cmd.Dir, "a/link"))
	if err != nil || string(got) != "12345" {
		t.Errorf("through the link: %q, %v", got, err)
	}
	if st, err := os.Stat(filepath.Join(cmd.Dir, "a/b/file")); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("mode: %v, %v", st, err)
	}
}

// TestRoots makes each file system under each table and looks at it with the
// tools that know best.
func TestRoots(t *testing.T) {
	program := filepath.Join(t.TempDir(), "init")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"", "gpt", "mbr"} {
		for _, kind := range append(Filesystems(), "iso9660") {
			t.Run(kind+table, func(t *testing.T) {
				disk := filepath.Join(t.TempDir(), "root.img")
				if err := (Root{FS: kind, Table: table, Init: program, Card: true}).Make(disk); err != nil {
					t.Fatal(err)
				}
				offset, want := "0", "TYPE="+kind
				if table != "" {
					offset = "1048576"
					checkTable(t, disk, table)
				}
				out, err := run("blkid", "-p", "-O", offset, "-o", "export", disk)
				if err != nil || !strings.Contains(out, want) {
					t.Errorf("blkid: %v: %s", err, out)
				}
				if uuid := UUIDOf(kind); uuid != "" && !strings.Contains(out, "UUID="+uuid) {
					t.Errorf("no UUID %s: %s", uuid, out)
				}
				if st, err := os.Stat(disk); err != nil || bits.OnesCount64(uint64(st.Size())) != 1 {
					t.Errorf("a card of %d bytes: QEMU wants a power of two (%v)", st.Size(), err)
				}
			})
		}
	}
}

func checkTable(t *testing.T, disk, table string) {
	t.Helper()
	out, err := run("sfdisk", "--dump", disk)
	id := map[string]string{"gpt": strings.ToUpper(PartUUID), "mbr": "label-id: 0x" + DiskID}[table]
	if err != nil || !strings.Contains(out, id) {
		t.Errorf("sfdisk: %v: no %q in %s", err, id, out)
	}
	if _, err := run("sfdisk", "--verify", disk); err != nil {
		t.Error(err)
	}
}

// TestFileInRoot holds for the oracle of silent boots: a file that is there,
// one that is not, an image that is none.
func TestFileInRoot(t *testing.T) {
	disk := filepath.Join(t.TempDir(), "root.img")
	if err := (Root{}).Make(disk); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{"/usr/lib/os-release": true, "/reached": false} {
		if got, err := FileInRoot(disk, file); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", file, got, err, want)
		}
	}
}

// TestLinkIn: a link is found behind other entries; what is not there, and what is no archive, is an error.
func TestLinkIn(t *testing.T) {
	image := filepath.Join(t.TempDir(), "image")
	data := Archive([]Entry{{Name: "a", Mode: 0o644, Data: []byte("12345")}, {Name: "bin/sh", Mode: fs.ModeSymlink | 0o777, Data: []byte("dash")}})
	if err := os.WriteFile(image, data, 0o644); err != nil {
		t.Fatal(err)
	}
	both := filepath.Join(t.TempDir(), "both")
	if err := os.WriteFile(both, append(Archive([]Entry{{Name: "module", Mode: 0o644}}), data...), 0o644); err != nil {
		t.Fatal(err)
	}
	if target, err := LinkIn(both, "bin/sh"); target != "dash" || err != nil {
		t.Errorf("in the second archive: %q, %v; want dash", target, err)
	}
	if target, err := LinkIn(image, "bin/sh"); target != "dash" || err != nil {
		t.Errorf("%q, %v; want dash", target, err)
	}
	if _, err := LinkIn(image, "bin/bash"); err == nil {
		t.Error("a link was found that is not there")
	}
	if err := os.WriteFile(image, data[:200], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LinkIn(image, "bin/sh"); err == nil {
		t.Error("half an archive is taken for one")
	}
}
