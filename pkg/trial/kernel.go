package trial

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The processors that kernels are tried for, as Go calls them.
const (
	AMD64 = "amd64"
	ARM64 = "arm64"
)

// FindKernel looks for the kernel of a version where distributions have it, below root.
func FindKernel(root, kver string) (string, error) {
	var list []string
	for _, name := range []string{"boot/vmlinuz-" + kver, "usr/lib/modules/" + kver + "/vmlinuz", "lib/modules/" + kver + "/vmlinuz", "boot/vmlinux-" + kver} {
		file := filepath.Join(root, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file, nil
		}
		list = append(list, file)
	}
	return "", fmt.Errorf("neither %s nor %s is there: name the kernel behind the image", list[0], list[1])
}

// KernelVersion is what the header of a kernel for amd64 says that it is, "6.1.0-37-amd64" (Documentation/arch/x86/boot.rst, kernel_version); "" when it does not say.
func KernelVersion(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, 64<<10)
	n, _ := io.ReadFull(f, head)
	if head = head[:n]; n < 0x210 || string(head[0x202:0x206]) != "HdrS" {
		return ""
	}
	at := int(le.Uint16(head[0x20e:])) + 0x200
	if at <= 0x200 || at >= n {
		return ""
	}
	text, _, _ := bytes.Cut(head[at:], []byte{' '})
	if version, _, ok := bytes.Cut(text, []byte{0}); ok || len(version) > 100 {
		return ""
	}
	return string(text)
}

// KernelArch tells by its header what processor a kernel is for (Documentation/arch/x86/boot.rst, arch/arm64/booting.rst).
func KernelArch(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, 1024)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	head = append(head[:n], make([]byte, 1024-n)...)
	switch {
	case string(head[0x202:0x206]) == "HdrS":
		return AMD64, nil
	case string(head[56:60]) == "ARM\x64", bytes.HasPrefix(head, []byte{0x1f, 0x8b}), string(head[4:8]) == "zimg": // kernels for arm64 may be packed by gzip, or unpack themselves
		return ARM64, nil
	}
	return "", fmt.Errorf("%s is no kernel for amd64 or arm64", file)
}
