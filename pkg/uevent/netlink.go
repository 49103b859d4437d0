package uevent

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrOverrun says that the kernel had to throw events away because they were not read in time. It is no end:
// scan /sys again and go on reading. It comes when the queue has been read empty: from the overrun until
// then the kernel drops every event without a further word (NETLINK_S_CONGESTED, net/netlink/af_netlink.c),
// and a scan made earlier would miss those.
var ErrOverrun = errors.New("uevents were lost: scan /sys again")

// kernelGroup is the multicast group on which the kernel itself speaks; udevd repeats its events on group 2.
const kernelGroup = 1

// messageSize holds the largest message: header and properties fit into 2 KiB each.
const messageSize = 8192

// Conn is the kernel's uevent socket. Receive is for one goroutine; Close and Counts are for any.
type Conn struct {
	file   *os.File
	raw    syscall.RawConn
	closed atomic.Bool

	foreign, truncated, malformed, overruns atomic.Uint64

	lost bool // events were thrown away, and ErrOverrun is still to come
	buf  [messageSize]byte
	oob  [64]byte
}

// Counts tells what Receive has passed over since Listen.
type Counts struct {
	Foreign   uint64 // messages that did not come from the kernel
	Truncated uint64 // messages larger than the buffer
	Malformed uint64 // messages without a usable header
	Overruns  uint64 // times that the kernel threw events away
}

// Listen opens the socket (netlink(7), NETLINK_KOBJECT_UEVENT). buffer is the wanted receive buffer in
// bytes, the caller's bound for events not yet read (128 MiB, at most a sixteenth of the memory); the kernel
// takes memory only for what waits. 0 or less leaves the kernel's default, some 300 events.
func Listen(buffer int) (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, fmt.Errorf("uevent socket: %w", err)
	}
	if err := prepare(fd, buffer); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("uevent socket: %w", err)
	}
	c := &Conn{file: os.NewFile(uintptr(fd), "uevent")}
	c.raw, err = c.file.SyscallConn()
	if err != nil {
		c.file.Close()
		return nil, fmt.Errorf("uevent socket: %w", err)
	}
	return c, nil
}

func prepare(fd, buffer int) error {
	if buffer > 0 {
		// The kernel doubles the value for its own book-keeping. Without CAP_NET_ADMIN only the second
		// call works, bounded by net.core.rmem_max.
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer) != nil {
			if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer); err != nil {
				return err
			}
		}
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return err
	}
	return unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: kernelGroup})
}

// Receive waits for the next event of the kernel. Messages of others, truncated ones and those without a
// header are counted and passed over. The error is ErrOverrun (go on reading), os.ErrClosed after Close, or
// an error of the system, after which the socket is of no use.
func (c *Conn) Receive() (Event, error) {
	for {
		n, oobn, flags, from, err := c.read()
		switch {
		case err == unix.ENOBUFS:
			c.overruns.Add(1)
			c.lost = true
		case err == unix.EAGAIN: // the queue is empty
			c.lost = false
			return Event{}, ErrOverrun
		case err == unix.EINTR:
			continue
		case err != nil:
			return Event{}, c.failed(err)
		case flags&unix.MSG_TRUNC != 0:
			c.truncated.Add(1)
		case flags&unix.MSG_CTRUNC != 0 || !fromKernel(from, c.oob[:oobn]):
			c.foreign.Add(1)
		default:
			ev, err := Parse(c.buf[:n])
			if err == nil {
				return ev, nil
			}
			c.malformed.Add(1)
		}
	}
}

// read takes one message, waiting under Go's poller; while events are lost it does not wait but returns
// EAGAIN. The socket is tried before each wait, so that what lies in the queue behind an overrun is found
// without a new edge from epoll.
func (c *Conn) read() (n, oobn, flags int, from unix.Sockaddr, err error) {
	receive := func(fd uintptr) bool {
		n, oobn, flags, from, err = unix.Recvmsg(int(fd), c.buf[:], c.oob[:], 0)
		return err != unix.EAGAIN || c.lost
	}
	if waitErr := c.raw.Read(receive); waitErr != nil {
		if c.closed.Load() {
			return 0, 0, 0, nil, os.ErrClosed
		}
		err = c.readUnpolled(receive)
	}
	return n, oobn, flags, from, err
}

// readUnpolled waits by poll(2). Go's poller gives up a descriptor for which epoll reported an error and
// nothing else, as a bare overrun is, until the next edge; that must not silence us. The half second bounds
// only how late Close is noticed here.
func (c *Conn) readUnpolled(receive func(uintptr) bool) error {
	for !c.closed.Load() {
		done := false
		ctlErr := c.raw.Control(func(fd uintptr) {
			if done = receive(fd); !done {
				fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
				unix.Poll(fds, 500)
				done = receive(fd)
			}
		})
		if ctlErr != nil {
			return ctlErr
		}
		if done {
			return nil
		}
	}
	return os.ErrClosed
}

func (c *Conn) failed(err error) error {
	if c.closed.Load() {
		return os.ErrClosed
	}
	return fmt.Errorf("uevent socket: %w", err)
}

// fromKernel holds the three marks of the kernel: no port, the kernel's group, and uid 0 in the credentials
// that the kernel itself attached (CVE-2009-1185 is what comes of not looking).
func fromKernel(from unix.Sockaddr, oob []byte) bool {
	nl, ok := from.(*unix.SockaddrNetlink)
	if !ok || nl.Pid != 0 || nl.Groups != kernelGroup {
		return false
	}
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return false
	}
	for i := range msgs {
		if cred, err := unix.ParseUnixCredentials(&msgs[i]); err == nil {
			return cred.Uid == 0
		}
	}
	return false
}

// Close ends the socket; a Receive that waits returns os.ErrClosed.
func (c *Conn) Close() error {
	c.closed.Store(true)
	return c.file.Close()
}

// Counts returns what was passed over so far.
func (c *Conn) Counts() Counts {
	return Counts{
		Foreign:   c.foreign.Load(),
		Truncated: c.truncated.Load(),
		Malformed: c.malformed.Load(),
		Overruns:  c.overruns.Load(),
	}
}
