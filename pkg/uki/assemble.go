package uki

import (
	"errors"
	"fmt"
)

// Parts are what a unified kernel image is made of; what is nil or "" has no section in it.
type Parts struct {
	Stub   []byte // linuxx64.efi.stub or the like, of systemd
	Kernel []byte // an UEFI executable itself: the kernel's EFI stub
	Initrd []byte
	Splash []byte // a BMP picture

	Cmdline   string // kernel parameters
	OSRelease string // text of os-release(5): the names in a boot menu
	Release   string // kernel version, as uname -r says it
}

// Assemble makes the executable.
func Assemble(p Parts) ([]byte, error) {
	if len(p.Kernel) == 0 || len(p.Initrd) == 0 {
		return nil, errors.New("an UEFI executable needs a kernel and an initramfs")
	}
	f, err := parse(p.Stub)
	if err != nil {
		return nil, fmt.Errorf("stub: %w", err)
	}
	kernel, err := parse(p.Kernel)
	if err != nil {
		return nil, fmt.Errorf("kernel: %w: it must have an EFI stub (CONFIG_EFI_STUB) and not be compressed as a whole", err)
	}
	if f.machine() != kernel.machine() {
		return nil, fmt.Errorf("the stub is for machine %#x and the kernel for %#x (PE format): give the stub of the kernel's architecture", f.machine(), kernel.machine())
	}
	for _, s := range []struct {
		name string
		data []byte
		code bool
	}{
		{".osrel", []byte(p.OSRelease), false},
		{".cmdline", []byte(p.Cmdline), false},
		{".uname", []byte(p.Release), false},
		{".splash", p.Splash, false},
		{".initrd", p.Initrd, false},
		{".linux", p.Kernel, true},
	} {
		if len(s.data) == 0 {
			continue
		}
		if err := f.add(s.name, s.data, s.code); err != nil {
			return nil, fmt.Errorf("stub: %w", err)
		}
	}
	return f.data, nil
}
