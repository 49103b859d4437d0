package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// house makes what the machines are made of.
type house struct{ vm.Workshop }

func newHouse(dir string) *house { return &house{vm.Workshop{Dir: dir}} }

// image is the initramfs of a cell.
func (h *house) image(c cell) (vm.Kernel, string, error) {
	k, err := h.Kernel(c.kernel)
	if err != nil {
		return k, "", err
	}
	path, err := h.Make("image-"+c.kernel+"-"+strings.ReplaceAll(c.drivers(), " ", "+"), func(path string) error {
		return vm.Build{Builder: "build/preroot", Init: "build/init", Drivers: c.drivers()}.Make(k, path)
	})
	return k, path, err
}

const isoLabel = "TWINSTICK"

// otherUUID is that of a clone which was given one of its own.
const otherUUID = "99999999-2222-3333-4444-555555555555"

// disk makes an image by name; the names are those of cells.
func (h *house) disk(name string) (string, error) {
	report, err := h.Make("report", func(path string) error { return vm.CompileC("test/twins/report.c", path) })
	if err != nil {
		return "", err
	}
	kind, which, _ := strings.Cut(name, "-")
	switch {
	case kind == "isohybrid":
		return h.Make("isohybrid.img", func(path string) error { return makeHybrid(path, report) })
	case kind == "raid1":
		return h.raid1(which, report)
	case which == "c":
		return h.clone(kind)
	}
	return h.root(kind, which, report)
}

// root is a file system with a marker of its own.
func (h *house) root(kind, which, report string) (string, error) {
	return h.Make(kind+"-"+which+".img", func(path string) error {
		marker := path + ".marker"
		if err := os.WriteFile(marker, []byte(kind+"-"+which+" 2\n"), 0o644); err != nil {
			return err
		}
		return vm.Root{FS: kind, Init: report, Files: map[string]string{"marker": marker}}.Make(path)
	})
}

// clone is a copy of the first disk that was given another UUID, as whoever keeps a clone in the machine must do.
func (h *house) clone(kind string) (string, error) {
	first, err := h.disk(kind + "-a")
	if err != nil {
		return "", err
	}
	return h.Make(kind+"-c.img", func(path string) error {
		if err := vm.Clone(first, path); err != nil {
			return err
		}
		if kind == "xfs" {
			return tool("xfs_admin", "-U", otherUUID, path)
		}
		return tool("tune2fs", "-f", "-U", otherUUID, path)
	})
}

// raid1 makes both disks of a btrfs over two, in a machine.
func (h *house) raid1(which, report string) (string, error) {
	maker, err := h.Make("raid1", func(path string) error { return vm.CompileC("test/twins/raid1.c", path) })
	if err != nil {
		return "", err
	}
	c := cell{kernel: "6.1-cloud", disks: [2]string{"raid1-a", ""}}
	k, image, err := h.image(c)
	if err != nil {
		return "", err
	}
	first, err := h.Make("raid1-a.img", func(path string) error { return makeRaid1(k, image, path, maker, report) })
	if which == "b" {
		return first + ".second", err
	}
	return first, err
}

func makeRaid1(k vm.Kernel, image, path, maker, report string) error {
	marker := path + ".marker"
	if err := os.WriteFile(marker, []byte("raid1 2\n"), 0o644); err != nil {
		return err
	}
	root := vm.Root{FS: "btrfs", Init: maker, Files: map[string]string{"marker": marker, "sbin/report": report}}
	if err := root.Make(path); err != nil {
		return err
	}
	f, err := os.Create(path + ".second")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(256 << 20); err != nil {
		return err
	}
	r, err := vm.Run(vm.Spec{
		Kernel: k.Image(), Initrd: image, Cmdline: "root=" + uuidRoot + " rw rootfstype=btrfs rd.shell=0 console=ttyS0",
		Disks: []vm.Disk{{Path: path}, {Path: path + ".second"}}, Limit: 60 * time.Second,
	}, nil)
	if err == nil && !r.Says("RAID1 made") {
		err = fmt.Errorf("not made:\n%s", r.Report())
	}
	return err
}

// makeHybrid makes an ISO image whose partition table has one partition that begins at sector 0, as isohybrid (of syslinux) does:
// disk and partition both show the file system.
func makeHybrid(path, report string) error {
	tree := path + ".tree"
	for _, dir := range []string{"sbin", "dev", "proc", "sys", "run", "tmp"} {
		if err := os.MkdirAll(filepath.Join(tree, dir), 0o755); err != nil {
			return err
		}
	}
	program, err := os.ReadFile(report)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tree, "sbin/init"), program, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tree, "marker"), []byte("isohybrid 1\n"), 0o644); err != nil {
		return err
	}
	if err := tool("genisoimage", "-quiet", "-R", "-V", isoLabel, "-o", path, tree); err != nil {
		return err
	}
	return writeTable(path)
}

// writeTable writes an MBR with one partition over everything, type 0x17, active.
func writeTable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	table := make([]byte, 512)
	entry := table[446:]
	entry[0], entry[4] = 0x80, 0x17
	binary.LittleEndian.PutUint32(entry[12:], uint32(st.Size()/512))
	table[510], table[511] = 0x55, 0xaa
	_, err = f.WriteAt(table, 0)
	return err
}

func tool(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}
