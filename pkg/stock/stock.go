// Package stock knows the init that an image of dracut has besides ours: whether that is systemd, and what only it can do. All is judged from the files of
// the image and the command line, before anything is done that would have to be undone.
package stock

import (
	"io/fs"
)

// Systemd is the systemd of an image that would be its init.
type Systemd struct {
	// Path is the program.
	Path string
}

// unitDirs are the directories of units that dracut fills; /lib is a link in images of merged systems.
var unitDirs = []string{"etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"}

// Find looks for systemd in an image, nil for none. It is the init of an initramfs where the unit of that is there (bootup(7), initrd.target) and the file by
// which systemd knows where it runs (os-release(5), initrd-release).
func Find(files fs.FS) *Systemd {
	if !exists(files, "etc/initrd-release") && !exists(files, "usr/lib/initrd-release") || !inDirs(files, unitDirs, "initrd.target") {
		return nil
	}
	for _, name := range []string{"usr/lib/systemd/systemd", "lib/systemd/systemd"} {
		if exists(files, name) {
			return &Systemd{"/" + name}
		}
	}
	return nil
}

// bodies are the files that dracut's module squash packs an image into; its /init mounts one of them and goes on inside (059: squash-root.img, since 060
// named by the file system).
var bodies = []string{"squashfs-root.img", "erofs-root.img", "squash-root.img", "squash/root.img"}

// Squashed is the file that the body of an image is packed into, "" for an image that is none of dracut's module squash.
func Squashed(files fs.FS) string {
	for _, name := range bodies {
		if exists(files, name) {
			return "/" + name
		}
	}
	return ""
}

func exists(files fs.FS, name string) bool {
	_, err := fs.Stat(files, name)
	return err == nil
}

func inDirs(files fs.FS, dirs []string, name string) bool {
	for _, dir := range dirs {
		if exists(files, dir+"/"+name) {
			return true
		}
	}
	return false
}
