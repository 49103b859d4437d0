package linux

import (
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Reset is a way to end the machine's run.
type Reset int

// The three of reboot(2).
const (
	Reboot Reset = iota
	PowerOff
	Halt
)

// End ends the machine's run. It returns when the kernel refuses; where the kernel's own attempt has no effect it ends the calling
// thread instead, never the process while it has others (kernel/reboot.c: do_exit behind kernel_power_off).
func End(how Reset) error {
	cmd := unix.LINUX_REBOOT_CMD_RESTART
	switch how {
	case PowerOff:
		cmd = unix.LINUX_REBOOT_CMD_POWER_OFF
	case Halt:
		cmd = unix.LINUX_REBOOT_CMD_HALT
	}
	return unix.Reboot(cmd)
}

// Sync writes out what the file systems hold; a disk that does not answer keeps it for ever.
func Sync() { unix.Sync() }

// CtrlAltDel sets what Ctrl-Alt-Del does: immediate is a reset by the kernel, its default; otherwise PID 1 gets SIGINT.
func CtrlAltDel(immediate bool) error {
	if immediate {
		return unix.Reboot(unix.LINUX_REBOOT_CMD_CAD_ON)
	}
	return unix.Reboot(unix.LINUX_REBOOT_CMD_CAD_OFF)
}

// MakeNode makes the node of a device for root alone, with the directories above it; an existing one is no error.
func MakeNode(path string, block bool, major, minor uint32) error {
	kind := uint32(unix.S_IFCHR)
	if block {
		kind = unix.S_IFBLK
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	err := unix.Mknod(path, kind|0o600, int(unix.Mkdev(major, minor)))
	if err == nil || err == unix.EEXIST {
		return nil
	}
	return &os.PathError{Op: "mknod", Path: path, Err: err}
}

// SetPrintLevel sets the level below which kernel messages reach the consoles (syslog(2), SYSLOG_ACTION_CONSOLE_LEVEL).
func SetPrintLevel(level int) error {
	_, err := klogctl(8, level)
	return err
}

// KernelLog is the kernel's log as it is now (syslog(2), SYSLOG_ACTION_READ_ALL); "" when it cannot be read.
func KernelLog() string {
	const readAll, sizeBuffer = 3, 10
	size, err := klogctl(sizeBuffer, 0)
	if err != nil || size <= 0 {
		return ""
	}
	buf := make([]byte, min(size, 4<<20))
	n, _, errno := unix.Syscall(unix.SYS_SYSLOG, readAll, uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
	if errno != 0 {
		return ""
	}
	return string(buf[:n])
}

func klogctl(action, length int) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_SYSLOG, uintptr(action), 0, uintptr(length))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// OpenAppend opens a device or file for writing without waiting for it and without making it a controlling terminal.
func OpenAppend(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_APPEND|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// OpenInput opens a device for reading, without waiting for it; a Read waits for what it says, and ends when the device is gone.
func OpenInput(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// Sysctl writes a value below /proc/sys; name has slashes.
func Sysctl(name, value string) error {
	return os.WriteFile("/proc/sys/"+name, []byte(value), 0)
}
