package linux

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Disk is an open block device.
type Disk struct {
	*os.File
	Size   int64 // bytes
	Sector int   // logical sector size in bytes
}

// OpenDisk opens a block device for reading; it waits for no medium (O_NONBLOCK).
func OpenDisk(node string) (*Disk, error) {
	fd, err := unix.Open(node, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: node, Err: err}
	}
	d := &Disk{Sector: 512}
	if s, err := unix.IoctlGetInt(fd, unix.BLKSSZGET); err == nil && s > 0 {
		d.Sector = s
	}
	var size uint64
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.BLKGETSIZE64, uintptr(unsafe.Pointer(&size))); errno == 0 {
		d.Size = int64(size)
	}
	d.File = os.NewFile(uintptr(fd), node)
	return d, nil
}
