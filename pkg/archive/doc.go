// Package archive writes and reads what the kernel unpacks as an initramfs: cpio archives of the newc form, one behind
// the other, each plain or compressed (Documentation/driver-api/early-userspace/buffer-format.rst, init/initramfs.c).
//
// Parse reads an image of any tool as a list of segments. Image.Tree merges them as the kernel does, Extract writes
// members into a folder of the host, Secrets knows which of them are nobody else's business.
//
// Images are taken as hostile: names that lead out are refused, symbolic links end inside the image, and Limits bound
// the memory.
package archive
