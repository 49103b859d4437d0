package linux

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A process can have some of its system calls, and those of all that it starts, decided by another: seccomp_unotify(2). Here these are the calls that mount and
// unmount, so that a second /proc is no surprise (procnames.go).

// call is a system call that is handed over, whatever its number.
type call int

const (
	callOther call = iota
	callMount
	callUmount // umount2, and the umount of 32-bit processes
	callFsopen
)

// numbers are those of the calls by architecture of the process (AUDIT_ARCH_ of linux/audit.h): a 64-bit kernel runs 32-bit programs too.
var numbers = map[uint32]map[uint32]call{
	unix.AUDIT_ARCH_X86_64:  {165: callMount, 166: callUmount, 430: callFsopen},
	unix.AUDIT_ARCH_I386:    {21: callMount, 22: callUmount, 52: callUmount, 430: callFsopen},
	unix.AUDIT_ARCH_AARCH64: {40: callMount, 39: callUmount, 430: callFsopen},
	unix.AUDIT_ARCH_ARM:     {21: callMount, 52: callUmount, 430: callFsopen},
}

// notifyFilter is the classic BPF program: the calls above are handed over, all others go on.
func notifyFilter() []unix.SockFilter {
	const (
		nr, arch = 0, 4 // offsets in struct seccomp_data
		load     = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal    = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		answer   = unix.BPF_RET | unix.BPF_K
	)
	var program []unix.SockFilter
	for machine, calls := range numbers {
		n := uint8(len(calls))
		program = append(program, unix.SockFilter{Code: load, K: arch}, unix.SockFilter{Code: equal, Jf: n + 3, K: machine}, unix.SockFilter{Code: load, K: nr})
		left := n
		for number := range calls {
			program = append(program, unix.SockFilter{Code: equal, Jt: left, K: number})
			left--
		}
		program = append(program, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW}, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_USER_NOTIF})
	}
	return append(program, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW})
}

// handOverMounts makes the calls of this process and of its children that mount and unmount wait for who reads the descriptor. It must be called on the thread
// that executes the program afterwards.
func handOverMounts() (listener int, err error) {
	runtime.LockOSThread()
	program := notifyFilter()
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return -1, os.NewSyscallError("seccomp", errno)
	}
	return int(fd), nil
}

// notice is a call that waits for its answer (struct seccomp_notif).
type notice struct {
	id   uint64
	pid  int
	call call
	args [6]uint64
}

// The sizes and ioctls of linux/seccomp.h.
const (
	noticeSize    = 80
	answerSize    = 24
	noticeReceive = 0xc0502100
	noticeSend    = 0xc0182101
	noticeValid   = 0x40082102
	goOn          = 1 // SECCOMP_USER_NOTIF_FLAG_CONTINUE
)

// receive waits for a call; fs.ErrClosed means that no process is left that could make one.
func receive(listener *os.File) (n notice, err error) {
	for {
		if err := awaitReadable(listener); err != nil {
			return n, err
		}
		var buf [noticeSize]byte
		errno := ioctlBytes(listener, noticeReceive, buf[:])
		switch errno {
		case unix.EINTR, unix.ENOENT: // the process was killed meanwhile
			continue
		case 0:
		default:
			return n, os.NewSyscallError("SECCOMP_IOCTL_NOTIF_RECV", errno)
		}
		order := binary.NativeEndian
		n.id, n.pid = order.Uint64(buf[0:]), int(order.Uint32(buf[8:]))
		number, arch := order.Uint32(buf[16:]), order.Uint32(buf[20:])
		n.call = numbers[arch][number]
		for i := range n.args {
			n.args[i] = order.Uint64(buf[32+8*i:])
		}
		if arch == unix.AUDIT_ARCH_I386 && number == 22 { // umount has no flags
			n.args[1] = 0
		}
		return n, nil
	}
}

// awaitReadable waits until a call has come, or until nobody is left (POLLHUP).
func awaitReadable(listener *os.File) error {
	raw, err := listener.SyscallConn()
	if err != nil {
		return err
	}
	var ready int16
	err = raw.Read(func(fd uintptr) bool {
		set := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(set, 0)
		if err == nil && n > 0 {
			ready = set[0].Revents
		}
		return ready != 0
	})
	switch {
	case err != nil:
		return err
	case ready&unix.POLLIN == 0:
		return fs.ErrClosed
	}
	return nil
}

// valid says whether the process still waits: what was read of its memory was then its own.
func (n notice) valid(listener *os.File) bool {
	var buf [8]byte
	binary.NativeEndian.PutUint64(buf[:], n.id)
	return ioctlBytes(listener, noticeValid, buf[:]) == 0
}

// answer ends the wait: with err, with success, or by letting the kernel do the call.
func (n notice) answer(listener *os.File, goOnWith bool, err error) {
	var buf [answerSize]byte
	order := binary.NativeEndian
	order.PutUint64(buf[0:], n.id)
	var errno unix.Errno
	switch {
	case goOnWith:
		order.PutUint32(buf[20:], goOn)
	case errors.As(err, &errno):
		number := -int32(errno)
		order.PutUint32(buf[16:], uint32(number))
	}
	_ = ioctlBytes(listener, noticeSend, buf[:])
}

func ioctlBytes(f *os.File, request uintptr, buf []byte) unix.Errno {
	raw, err := f.SyscallConn()
	if err != nil {
		return unix.EBADF
	}
	var errno unix.Errno
	if err := raw.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(&buf[0])))
	}); err != nil {
		return unix.EBADF
	}
	return errno
}

// maxPath is PATH_MAX of the kernel.
const maxPath = 4096

// text reads a string of the process's memory, "" for a null pointer.
func (n notice) text(arg int) (string, error) {
	address := n.args[arg]
	if address == 0 {
		return "", nil
	}
	mem, err := os.Open("/proc/" + strconv.Itoa(n.pid) + "/mem")
	if err != nil {
		return "", err
	}
	defer mem.Close()
	var text []byte
	for len(text) < maxPath {
		// To the end of the page and no further: the next one may not be there.
		size := min(int(4096-(address+uint64(len(text)))%4096), maxPath-len(text))
		buf := make([]byte, size)
		k, err := mem.ReadAt(buf, int64(address)+int64(len(text)))
		for i, c := range buf[:k] {
			if c == 0 {
				return string(append(text, buf[:i]...)), nil
			}
		}
		text = append(text, buf[:k]...)
		if err != nil {
			return "", unix.EFAULT
		}
	}
	return "", unix.ENAMETOOLONG
}
