package linux

import (
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// CopyOnto writes a file onto a device, and waits until it is there.
func CopyOnto(file, device string) error {
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(device, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 1<<20)); err != nil {
		to.Close()
		return err
	}
	if err := to.Sync(); err != nil {
		to.Close()
		return err
	}
	return to.Close()
}

// MoveMount moves a mount to another directory (mount --move).
func MoveMount(from, to string) error {
	if err := unix.Mount(from, to, "", unix.MS_MOVE, ""); err != nil {
		return &os.PathError{Op: "move mount", Path: from, Err: err}
	}
	return nil
}

// Remove takes a module out of the kernel; it does not wait until nobody uses it.
func (Modules) Remove(name string) error {
	return unix.DeleteModule(name, unix.O_NONBLOCK)
}

// Residents names the processes whose root directory lies on a device (MAJOR:MINOR), as "process PID (NAME)".
func Residents(device string) (list []string) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || RootDevice(pid) != device {
			continue
		}
		comm, _ := os.ReadFile("/proc/" + name + "/comm")
		list = append(list, "process "+name+" ("+strings.TrimSpace(string(comm))+")")
	}
	return list
}

// AwaitReader waits until somebody who has opened a file for reading closes it (inotify(7)).
func AwaitReader(file string) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("inotify", err)
	}
	f := os.NewFile(uintptr(fd), "inotify")
	defer f.Close()
	if _, err := unix.InotifyAddWatch(fd, file, unix.IN_CLOSE_NOWRITE); err != nil {
		return &os.PathError{Op: "watch", Path: file, Err: err}
	}
	_, err = f.Read(make([]byte, 256))
	return err
}
