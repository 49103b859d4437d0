package oracle

import (
	"fmt"
	"io"
	"os"
)

// WithInitramfs returns the path of the kernel linked with an archive, a cpio that is not compressed, as its built-in initramfs
// (CONFIG_INITRAMFS_SOURCE). Such a kernel starts /init of the archive, and what the boot loader gives it, if that is no archive, lies
// there as /initrd.image (populate_initrd_image of init/initramfs.c). It is linked once for each archive; the modules are those of Get.
func WithInitramfs(archive string, log io.Writer) (string, error) {
	data, err := os.ReadFile(archive)
	if err != nil {
		return "", err
	}
	s, unlock, err := open(log)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := s.kernel(); err != nil {
		return "", err
	}
	key := key256(config + string(data))
	path := s.path("linked/vmlinuz-" + key)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, s.link(data, path)
}

// link builds the kernel once more; only the archive and the last link are new. The archive has the same name each time, so that nothing else is built again.
func (s shop) link(archive []byte, path string) error {
	cpio := s.path("initramfs.cpio") // the name says to the kernel's make what it is
	if err := os.WriteFile(cpio, archive, 0o644); err != nil {
		return err
	}
	defer os.Remove(cpio)
	if err := s.configure(fmt.Sprintf("CONFIG_INITRAMFS_SOURCE=%q\nCONFIG_INITRAMFS_COMPRESSION_NONE=y\n", cpio)); err != nil {
		return err
	}
	fmt.Fprintln(s.log, "linking the kernel with an initramfs")
	if err := s.make("bzImage"); err != nil {
		return err
	}
	return s.copyImage(path)
}
