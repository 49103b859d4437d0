package linux

import (
	"errors"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ProcNames are files in /proc/sys/kernel that this kernel does not have. A name cannot be added to procfs, so a small file system lies over the directory: the files
// that are missing, and a link for each that the kernel has. A process that mounts a /proc of its own must see them from the first moment on: its mount(2)
// waits until this process has done it, with the cover on top (Serve), and its umount(2) until that is off again.
type ProcNames struct {
	dir string // where that file system is mounted
	dev uint64 // its device number
}

// kernelDir is the directory that is covered; behind is the name in the cover under which its own files are found.
const (
	kernelDir = "/proc/sys/kernel"
	behind    = ".kernel"
)

// MakeProcNames prepares files with their first texts in a file system that is mounted on dir. Of those that the kernel has the text is written to its own.
func MakeProcNames(dir string, files map[string]string) (*ProcNames, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := MountPlain("preroot", dir, "tmpfs", unix.MS_NODEV|unix.MS_NOSUID|unix.MS_NOEXEC, "mode=555,size=256k"); err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return nil, &os.PathError{Op: "stat", Path: dir, Err: err}
	}
	p := &ProcNames{dir: dir, dev: st.Dev}
	return p, p.fill(files)
}

// fill writes the files and makes the links.
func (p *ProcNames) fill(files map[string]string) error {
	entries, err := os.ReadDir(kernelDir)
	if err != nil {
		return err
	}
	errs := []error{os.Mkdir(p.dir+"/"+behind, 0o555)}
	for _, e := range entries {
		errs = append(errs, os.Symlink(behind+"/"+e.Name(), p.dir+"/"+e.Name()))
	}
	for name, text := range files {
		if _, err := os.Lstat(p.dir + "/" + name); err == nil {
			errs = append(errs, os.WriteFile(kernelDir+"/"+name, []byte(text+"\n"), 0))
			continue
		}
		errs = append(errs, os.WriteFile(p.dir+"/"+name, []byte(text+"\n"), 0o644))
	}
	return errors.Join(errs...)
}

// maxValue bounds the text of a file, in bytes.
const maxValue = 4096

// Read gives the text of one of the files.
func (p *ProcNames) Read(name string) string {
	for _, dir := range []string{p.dir, kernelDir} {
		if st, err := os.Lstat(dir + "/" + name); err == nil && st.Mode().IsRegular() {
			text, _ := os.ReadFile(dir + "/" + name)
			return string(text[:min(len(text), maxValue)])
		}
	}
	return ""
}

// Serve answers the calls of the processes behind a listener, until none is left or it is closed.
func (p *ProcNames) Serve(listener *os.File) {
	for {
		n, err := receive(listener)
		if err != nil {
			return
		}
		goOn, err := p.decide(n, listener)
		n.answer(listener, goOn, err)
	}
}

// decide does what the process has asked for, or says that the kernel shall.
func (p *ProcNames) decide(n notice, listener *os.File) (goOn bool, err error) {
	if !sameNamespaces(n.pid) {
		return true, nil
	}
	switch n.call {
	case callMount:
		return p.mount(n, listener)
	case callUmount:
		return p.unmount(n, listener)
	case callFsopen:
		if name, err := n.text(0); err == nil && name == "proc" {
			return false, unix.ENOSYS // who asks falls back on mount(2)
		}
	}
	return true, nil
}

// sameNamespaces says whether a process sees the mounts and the processes that this one sees.
func sameNamespaces(pid int) bool {
	for _, kind := range []string{"mnt", "pid"} {
		mine, err1 := os.Readlink("/proc/self/ns/" + kind)
		its, err2 := os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/" + kind)
		if err1 != nil || err2 != nil || mine != its {
			return false
		}
	}
	return true
}

// otherMounts are the flags with which mount(2) mounts nothing new.
const otherMounts = unix.MS_REMOUNT | unix.MS_BIND | unix.MS_MOVE | unix.MS_SHARED | unix.MS_PRIVATE | unix.MS_SLAVE | unix.MS_UNBINDABLE

func (p *ProcNames) mount(n notice, listener *os.File) (goOn bool, err error) {
	fstype, err1 := n.text(2)
	source, err2 := n.text(0)
	target, err3 := n.text(1)
	data, err4 := n.text(4)
	flags := uintptr(uint32(n.args[3])) &^ unix.MS_MGC_MSK
	if errors.Join(err1, err2, err3, err4) != nil || fstype != "proc" || flags&otherMounts != 0 {
		return true, nil
	}
	at, err := seenBy(n.pid, target)
	if err != nil {
		return false, err
	}
	if !n.valid(listener) {
		return true, nil
	}
	if err := unix.Mount(source, at, "proc", flags, data); err != nil {
		return false, err
	}
	p.cover(at)
	return false, nil
}

// cover lays the files over the directory of a /proc. Where it cannot the names are missing, which is no reason to fail a mount.
func (p *ProcNames) cover(proc string) {
	dir := proc + "/sys/kernel"
	old, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(old)
	if unix.Mount(p.dir, dir, "", unix.MS_BIND, "") == nil {
		_ = unix.Mount("/proc/self/fd/"+strconv.Itoa(old), dir+"/"+behind, "", unix.MS_BIND, "")
	}
}

// covered says whether the files lie over a /proc.
func (p *ProcNames) covered(proc string) bool {
	var st unix.Stat_t
	return unix.Lstat(proc+"/sys/kernel", &st) == nil && st.Dev == p.dev
}

// uncover takes them off.
func (p *ProcNames) uncover(proc string, flags int) error {
	dir := proc + "/sys/kernel"
	if err := unix.Unmount(dir+"/"+behind, flags|unix.UMOUNT_NOFOLLOW); err != nil && err != unix.EINVAL {
		return err
	}
	return unix.Unmount(dir, flags|unix.UMOUNT_NOFOLLOW)
}

// unmount takes a /proc off with its cover.
func (p *ProcNames) unmount(n notice, listener *os.File) (goOn bool, err error) {
	target, err := n.text(0)
	if err != nil {
		return true, nil
	}
	at, err := seenBy(n.pid, target)
	if err != nil || !p.covered(at) || !n.valid(listener) {
		return true, nil
	}
	flags := int(uint32(n.args[1]))
	if err := p.uncover(at, flags&unix.MNT_DETACH); err != nil {
		p.cover(at)
		return false, err
	}
	if err := unix.Unmount(at, flags); err != nil {
		p.cover(at)
		return false, err
	}
	return false, nil
}

// seenBy turns a path of a process into one of this process, with every link resolved below the root of that process; what it names must be there.
func seenBy(pid int, target string) (string, error) {
	proc := "/proc/" + strconv.Itoa(pid)
	if !path.IsAbs(target) {
		cwd, err1 := os.Readlink(proc + "/cwd")
		root, err2 := os.Readlink(proc + "/root")
		if errors.Join(err1, err2) != nil || target == "" {
			return "", unix.ENOENT
		}
		target = strings.TrimPrefix(cwd, strings.TrimSuffix(root, "/")) + "/" + target
	}
	root, err := OpenRoot(proc + "/root")
	if err != nil {
		return "", unix.ENOENT
	}
	defer root.Close()
	f, err := root.OpenPath(target)
	if err != nil {
		var errno unix.Errno
		errors.As(err, &errno)
		return "", errno
	}
	defer f.Close()
	return os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
}

// Remove takes every cover off again.
func (p *ProcNames) Remove() {
	var procs []string
	for _, target := range MountsBelow("") {
		if proc, is := strings.CutSuffix(target, "/sys/kernel"); is && p.covered(proc) {
			procs = append(procs, proc)
		}
	}
	for _, proc := range slices.Backward(procs) {
		_ = p.uncover(proc, unix.MNT_DETACH)
	}
}

// Forget takes the files themselves away.
func (p *ProcNames) Forget() {
	if Detach(p.dir) == nil {
		_ = os.Remove(p.dir)
	}
}
