package linux

import (
	"os"
	"path/filepath"
	"testing"
)

// The records of /dev/kmsg, as Documentation/ABI/testing/dev-kmsg shows them.
func TestParseRecord(t *testing.T) {
	for record, want := range map[string]string{
		"3,160,424069,-;PM: Image mismatch: memory size\n":                                "<3>PM: Image mismatch: memory size",
		"7,160,424069,-;pci_root PNP0A03:00: host\n SUBSYSTEM=acpi\n DEVICE=+acpi:PNP0\n": "<7>pci_root PNP0A03:00: host",
		"6,339,5140900,-;a;b\n":                  "<6>a;b",
		"12,340,5690716,-;preroot: a program\n":  "",
		"30,340,5690716,-;systemd[1]: another\n": "",
		"":                                       "",
		"6,1,2,-":                                "",
	} {
		text, kernel := parseRecord(record)
		if !kernel {
			text = ""
		}
		if text != want {
			t.Errorf("%q: %q, want %q", record, text, want)
		}
	}
}

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
