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
