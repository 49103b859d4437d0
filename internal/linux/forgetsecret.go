package linux

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ForgetSecret has the kernel wipe what KeepSecret has kept. It is in /init: the library's functions for the same three calls have eight times the size.
func ForgetSecret() {
	kind, name := []byte("user\x00"), []byte(keptSecret+"\x00")
	root := unix.KEY_SPEC_USER_KEYRING
	id, _, errno := syscall.RawSyscall6(unix.SYS_KEYCTL, unix.KEYCTL_SEARCH, uintptr(root), uintptr(unsafe.Pointer(&kind[0])), uintptr(unsafe.Pointer(&name[0])), 0, 0)
	if errno == 0 {
		_, _, _ = syscall.RawSyscall(unix.SYS_KEYCTL, unix.KEYCTL_REVOKE, id, 0)
		_, _, _ = syscall.RawSyscall(unix.SYS_KEYCTL, unix.KEYCTL_UNLINK, id, uintptr(root))
	}
}
