package linux

import (
	"os"
	"path/filepath"
	"testing"
)

// WriteSys writes what is there and makes nothing.
func TestWriteSys(t *testing.T) {
	name := filepath.Join(t.TempDir(), "attribute")
	if err := WriteSys(name, "8:1"); !os.IsNotExist(err) {
		t.Errorf("no attribute: %v", err)
	}
	if err := os.WriteFile(name, []byte("0:0"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteSys(name, "8:1"); err != nil {
		t.Error(err)
	}
	if text, _ := os.ReadFile(name); string(text) != "8:1" {
		t.Errorf("wrote %q", text)
	}
}
