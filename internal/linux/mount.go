package linux

import (
	"errors"
	"os"
	"strings"

	uroot "github.com/u-root/u-root/pkg/mount"
	"golang.org/x/sys/unix"
)

// MountPlain mounts by mount(2): for the API file systems, whose options are our own and cannot be wrong in
// a way that needs words.
func MountPlain(source, target, fstype string, flags uintptr, data string) error {
	_, err := uroot.Mount(source, target, fstype, data, flags)
	return err
}

// Unmount detaches what is mounted on target; it does not follow a symbolic link there.
func Unmount(target string) error {
	return uroot.Unmount(target, false, false)
}

// Bind makes the tree at source appear at target too.
func Bind(source, target string) error {
	_, err := uroot.Mount(source, target, "", "", uroot.MS_BIND|unix.MS_REC)
	return err
}

// MountError is a mount that the kernel refused, with the kernel's own words from the log of the file
// system context (fsopen(2)), where it gave any.
type MountError struct {
	Source, Target, FSType string
	Log                    []string
	Err                    error
}

// Error names the device and the reason; the kernel's words come last.
func (e *MountError) Error() string {
	s := "mount " + e.Source + " on " + e.Target + " as " + e.FSType + ": " + e.Err.Error()
	if len(e.Log) > 0 {
		s += " (kernel: " + strings.Join(e.Log, "; ") + ")"
	}
	return s
}

// Unwrap gives the errno.
func (e *MountError) Unwrap() error { return e.Err }

// Mount mounts by the fsopen(2) family, so that a refusal comes with the kernel's reason. flags are MS_ bits of
// mount(2); data is the file system's own comma-separated options. A kernel without fsopen is served by mount(2).
func Mount(source, target, fstype string, flags uintptr, data string) error {
	return mountAt(unix.AT_FDCWD, target, source, target, fstype, flags, data)
}

// MountBelow mounts on path inside the directory root; links on the way lead nowhere else.
func MountBelow(root, path, source, fstype string, flags uintptr, data string) error {
	r, err := OpenRoot(root)
	if err != nil {
		return err
	}
	defer r.Close()
	dir, err := r.OpenPath(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return mountAt(int(dir.Fd()), "", source, root+path, fstype, flags, data)
}

// mountAt mounts on what dirfd and path name; target is the name for messages.
func mountAt(dirfd int, path, source, target, fstype string, flags uintptr, data string) error {
	fd, err := unix.Fsopen(fstype, unix.FSOPEN_CLOEXEC)
	if errors.Is(err, unix.ENOSYS) && path != "" {
		return MountPlain(source, target, fstype, flags, data)
	}
	if err != nil {
		return &MountError{source, target, fstype, nil, err}
	}
	defer unix.Close(fd)
	mfd, err := nowhere(fd, source, target, fstype, flags, data)
	if err != nil {
		return err
	}
	defer unix.Close(mfd)
	how := unix.MOVE_MOUNT_F_EMPTY_PATH
	if path == "" {
		how |= unix.MOVE_MOUNT_T_EMPTY_PATH
	}
	if err := unix.MoveMount(mfd, "", dirfd, path, how); err != nil {
		return &MountError{source, target, fstype, nil, err}
	}
	return nil
}

// nowhere makes the mount that a context of fsopen(2) is for, in no directory: it goes with its descriptor.
func nowhere(fd int, source, target, fstype string, flags uintptr, data string) (mfd int, err error) {
	if err := configure(fd, source, flags, data); err != nil {
		return -1, &MountError{source, target, fstype, contextLog(fd), err}
	}
	mfd, err = unix.Fsmount(fd, unix.FSMOUNT_CLOEXEC, attributes(flags))
	if err != nil {
		return -1, &MountError{source, target, fstype, contextLog(fd), err}
	}
	return mfd, nil
}

// OpenOn opens a file for reading on the file system of a device, which is mounted in no directory and goes with the file; no link and no ".." leads out of it. Without a device it is a file here.
// It waits for no FIFO.
func OpenOn(device, fstype, path string) (*os.File, error) {
	if device == "" {
		return os.OpenFile(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	}
	fd, err := unix.Fsopen(fstype, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return nil, &MountError{device, "no directory", fstype, nil, err}
	}
	defer unix.Close(fd)
	const flags = unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_NOSYMFOLLOW
	mfd, err := nowhere(fd, device, "no directory", fstype, flags, "")
	if err != nil {
		return nil, err
	}
	r := &Root{os.NewFile(uintptr(mfd), device)}
	defer r.Close()
	return r.Open(path)
}

// superFlags are the MS_ bits that belong to the super block, in the words of fsconfig(2).
var superFlags = []struct {
	bit  uintptr
	word string
}{
	{unix.MS_RDONLY, "ro"},
	{unix.MS_SYNCHRONOUS, "sync"},
	{unix.MS_DIRSYNC, "dirsync"},
	{unix.MS_LAZYTIME, "lazytime"},
	{unix.MS_MANDLOCK, "mand"},
}

func configure(fd int, source string, flags uintptr, data string) error {
	if err := unix.FsconfigSetString(fd, "source", source); err != nil {
		return err
	}
	for _, f := range superFlags {
		if flags&f.bit != 0 {
			if err := unix.FsconfigSetFlag(fd, f.word); err != nil {
				return err
			}
		}
	}
	if err := configureData(fd, data); err != nil {
		return err
	}
	return unix.FsconfigCreate(fd)
}

func configureData(fd int, data string) error {
	for _, word := range strings.Split(data, ",") {
		if word == "" {
			continue
		}
		key, value, hasValue := strings.Cut(word, "=")
		var err error
		if hasValue {
			err = unix.FsconfigSetString(fd, key, value)
		} else {
			err = unix.FsconfigSetFlag(fd, key)
		}
		if err != nil {
			return &os.PathError{Op: "mount option", Path: word, Err: err}
		}
	}
	return nil
}

// attributes translates the per-mount MS_ bits into those of fsmount(2).
func attributes(flags uintptr) int {
	attr := 0
	for _, f := range []struct {
		ms   uintptr
		attr int
	}{
		{unix.MS_RDONLY, unix.MOUNT_ATTR_RDONLY},
		{unix.MS_NOSUID, unix.MOUNT_ATTR_NOSUID},
		{unix.MS_NODEV, unix.MOUNT_ATTR_NODEV},
		{unix.MS_NOEXEC, unix.MOUNT_ATTR_NOEXEC},
		{unix.MS_NODIRATIME, unix.MOUNT_ATTR_NODIRATIME},
		{unix.MS_NOSYMFOLLOW, unix.MOUNT_ATTR_NOSYMFOLLOW},
	} {
		if flags&f.ms != 0 {
			attr |= f.attr
		}
	}
	switch {
	case flags&unix.MS_NOATIME != 0:
		attr |= unix.MOUNT_ATTR_NOATIME
	case flags&unix.MS_STRICTATIME != 0:
		attr |= unix.MOUNT_ATTR_STRICTATIME
	}
	return attr
}

// contextLog reads what the kernel wrote into the log of a file system context: one message a read, with
// a letter for its level in front (Documentation/filesystems/mount_api.rst).
func contextLog(fd int) []string {
	var log []string
	buf := make([]byte, 1024)
	for len(log) < 16 {
		n, err := unix.Read(fd, buf)
		if err != nil || n <= 0 {
			break
		}
		m := strings.TrimSpace(string(buf[:n]))
		if len(m) > 2 && m[1] == ' ' {
			m = m[2:]
		}
		log = append(log, m)
	}
	return log
}

// Remount changes the options of what is mounted on target, flags as of mount(2); data is the file system's own.
func Remount(target string, flags uintptr, data string) error {
	_, err := uroot.Mount("", target, "", data, flags|unix.MS_REMOUNT)
	return err
}

// Room is what is free on the file system of a path, in bytes and in files; known is false where it has no limit (a ramfs), or cannot be asked.
func Room(path string) (bytes, files uint64, known bool) {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil || st.Blocks == 0 {
		return 0, 0, false
	}
	if files = st.Ffree; st.Files == 0 { // no limit of files
		files = 1
	}
	return st.Bavail * uint64(st.Bsize), files, true
}

// IsMountPoint says whether something is mounted on path: its device differs from its parent's.
func IsMountPoint(path string) bool {
	var here, up unix.Stat_t
	if unix.Stat(path, &here) != nil || unix.Stat(path+"/..", &up) != nil {
		return false
	}
	return here.Dev != up.Dev
}
