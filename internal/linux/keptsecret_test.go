package linux

import (
	"strings"
	"testing"
	"time"
)

// TestKeepSecret: what is kept is read, replaced and forgotten, and ends by itself.
func TestKeepSecret(t *testing.T) {
	defer ForgetSecret()
	m, err := NewSecretMemory(16)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ForgetSecret()
	if err := KeptSecret(m); err == nil {
		t.Error("something is kept already")
	}
	for _, secret := range []string{"first", "the second"} {
		if err := KeepSecret([]byte(secret), time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := KeptSecret(m); err != nil || string(m.Bytes()) != secret {
			t.Errorf("%q is kept as %q: %v", secret, m.Bytes(), err)
		}
	}
	ForgetSecret()
	if err := KeptSecret(m); err == nil {
		t.Error("it is kept after it was forgotten")
	}
	if err := KeepSecret([]byte(strings.Repeat("x", 17)), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := KeptSecret(m); err != ErrSecretTooLong || len(m.Bytes()) != 0 {
		t.Errorf("%q: %v", m.Bytes(), err)
	}
	if err := KeepSecret([]byte("short"), time.Second); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); KeptSecret(m) == nil; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it is kept for ever")
		}
	}
}
