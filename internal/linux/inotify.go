package linux

import (
	"os"

	"golang.org/x/sys/unix"
)

// Changes watches directories: entries that come, go, or are written (inotify(7)).
type Changes struct {
	f   *os.File
	buf [4096]byte
}

// WatchDirectories watches directories. One that does not exist is passed over.
func WatchDirectories(dirs ...string) (*Changes, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		_, _ = unix.InotifyAddWatch(fd, dir, unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVED_TO|unix.IN_MOVED_FROM|unix.IN_CLOSE_WRITE|unix.IN_ONLYDIR)
	}
	return &Changes{f: os.NewFile(uintptr(fd), "inotify")}, nil
}

// Await waits until something has changed, and forgets what that was: whoever asks looks himself.
func (c *Changes) Await() error {
	_, err := c.f.Read(c.buf[:])
	return err
}

// Close ends a waiting Await with an error.
func (c *Changes) Close() error { return c.f.Close() }
