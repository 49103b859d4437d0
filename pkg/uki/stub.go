package uki

import (
	"fmt"
	"os"
	"path/filepath"
)

// stubs are the names of systemd's stub by the machine of a PE file.
var stubs = map[uint16]string{0x8664: "linuxx64.efi.stub", 0xaa64: "linuxaa64.efi.stub"}

// stubFolder is where systemd installs it.
const stubFolder = "usr/lib/systemd/boot/efi"

// FindStub is the path of the stub below root for a kernel.
func FindStub(root string, kernel []byte) (string, error) {
	f, err := parse(kernel)
	if err != nil {
		return "", fmt.Errorf("kernel: %w", err)
	}
	name, ok := stubs[f.machine()]
	if !ok {
		return "", fmt.Errorf("no stub is known for machine %#x (PE format): name one with --uefi-stub", f.machine())
	}
	path := filepath.Join(root, stubFolder, name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not there: install systemd-boot-efi (Debian's name of the package; systemd-boot-unsigned is Fedora's), or name a stub with --uefi-stub", path)
	}
	return path, nil
}
