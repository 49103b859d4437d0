package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// defaultImage is the path of the image for a kernel where none is given, in dracut's order (dracut(8)): beside the entries
// of a boot loader that follows the Boot Loader Specification, MACHINE-ID/KVER/initrd; where the kernel has one; in /boot
// beside the kernel; on a mounted EFI partition; in /boot. name is the file's name in /boot, with ${kernel} for the
// version; "" for the distribution's.
func defaultImage(sysroot, kver, name string, mounted func(string) bool) string {
	root := orElse(sysroot, "/")
	at := func(names ...string) string { return filepath.Join(append([]string{root}, names...)...) }
	id := machineID(at)
	for _, dir := range []string{"efi", "boot", "boot/efi"} {
		if isDir(at(dir, "loader/entries")) && isDir(at(dir, id)) {
			return at(dir, id, kver, "initrd")
		}
	}
	if file := at("lib/modules", kver, "initrd"); isFile(file) {
		return file
	}
	if name == "" {
		name = imageName(at)
	}
	inBoot := at("boot", strings.ReplaceAll(name, "${kernel}", kver))
	for _, kernel := range []string{"vmlinuz-", "vmlinux-", "kernel-"} {
		if _, err := os.Stat(at("boot", kernel+kver)); err == nil {
			return inBoot
		}
	}
	for _, dir := range []string{"efi", "boot/efi"} {
		if sysroot == "" && mounted(at(dir)) {
			return at(dir, id, kver, "initrd")
		}
	}
	return inBoot
}

// machineID is the name of this machine's folder among those of a boot loader (machine-id(5)); "Default" if one of that
// name is there, or there is no id.
func machineID(at func(...string) string) string {
	for _, dir := range []string{"efi/Default", "boot/Default", "boot/efi/Default"} {
		if isDir(at(dir)) {
			return "Default"
		}
	}
	text, _ := os.ReadFile(at("etc/machine-id"))
	id, _, _ := strings.Cut(string(text), "\n")
	if id = strings.TrimSpace(id); id == "" || id == "uninitialized" || strings.ContainsAny(id, "/.") {
		return "Default"
	}
	return id
}

// imageName is what the distribution calls an image: initrd.img-KVER on Debian and its kin, initramfs-KVER.img elsewhere.
func imageName(at func(...string) string) string {
	text, err := os.ReadFile(at("etc/os-release"))
	if err != nil {
		text, _ = os.ReadFile(at("usr/lib/os-release"))
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if key != "ID" && key != "ID_LIKE" {
			continue
		}
		for _, id := range strings.Fields(strings.Trim(value, `"'`)) {
			if id == "debian" || id == "ubuntu" {
				return "initrd.img-${kernel}"
			}
		}
	}
	return "initramfs-${kernel}.img"
}

// isMountPoint says whether another file system begins at dir.
func isMountPoint(dir string) bool {
	var here, above syscall.Stat_t
	return syscall.Stat(dir, &here) == nil && syscall.Stat(filepath.Dir(dir), &above) == nil && here.Dev != above.Dev
}
