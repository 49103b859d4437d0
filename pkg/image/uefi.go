package image

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/preroot/preroot/pkg/uki"
)

// uefiParts reads what goes into an UEFI executable besides the image, before any other work is done.
func (o *Options) uefiParts(kver string) (p uki.Parts, err error) {
	if o.SBAT != "" {
		return p, errors.New("--sbat: the stub's own SBAT stays as it is: leave it out, or join kernel and image by ukify")
	}
	root := o.Sysroot
	if root == "" {
		root = "/"
	}
	kernel := o.KernelImage
	if kernel == "" {
		kernel, err = findKernel(root, kver)
	}
	if err == nil {
		p.Kernel, err = os.ReadFile(kernel)
	}
	if err != nil {
		return p, fmt.Errorf("--uefi: kernel: %w", err)
	}
	stub := o.UEFIStub
	if stub == "" {
		if stub, err = uki.FindStub(root, p.Kernel); err != nil {
			return p, fmt.Errorf("--uefi: %w", err)
		}
	}
	if p.Stub, err = os.ReadFile(stub); err != nil {
		return p, fmt.Errorf("--uefi-stub: %w", err)
	}
	if o.UEFISplash != "" {
		if p.Splash, err = os.ReadFile(o.UEFISplash); err != nil {
			return p, fmt.Errorf("--uefi-splash-image: %w", err)
		}
	}
	p.Cmdline, p.Release, p.OSRelease = o.KernelCmdline, kver, osRelease(root)
	return p, nil
}

// findKernel is where distributions have the kernel of a version.
func findKernel(root, kver string) (string, error) {
	list := []string{filepath.Join(root, "boot/vmlinuz-"+kver), filepath.Join(root, "usr/lib/modules", kver, "vmlinuz"), filepath.Join(root, "lib/modules", kver, "vmlinuz")}
	for _, file := range list {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file, nil
		}
	}
	return "", fmt.Errorf("neither %s nor %s is there: name it with --kernel-image", list[0], list[1])
}

// osRelease is os-release(5) of the system; "" where there is none.
func osRelease(root string) string {
	for _, file := range []string{"etc/os-release", "usr/lib/os-release"} {
		if text, err := os.ReadFile(filepath.Join(root, file)); err == nil {
			return string(text)
		}
	}
	return ""
}

// wrap makes an UEFI executable of the image.
func (o *Options) wrap(p uki.Parts, initrd []byte, s *Summary) ([]byte, error) {
	p.Initrd = initrd
	data, err := uki.Assemble(p)
	if err != nil {
		return nil, fmt.Errorf("--uefi: %w", err)
	}
	if o.SecureBootKey != "" || o.SecureBootCert != "" {
		s.Warnings = append(s.Warnings, "the UEFI executable is not signed: sbsign does it with the key and the certificate of the configuration")
	}
	return data, nil
}
