// Package archive writes and reads the cpio archives that the kernel unpacks as an initramfs.
package archive
