package linux

import (
	"errors"
	"math"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// OldRoot is the initramfs, held open while another root takes its place.
type OldRoot struct {
	fd      int
	dev     uint64
	keep    bool // it is no initramfs: nothing in it is unlinked
	over    time.Time
	entries int // since the clock was looked at
	left    int
}

// HoldRoot opens "/" and finds out whether it may be emptied later: only a ramfs or tmpfs, as the kernel makes it (init/do_mounts.c,
// init_rootfs). It must be another file system than newroot.
func HoldRoot(newroot *Root) (*OldRoot, error) {
	fd, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "/", Err: err}
	}
	old := &OldRoot{fd: fd}
	if err := old.check(newroot); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return old, nil
}

func (o *OldRoot) check(newroot *Root) error {
	var fs unix.Statfs_t
	var here, there unix.Stat_t
	if err := unix.Fstatfs(o.fd, &fs); err != nil {
		return err
	}
	if err := unix.Fstat(o.fd, &here); err != nil {
		return err
	}
	if err := unix.Fstat(newroot.Fd(), &there); err != nil {
		return err
	}
	if here.Dev == there.Dev {
		return errors.New("the new root is no file system of its own")
	}
	o.keep = fs.Type != unix.RAMFS_MAGIC && fs.Type != unix.TMPFS_MAGIC
	o.dev = here.Dev
	return nil
}

// InRAM says whether the file system of a directory is a ramfs or tmpfs.
func InRAM(dir string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(dir, &fs) == nil && (fs.Type == unix.RAMFS_MAGIC || fs.Type == unix.TMPFS_MAGIC)
}

// Kept says that the old root is no initramfs and stays as it is, under the new one.
func (o *OldRoot) Kept() bool { return o.keep }

// MakePrivate ends the sharing of every mount: the kernel refuses to move one whose parent is shared (mount_namespaces(7)).
func MakePrivate() error {
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
}

// MoveInto moves the mount at path (absolute) onto the directory of the same name inside newroot. A symbolic link
// there is refused: the new root does not choose where our /dev goes.
func MoveInto(newroot *Root, path, target string) error {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: resolveInRoot | unix.RESOLVE_NO_SYMLINKS}
	fd, err := unix.Openat2(newroot.Fd(), target, &how)
	if err != nil {
		return &os.PathError{Op: "open in new root", Path: target, Err: err}
	}
	defer unix.Close(fd)
	err = unix.MoveMount(unix.AT_FDCWD, path, fd, "", unix.MOVE_MOUNT_T_EMPTY_PATH)
	if err != nil {
		return &os.PathError{Op: "move mount", Path: path, Err: err}
	}
	return nil
}

// Detach takes the mount at path away at once, whoever uses it (umount -l).
func Detach(path string) error {
	return unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
}

// Enter makes newroot the root of this process and, as kernel threads share it, of the machine: mount --move on "/",
// then chroot(2), as Documentation/filesystems/ramfs-rootfs-initramfs.rst says.
func Enter(newroot *Root) error {
	if err := unix.Fchdir(newroot.Fd()); err != nil {
		return &os.PathError{Op: "chdir", Path: newroot.dir.Name(), Err: err}
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return &os.PathError{Op: "move mount", Path: newroot.dir.Name(), Err: err}
	}
	if err := unix.Chroot("."); err != nil {
		return &os.PathError{Op: "chroot", Path: newroot.dir.Name(), Err: err}
	}
	return unix.Chdir("/")
}

// AdoptOldRoot takes the directory of an initramfs that another process has left half empty, by its descriptor.
func AdoptOldRoot(fd int) (*OldRoot, error) {
	unix.CloseOnExec(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	// What was read of the directory before counts for every process that has it open.
	_, err := unix.Seek(fd, 0, unix.SEEK_SET)
	return &OldRoot{fd: fd, dev: st.Dev}, err
}

// Fd is the directory's descriptor.
func (o *OldRoot) Fd() uintptr { return uintptr(o.fd) }

// Close lets the directory go.
func (o *OldRoot) Close() { unix.Close(o.fd) }

// Empty unlinks everything in the initramfs, which gives its memory back. It stays on the one file
// system, follows no link, goes on when something will not go, and stops after limit. It returns the number of names that stayed, and
// whether it was stopped: then there are more.
func (o *OldRoot) Empty(limit time.Duration) (left int, stopped bool) {
	if o.keep {
		return 0, false
	}
	o.over = time.Now().Add(limit)
	stopped = !o.empty(o.fd, 0)
	return o.left, stopped
}

// maxDepth bounds the recursion: no initramfs has directories this deep.
const maxDepth = 64

// empty unlinks what is in a directory, as the kernel lists it; it says false when the time is over.
func (o *OldRoot) empty(dir, depth int) bool {
	buf := make([]byte, 8192)
	for {
		n, err := unix.Getdents(dir, buf)
		if err != nil || n <= 0 {
			return true
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			if o.late() || !o.unlink(dir, name, depth) {
				return false
			}
		}
	}
}

// late looks at the clock now and then.
func (o *OldRoot) late() bool {
	o.entries++
	return o.entries%64 == 0 && time.Now().After(o.over)
}

func (o *OldRoot) unlink(dir int, name string, depth int) bool {
	err := unix.Unlinkat(dir, name, 0)
	if err == nil {
		return true
	}
	gone, inTime := false, true
	if err == unix.EISDIR && depth < maxDepth {
		gone, inTime = o.emptyBelow(dir, name, depth)
	}
	if !gone {
		o.left++
	}
	return inTime
}

// emptyBelow opens before it judges: the device compared is that of the descriptor, so nobody can exchange the
// directory for a link in between (the open race of util-linux's switch_root, fault H2).
func (o *OldRoot) emptyBelow(dir int, name string, depth int) (gone, inTime bool) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, true
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Dev != o.dev {
		unix.Close(fd)
		return false, true
	}
	inTime = o.empty(fd, depth+1)
	unix.Close(fd)
	return unix.Unlinkat(dir, name, unix.AT_REMOVEDIR) == nil, inTime
}

// Exec replaces this process by the program at path, which gets descriptors 0 to 2 and no other. It returns only when that fails. The
// limits that the Go runtime raised at start are put back by the standard library.
func Exec(path string, argv, env []string) error {
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) // they have the flag already; this is for one that was forgotten
	return &os.PathError{Op: "exec", Path: path, Err: syscall.Exec(path, argv, env)}
}
