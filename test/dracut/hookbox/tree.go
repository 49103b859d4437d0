package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// box is the tree: a layer on memory over the image. upper is the layer, held open from outside; kmsg is a FIFO.
type box struct {
	upper *os.Root
	kmsg  *os.File
	mu    sync.Mutex
	said  []byte
}

// kept are the capabilities that do no harm outside of these namespaces (capabilities(7)); all others are dropped.
var kept = []uintptr{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_FSETID, unix.CAP_KILL, unix.CAP_SETGID, unix.CAP_SETUID}

// firstPID is where process numbers begin: a number of five digits in a text is one, and no other.
const firstPID = "40000"

// enter makes the tree and goes into it.
func enter(work string, spec Spec) (*box, error) {
	if os.Getpid() != 1 {
		return nil, errors.New("not process 1 of a namespace")
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return nil, err
	}
	if err := unix.Mount("tmpfs", work, "tmpfs", 0, "mode=0755,size=64m"); err != nil {
		return nil, err
	}
	upper, root := filepath.Join(work, "upper"), filepath.Join(work, "root")
	for _, dir := range []string{upper, filepath.Join(work, "work"), root} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
	}
	layers := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s/work", spec.Image, upper, work)
	if err := unix.Mount("overlay", root, "overlay", 0, layers); err != nil {
		return nil, fmt.Errorf("overlay: %w", err)
	}
	if err := furnish(root, spec); err != nil {
		return nil, err
	}
	held, err := os.OpenRoot(upper)
	if err != nil {
		return nil, err
	}
	b := &box{upper: held}
	if err := b.listen(filepath.Join(root, "dev/kmsg")); err != nil {
		return nil, err
	}
	return b, errors.Join(syscall.Chroot(root), os.Chdir("/"), dropRights())
}

// listen takes what is written to the kernel's log.
func (b *box) listen(kmsg string) (err error) {
	if err = unix.Mkfifo(kmsg, 0o600); err != nil {
		return err
	}
	if b.kmsg, err = os.OpenFile(kmsg, os.O_RDWR, 0); err != nil {
		return err
	}
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := b.kmsg.Read(buf)
			if err != nil {
				return
			}
			b.mu.Lock()
			b.said = append(b.said, buf[:min(n, 4<<20-len(b.said))]...)
			b.mu.Unlock()
		}
	}()
	return nil
}

func (b *box) log() string {
	time.Sleep(5 * time.Millisecond)
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.said)
}

// furnish gives the tree /proc, /dev and the files of the specification.
func furnish(root string, spec Spec) error {
	proc := filepath.Join(root, "proc")
	if err := unix.Mount("proc", proc, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(proc, "sys/kernel/ns_last_pid"), []byte(firstPID), 0); err != nil {
		return err
	}
	cmdline := filepath.Join(filepath.Dir(root), "cmdline")
	if err := os.WriteFile(cmdline, []byte(spec.Cmdline+"\n"), 0o444); err != nil {
		return err
	}
	if err := unix.Mount(cmdline, filepath.Join(proc, "cmdline"), "", unix.MS_BIND, ""); err != nil {
		return err
	}
	// Settings of the kernel are those of the machine outside.
	if err := unix.Mount("", proc, "", unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	if err := devices(filepath.Join(root, "dev")); err != nil {
		return err
	}
	for name, text := range spec.Files {
		name = filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(name), 0o755)
		if err == nil {
			err = os.WriteFile(name, []byte(text), 0o755)
		}
		if err != nil {
			return err
		}
	}
	sh := filepath.Join(root, "bin/sh")
	_ = os.Remove(sh)
	return os.Symlink(spec.Shell, sh)
}

// devices makes /dev: nodes that hold nothing. The console is one of them.
func devices(dev string) error {
	if err := unix.Mount("tmpfs", dev, "tmpfs", unix.MS_NOSUID, "mode=0755"); err != nil {
		return err
	}
	for _, pair := range [][2]string{{"null", "null"}, {"zero", "zero"}, {"console", "null"}, {"urandom", "zero"}, {"random", "zero"}, {"tty1", "null"}} {
		node, from := filepath.Join(dev, pair[0]), pair[1]
		if err := os.WriteFile(node, nil, 0o666); err != nil {
			return err
		}
		if err := unix.Mount("/dev/"+from, node, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	return os.Symlink("/proc/self/fd", filepath.Join(dev, "fd"))
}

// dropRights takes from every program started later what reaches beyond the namespaces.
func dropRights() error {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		spared := false
		for _, k := range kept {
			spared = spared || c == k
		}
		if spared {
			continue
		}
		if _, _, e := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c, 0); e != 0 && e != unix.EINVAL {
			return fmt.Errorf("capability %d: %w", c, e)
		}
	}
	return nil
}

// written lists what lies in the layer.
func (b *box) written() map[string]string {
	files := map[string]string{}
	_ = fs.WalkDir(b.upper.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || strings.HasPrefix(name, ".box") || name == "bin/sh" {
			return nil
		}
		info, err := b.upper.Lstat(name)
		if err != nil {
			return nil
		}
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			to, _ := b.upper.Readlink(name)
			files[name] = "-> " + to
		case info.Mode()&fs.ModeCharDevice != 0:
			files["-"+name] = "removed"
		case info.Mode().IsRegular():
			text, _ := b.upper.ReadFile(name)
			files[name] = fmt.Sprintf("%v %s", info.Mode(), text)
		default:
			files[name] = info.Mode().String()
		}
		return nil
	})
	return files
}
