package initrd

import (
	"fmt"
	"strings"
)

// formats are the packings that the kernel knows of an initrd (lib/decompress.c), by their first bytes.
var formats = []struct{ name, magic string }{
	{"gzip", "\x1f\x8b"}, {"gzip", "\x1f\x9e"}, {"bzip2", "BZh"}, {"xz", "\xfd7zXZ\x00"}, {"lzma", "\x5d\x00\x00"}, {"lzo", "\x89LZO\x00"},
	{"lz4", "\x02\x21\x4c\x18"}, {"lz4", "\x04\x22\x4d\x18"}, {"zstd", "\x28\xb5\x2f\xfd"},
}

// Packing names what the data that begin so are packed with, "" for none.
func Packing(head []byte) string {
	for _, f := range formats {
		if strings.HasPrefix(string(head), f.magic) {
			return f.name
		}
	}
	return ""
}

// Unknown says that the RAM disk holds no file system that is known; head are the first bytes of the data.
func Unknown(head []byte) error {
	switch {
	case len(head) == 0:
		return fmt.Errorf("%s is empty", Image)
	case strings.HasPrefix(string(head), "07070"):
		return fmt.Errorf("%s is a cpio archive, an initramfs: give it to the boot loader itself, or build an image with its files", Image)
	}
	return fmt.Errorf("%s holds no file system that is known (it begins with % x): make it by mkfs of ext2, minix or romfs, or by mksquashfs", Image, head[:min(8, len(head))])
}
