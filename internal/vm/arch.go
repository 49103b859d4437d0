package vm

import (
	"fmt"
	"os"
	"strings"
)

// An Arch is a kind of machine, as Go and Debian both call it.
type Arch string

// The kinds of machines that tests start.
const (
	AMD64 Arch = "amd64"
	ARM64 Arch = "arm64"
)

// Serial is the kernel parameter for the first serial line.
func (a Arch) Serial() string {
	if a == ARM64 {
		return "console=ttyAMA0"
	}
	return "console=ttyS0"
}

// Built returns where make puts the /init of this kind below the folder build.
func (a Arch) Built() string {
	if a == ARM64 {
		return "arm64/init"
	}
	return "init"
}

// qemu is the program that emulates it.
func (a Arch) qemu() string {
	if a == ARM64 {
		return "qemu-system-aarch64"
	}
	return "qemu-system-x86_64"
}

// cc is the host's compiler for it.
func (a Arch) cc() string {
	if a == ARM64 {
		return "aarch64-linux-gnu-gcc"
	}
	return "cc"
}

// args says which machine it is. The pointer authentication of the emulated
// arm64 processor is QEMU's own quick one: the architected cipher takes most of
// a boot.
func (a Arch) args() []string {
	if a == ARM64 {
		return []string{"-machine", "virt", "-accel", "tcg", "-cpu", "max,pauth-impdef=on"}
	}
	return []string{"-accel", "tcg", "-cpu", "max"}
}

// A Firmware is what starts the kernel.
type Firmware string

// The firmwares of a machine.
const (
	// BIOS is SeaBIOS on amd64. On arm64 there is none: QEMU starts the kernel
	// itself and hands it a device tree.
	BIOS Firmware = "bios"
	// UEFI is EDK II, which hands ACPI tables over on both.
	UEFI Firmware = "uefi"
)

// Firmwares lists every firmware.
func Firmwares() []Firmware { return []Firmware{BIOS, UEFI} }

// efi is EDK II for each kind of machine, and the package that has it.
func (a Arch) efi() (file, pkg string) {
	if a == ARM64 {
		return "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd", "qemu-efi-aarch64"
	}
	return "/usr/share/ovmf/OVMF.fd", "ovmf"
}

// args names the firmware's file. Variables that the guest sets are lost with
// the machine.
func (f Firmware) args(a Arch) []string {
	if f != UEFI {
		return nil
	}
	file, _ := a.efi()
	return []string{"-bios", file}
}

// look says what is missing of a firmware.
func (f Firmware) look(a Arch) error {
	file, pkg := a.efi()
	if _, err := os.Stat(file); f == UEFI && err != nil {
		return fmt.Errorf("firmware %s is missing: apt-get install %s", file, pkg)
	}
	return nil
}

// archOf tells the kind of machine from a Debian kernel's version or package:
// "6.1.0-37-cloud-amd64".
func archOf(version string) Arch {
	if strings.HasSuffix(version, "-arm64") {
		return ARM64
	}
	return AMD64
}
