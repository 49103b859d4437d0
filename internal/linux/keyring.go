package linux

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// WithLogonKey puts a key into the keyring of this thread, calls f on the same thread, and takes the key out again. While f runs, a table of dm-crypt whose key is
// ":SIZE:logon:DESCRIPTION" is loaded with it (linux/Documentation/admin-guide/device-mapper/dm-crypt.rst): the volume key then stands in no table and is never given back, not even to root.
//
// dm-crypt looks for the key by request_key() while it loads the table, in the thread, process and session keyring of the thread that calls the ioctl (keyrings(7)). Both the thread and the
// process keyring belong to the credentials of one thread, so that other threads of a running program never see a key in either; therefore f must call the ioctl itself, not in another
// goroutine. The session keyring would outlive the program. dm-crypt keeps a copy of its own, so the key may go as soon as the table is loaded; the kernel wipes it when it frees it.
//
// The description needs a colon with a name before it: "cryptsetup:UUID-d0" is what cryptsetup(8) calls the key of digest 0, and then takes for its own.
func WithLogonKey(description string, key []byte, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	id, err := unix.AddKey("logon", description, key, unix.KEY_SPEC_THREAD_KEYRING)
	if err != nil {
		return os.NewSyscallError("add_key", err) // ENOSYS: a kernel without keys; EDQUOT: kernel.keys.root_maxbytes
	}
	err = f()
	if _, e := unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_THREAD_KEYRING, 0, 0); e != nil && err == nil {
		err = os.NewSyscallError("keyctl", e)
	}
	return err
}
