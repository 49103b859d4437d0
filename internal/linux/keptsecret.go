package linux

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// keptSecret is the description of the kept secret. It lies in the keyring of root (user-keyring(7)): what runs as root can read it until it is forgotten, as it can read a helper's memory.
const keptSecret = "preroot:passphrase"

// keptPermissions are all, for who possesses the key and for its owner (keyctl_setperm(3)).
const keptPermissions = 0x3f3f0000

// KeepSecret keeps a secret in the kernel for a later process, in the place of an earlier one; it is gone when the time is over, or by ForgetSecret. It is made in the keyring of this thread, since
// its time and permissions are changed by who possesses it, and nobody possesses what lies in root's keyring alone.
func KeepSecret(secret []byte, limit time.Duration) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	id, err := unix.AddKey("user", keptSecret, secret, unix.KEY_SPEC_THREAD_KEYRING)
	if err != nil {
		return os.NewSyscallError("add_key", err)
	}
	_, err = unix.KeyctlInt(unix.KEYCTL_SET_TIMEOUT, id, int(limit.Seconds()), 0, 0)
	if err == nil {
		err = unix.KeyctlSetperm(id, keptPermissions)
	}
	if err == nil {
		_, err = unix.KeyctlInt(unix.KEYCTL_LINK, id, unix.KEY_SPEC_USER_KEYRING, 0, 0)
	}
	if _, e := unix.KeyctlInt(unix.KEYCTL_UNLINK, id, unix.KEY_SPEC_THREAD_KEYRING, 0, 0); err == nil {
		err = e
	}
	return os.NewSyscallError("keyctl", err)
}

// KeptSecret reads it. There is none if the error is ENOKEY, EKEYEXPIRED or EKEYREVOKED.
func KeptSecret(into *SecretMemory) error {
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, "user", keptSecret, 0)
	if err != nil {
		return os.NewSyscallError("keyctl", err)
	}
	n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, id, into.Space(), 0)
	switch {
	case err != nil:
		return os.NewSyscallError("keyctl", err)
	case n > len(into.Space()):
		into.Wipe()
		return ErrSecretTooLong
	}
	into.SetLen(n)
	return nil
}
