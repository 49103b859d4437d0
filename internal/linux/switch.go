package linux

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrNotInitramfs says that "/" is no ramfs or tmpfs, so that it must not be emptied.
var ErrNotInitramfs = errors.New("/ is neither ramfs nor tmpfs")

// OldRoot is the initramfs, held open while another root takes its place.
type OldRoot struct {
	fd  int
	dev uint64
}

// HoldRoot opens "/" and makes sure that it may be emptied later: it must be ramfs or tmpfs, as the kernel
// makes it (init/do_mounts.c, init_rootfs), and another file system than newroot.
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
	if fs.Type != unix.RAMFS_MAGIC && fs.Type != unix.TMPFS_MAGIC {
		return ErrNotInitramfs
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
	o.dev = here.Dev
	return nil
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

// Empty unlinks everything in the initramfs, which gives its memory back, and closes it. It stays on the one file
// system, follows no link, and goes on when something will not go. It returns the number of names that stayed.
func (o *OldRoot) Empty() int {
	left := o.empty(o.fd, 0)
	unix.Close(o.fd)
	return left
}

// maxDepth bounds the recursion: no initramfs has directories this deep.
const maxDepth = 64

func (o *OldRoot) empty(dir, depth int) int {
	left := 0
	for _, name := range names(dir) {
		err := unix.Unlinkat(dir, name, 0)
		if err == nil {
			continue
		}
		if err != unix.EISDIR || depth >= maxDepth || !o.emptyBelow(dir, name, depth) {
			left++
		}
	}
	return left
}

// emptyBelow opens before it judges: the device compared is that of the descriptor, so nobody can exchange the
// directory for a link in between (the open race of util-linux's switch_root, fault H2).
func (o *OldRoot) emptyBelow(dir int, name string, depth int) bool {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Dev != o.dev {
		unix.Close(fd)
		return false
	}
	o.empty(fd, depth+1)
	unix.Close(fd)
	return unix.Unlinkat(dir, name, unix.AT_REMOVEDIR) == nil
}

func names(dir int) []string {
	var list []string
	buf := make([]byte, 8192)
	for {
		n, err := unix.Getdents(dir, buf)
		if err != nil || n <= 0 {
			return list
		}
		_, _, list = unix.ParseDirent(buf[:n], -1, list)
	}
}

// Exec replaces this process by the program at path. It returns only when that fails. The limits that the Go
// runtime raised at start are put back by the standard library.
func Exec(path string, argv, env []string) error {
	return &os.PathError{Op: "exec", Path: path, Err: syscall.Exec(path, argv, env)}
}
