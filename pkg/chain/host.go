package chain

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/cmdline"
)

// Host is the machine that is looked at. A tree that is nil has no files.
type Host struct {
	// Root is the path of the sysroot in the table of mounts: "/" for the system that runs.
	Root string
	// Files is the sysroot, Sys, Proc, Run and Dev are those folders of the machine.
	Files, Sys, Proc, Run, Dev fs.FS
	// Cmdline is the kernel's command line under which the image will boot; "" takes what the machine says (params). Extra are words that come to it.
	Cmdline, Extra string
	// UseFstab takes what is mounted from fstab alone. Add names more devices that the boot brings up.
	UseFstab bool
	Add      []string
	// Open opens a block device for reading; nil when none can be opened.
	Open func(node string) (BlockDevice, error)
	// Table gives the types of the targets of a mapping ("crypt") and the cipher of a crypt target; nil when the device-mapper cannot be asked.
	Table func(name string) ([]Target, error)
}

// BlockDevice is an open block device; Size and Sector are in bytes.
type BlockDevice struct {
	io.ReaderAt
	io.Closer
	Size   int64
	Sector int
}

// Target is one line of the table of a mapping.
type Target struct {
	Type   string
	Cipher string // of a crypt target, "aes-xts-plain64"; the rest of its parameters may be a key
}

// Machine is this machine, with the sysroot at root.
func Machine(root string) (Host, error) {
	if root == "" {
		root = "/"
	}
	real, err := filepath.EvalSymlinks(root)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return Host{}, err
	}
	return Host{
		Root: real, Files: os.DirFS(real), Sys: os.DirFS("/sys"), Proc: os.DirFS("/proc"), Run: os.DirFS("/run"), Dev: os.DirFS("/dev"),
		Open: openDisk, Table: mapperTable,
	}, nil
}

func openDisk(node string) (BlockDevice, error) {
	d, err := linux.OpenDisk(node)
	if err != nil {
		return BlockDevice{}, err
	}
	return BlockDevice{d, d, d.Size, d.Sector}, nil
}

// mapperTable keeps of a table what is no secret, and wipes the rest.
func mapperTable(name string) ([]Target, error) {
	m, err := linux.OpenMapper()
	if err != nil {
		return nil, err
	}
	defer m.Close()
	lines, err := m.Table(name)
	var list []Target
	for _, l := range lines {
		t := Target{Type: l.Type}
		if l.Type == "crypt" {
			cipher, _, _ := bytes.Cut(l.Params, []byte(" "))
			t.Cipher = string(cipher)
		}
		clear(l.Params)
		list = append(list, t)
	}
	return list, err
}

// maxFile bounds the files that are read whole, in bytes.
const maxFile = 1 << 20

// read gives the text of a file, "" when there is none.
func (h *Host) read(fsys fs.FS, name string) string {
	if fsys == nil {
		return ""
	}
	f, err := fsys.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return ""
	}
	return string(text)
}

// attr is an attribute of sysfs without the white space behind it.
func (h *Host) attr(name string) string {
	return strings.TrimRight(h.read(h.Sys, name), " \t\n\x00")
}

// link is the last part of what a link of sysfs leads to: the name of a driver; "" when there is none.
func (h *Host) link(name string) string {
	if h.Sys == nil {
		return ""
	}
	target, err := fs.ReadLink(h.Sys, name)
	if err != nil {
		return ""
	}
	return path.Base(target)
}

// real is the path in sysfs that a link leads to, one step: the kernel makes no chains. A name that is no link is its own.
func (h *Host) real(name string) string {
	if h.Sys == nil {
		return name
	}
	target, err := fs.ReadLink(h.Sys, name)
	if err != nil {
		return name
	}
	return path.Join(path.Dir(name), target)
}

// list are the names in a folder of sysfs.
func (h *Host) list(dir string) (names []string) {
	if h.Sys == nil {
		return nil
	}
	entries, _ := fs.ReadDir(h.Sys, dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// isMachine says whether the sysroot is the system that runs.
func (h *Host) isMachine() bool { return h.Root == "" || h.Root == "/" }

// params are the words under which the image will boot: those that were given; of the running system those that it has booted with; of a sysroot what its boot loader is set up with
// (kernel-install(8), grub-mkconfig(8)).
func (h *Host) params() cmdline.Params {
	text := h.Cmdline
	if text == "" && h.isMachine() {
		text = h.read(h.Proc, "cmdline")
	}
	if text == "" {
		text = h.read(h.Files, "etc/kernel/cmdline")
	}
	if text == "" {
		text = grubWords(h.read(h.Files, "etc/default/grub"))
	}
	return cmdline.Of(cmdline.Split(strings.TrimSpace(text + " " + h.Extra)))
}

// grubWords takes the words for all kernels out of /etc/default/grub, a list of shell assignments. One that is not a plain or quoted text is none of ours.
func grubWords(text string) string {
	words := ""
	for line := range strings.Lines(text) {
		for _, key := range []string{"GRUB_CMDLINE_LINUX=", "GRUB_CMDLINE_LINUX_DEFAULT="} {
			value, ok := strings.CutPrefix(strings.TrimSpace(line), key)
			if value = strings.Trim(value, `"'`); ok && !strings.ContainsAny(value, "$`\\") {
				words += " " + value
			}
		}
	}
	return words
}
