package linux

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// UdevMonitor is the multicast group on which udevd repeats the kernel's events, each after its rules have been through. Receive is for one
// goroutine, Close for any.
type UdevMonitor struct {
	file *os.File
	raw  syscall.RawConn
	buf  [8192]byte
	oob  [64]byte
}

// udevGroup is udevd's multicast group of NETLINK_KOBJECT_UEVENT; the kernel's is 1.
const udevGroup = 2

// monitorBuffer is its receive buffer in bytes: a coldplug of some thousand devices.
const monitorBuffer = 4 << 20

// ListenUdev opens the monitor (netlink(7), udev(7)).
func ListenUdev() (*UdevMonitor, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, monitorBuffer)
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: udevGroup})
	}
	m := &UdevMonitor{file: os.NewFile(uintptr(fd), "udev monitor")}
	if err == nil {
		m.raw, err = m.file.SyscallConn()
	}
	if err != nil {
		m.file.Close()
		return nil, err
	}
	return m, nil
}

// Receive waits for the next message of a process of root; it is valid until the next call. It is empty when messages were lost.
func (m *UdevMonitor) Receive() (message []byte, err error) {
	for {
		var n, oobn int
		failed := m.raw.Read(func(fd uintptr) bool {
			n, oobn, _, _, err = unix.Recvmsg(int(fd), m.buf[:], m.oob[:], 0)
			return err != unix.EAGAIN
		})
		switch {
		case failed != nil:
			return nil, failed
		case err == unix.ENOBUFS:
			return nil, nil
		case err == unix.EINTR:
		case err != nil:
			return nil, os.NewSyscallError("recvmsg", err)
		case sentByRoot(m.oob[:oobn]):
			return m.buf[:n], nil
		}
	}
}

// sentByRoot looks at the credentials that the kernel has attached.
func sentByRoot(oob []byte) bool {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return false
	}
	for i := range messages {
		if c, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			return c.Uid == 0
		}
	}
	return false
}

// Close ends a waiting Receive with an error.
func (m *UdevMonitor) Close() error { return m.file.Close() }
