package linux

import (
	"os"
	"path"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Disk is an open block device.
type Disk struct {
	*os.File
	Size   int64 // bytes
	Sector int   // logical sector size in bytes
}

// OpenDisk opens a block device for reading; it waits for no medium (O_NONBLOCK). An optical drive that has none is ENOMEDIUM.
func OpenDisk(node string) (*Disk, error) {
	fd, err := unix.Open(node, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: node, Err: err}
	}
	if empty(node, fd) {
		unix.Close(fd)
		return nil, &os.PathError{Op: "open", Path: node, Err: unix.ENOMEDIUM}
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

// What the ioctl of linux/cdrom.h is called with, and answers.
const (
	cdromDriveStatus = 0x5326
	cdslCurrent      = 1<<31 - 1
	cdsNoDisc        = 1
	cdsTrayOpen      = 2
)

// empty asks an optical drive whether it has a disc. Each read of one without would be tried again by the kernel, for more than a second in all.
func empty(node string, fd int) bool {
	if !strings.HasPrefix(path.Base(node), "sr") {
		return false
	}
	status, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), cdromDriveStatus, cdslCurrent)
	return errno == 0 && (status == cdsNoDisc || status == cdsTrayOpen)
}

// Number is the number of the device, "254:0", as the tables of the device-mapper name it; "" when the kernel does not say.
func (d *Disk) Number() string {
	var st unix.Stat_t
	if err := unix.Fstat(int(d.Fd()), &st); err != nil {
		return ""
	}
	return strconv.FormatUint(uint64(unix.Major(st.Rdev)), 10) + ":" + strconv.FormatUint(uint64(unix.Minor(st.Rdev)), 10)
}
