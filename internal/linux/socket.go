package linux

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// Socket is one end of a SOCK_SEQPACKET pair: a message goes over whole or not at all.
type Socket struct{ fd int }

// maxMessage bounds a message of the socket, in bytes.
const maxMessage = 128 << 10

// SocketPair makes two connected ends, both close-on-exec.
func SocketPair() (a, b *Socket, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	return &Socket{fds[0]}, &Socket{fds[1]}, nil
}

// AdoptSocket takes a descriptor that the parent process gave; it is made close-on-exec.
func AdoptSocket(fd int) *Socket {
	unix.CloseOnExec(fd)
	return &Socket{fd}
}

// Fd is the descriptor.
func (s *Socket) Fd() uintptr { return uintptr(s.fd) }

// Close closes this descriptor of the end.
func (s *Socket) Close() error { return unix.Close(s.fd) }

// HangUp ends the connection, for every process that holds this end, and closes it. A Receive under way returns io.EOF; after Close alone it
// would go on, and later read from another socket that got the same number.
func (s *Socket) HangUp() error {
	_ = unix.Shutdown(s.fd, unix.SHUT_RDWR)
	return s.Close()
}

// Send sends one message. It does not wait: a peer that does not read is an error (EAGAIN).
func (s *Socket) Send(msg []byte) error {
	for {
		err := unix.Sendto(s.fd, msg, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, nil)
		if err != unix.EINTR {
			return err
		}
	}
}

// Receive waits for one message. io.EOF means that the peer is gone.
func (s *Socket) Receive() ([]byte, error) {
	buf := make([]byte, maxMessage)
	for {
		n, _, flags, _, err := unix.Recvmsg(s.fd, buf, nil, 0)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, err
		case n == 0:
			return nil, io.EOF
		case flags&unix.MSG_TRUNC != 0:
			return nil, errors.New("message too long")
		}
		return buf[:n], nil
	}
}
