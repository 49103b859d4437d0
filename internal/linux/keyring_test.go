package linux

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The key is in the thread keyring while f runs, cannot be read by anybody, and is gone afterwards.
func TestWithLogonKey(t *testing.T) {
	const name = "preroot-test:key"
	failed := errors.New("from f")
	err := WithLogonKey(name, []byte("0123456789abcdef"), func() error {
		id, err := unix.KeyctlSearch(unix.KEY_SPEC_THREAD_KEYRING, "logon", name, 0)
		if err != nil {
			t.Fatalf("the key is not there: %v", err)
		}
		if _, err := unix.KeyctlBuffer(unix.KEYCTL_READ, id, make([]byte, 64), 0); err == nil {
			t.Error("the key can be read")
		}
		// request_key is how dm-crypt finds it.
		if got, err := unix.RequestKey("logon", name, "", 0); err != nil || got != id {
			t.Errorf("request_key: %d, %v; want %d", got, err, id)
		}
		return failed
	})
	if err != failed {
		t.Errorf("the error of f is lost: %v", err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { // the kernel collects it behind our back
		keys, err := os.ReadFile("/proc/keys")
		if err != nil || !strings.Contains(string(keys), name) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the key is left:\n%s", keys)
		}
	}
	if err := WithLogonKey("without-a-colon", []byte{1}, func() error { return nil }); err == nil {
		t.Error("a name without a colon is taken")
	}
}
