package trial

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Passphrase is that of every LUKS volume of a trial.
const Passphrase = "preroot-trial"

// markFile lies in each file system, and says which one it is.
const markFile = ".preroot-trial"

// Tools is what makes disks.
type Tools struct {
	// Init is the file of cmd/trialinit.
	Init string
	// Log, if not nil, is told what is made.
	Log io.Writer
}

// maker makes the disks of one plan.
type maker struct {
	Tools
	plan *Plan
	dir  string
	n    int
}

// File is where the disk with this number lies in the folder that Make has filled.
func File(dir string, n int) string { return filepath.Join(dir, fmt.Sprintf("disk%d.img", n)) }

// Make writes the disks into a folder that is there, as sparse files. The programs that make file systems must be there, and no privileges.
func (p *Plan) Make(dir string, t Tools) error {
	m := &maker{Tools: t, plan: p, dir: dir}
	p.flatten()
	if _, err := os.Stat(t.Init); err != nil {
		return fmt.Errorf("the init of the stand-in: %w", err)
	}
	for i, d := range p.Disks {
		if err := m.disk(d, File(dir, i)); err != nil {
			return fmt.Errorf("the stand-in of %s: %w", d.Name, err)
		}
	}
	return nil
}

func (m *maker) disk(d *Disk, file string) error {
	slices.SortFunc(d.Parts, func(a, b *Part) int { return a.Number - b.Number })
	var sizes []int64
	for _, p := range d.Parts {
		sizes = append(sizes, sizeOf(p.Content))
	}
	at, size := layOut(d.Parts, sizes, d.Table)
	if d.Table == "" {
		at, size = []extent{{0, sizeOf(d.Whole)}}, sizeOf(d.Whole)
	}
	if d.Bus == SD { // the model of a card takes powers of two
		size = 1 << bits.Len64(uint64(size-1))
	}
	f, err := sparse(file, size)
	if err != nil {
		return err
	}
	defer f.Close()
	switch d.Table {
	case "":
		return m.into(f, 0, d.Whole)
	case "gpt":
		err = writeGPT(f, size, d.Parts, at)
	default:
		err = writeMBR(f, size, d.Parts, at)
	}
	for i, p := range d.Parts {
		if err == nil {
			err = m.into(f, at[i].start, p.Content)
		}
	}
	return err
}

// sizeOf is how large the stand-in of a volume is, in bytes.
func sizeOf(v *Volume) int64 {
	switch {
	case v == nil:
		return 8 * mib
	case v.Inner != nil:
		return luksHeader + sizeOf(v.Inner)
	case v.Group != nil:
		return v.Group.sizeOf(v)
	case v.Type == "xfs": // mkfs.xfs makes none below 300 MiB
		return 320 * mib
	case v.Type == "btrfs":
		return 160 * mib
	case v.Type == "" || v.Type == "swap" || v.Type == "swsuspend":
		return 8 * mib
	}
	return 64 * mib
}

// into makes a volume and copies it to a place of a file.
func (m *maker) into(to *os.File, at int64, v *Volume) error {
	if v == nil || v.Type == "" && v.Inner == nil && v.Group == nil {
		return nil
	}
	m.n++
	file := filepath.Join(m.dir, fmt.Sprintf("volume%d", m.n))
	defer os.Remove(file)
	f, err := sparse(file, sizeOf(v))
	if err != nil {
		return err
	}
	defer f.Close()
	switch {
	case v.Inner != nil:
		err = m.luks(f, v)
	case v.Group != nil:
		err = m.physical(f, v)
	default:
		err = m.fileSystem(file, v)
	}
	if err != nil {
		return err
	}
	// A program may have put a new file in the place.
	made, err := os.Open(file)
	if err != nil {
		return err
	}
	defer made.Close()
	return copySparse(to, at, made)
}

// copySparse copies what is not zero.
func copySparse(to io.WriterAt, at int64, from io.Reader) error {
	block, zeros := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(from, block)
		if n > 0 && !bytes.Equal(block[:n], zeros[:n]) {
			if _, err := to.WriteAt(block[:n], at); err != nil {
				return err
			}
		}
		at += int64(n)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// sparse makes a file of holes.
func sparse(file string, size int64) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(size); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// packages are those of Debian that have the programs.
var packages = map[string]string{
	"mkfs.ext2": "e2fsprogs", "mkfs.ext3": "e2fsprogs", "mkfs.ext4": "e2fsprogs", "mkfs.xfs": "xfsprogs", "mkfs.btrfs": "btrfs-progs", "mkfs.f2fs": "f2fs-tools", "sload.f2fs": "f2fs-tools",
	"mksquashfs": "squashfs-tools", "mkfs.erofs": "erofs-utils", "mkswap": "util-linux", "cryptsetup": "cryptsetup-bin",
	"qemu-system-x86_64": "qemu-system-x86", "qemu-system-aarch64": "qemu-system-arm",
}

// lookProgram finds a program of the host. That of the administrator are not in everybody's path.
func lookProgram(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not there: apt-get install %s", name, packages[name])
}

// run runs a program of the host; what it prints is in the error.
func run(stdin string, name string, args ...string) (string, error) {
	path, err := lookProgram(name)
	if err != nil {
		return "", err
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, lastLine(string(out)))
	}
	return string(out), nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

var errNoMaker = errors.New("there is no program here that makes one")
