package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkTarget refuses, before any work is done, a path where the image cannot or must not go.
func checkTarget(file string, force bool) error {
	if file == "" {
		return errors.New("where to? Name the IMAGE file to write")
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is there and is no plain file: name another IMAGE", file)
	case !force:
		return fmt.Errorf("%s is there: name another IMAGE, or replace it with -f", file)
	}
	return nil
}

// writeImage writes data beside file, brings it to the disk and puts it in place by one rename. The image may hold
// secrets: nobody else may read it, from its first byte.
func writeImage(file string, data []byte) (err error) {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target // a link such as /boot/initrd.img stays a link
	}
	dir, base := filepath.Split(file)
	tmp, err := os.CreateTemp(filepath.Clean(dir+"."), "."+base+".*") // O_EXCL, 0600
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
			err = fmt.Errorf("%s not written: %w", file, err)
		}
	}()
	if _, err = tmp.Write(data); err != nil {
		return err
	}
	if err = tmp.Sync(); err != nil {
		return err
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	if err = os.Rename(tmp.Name(), file); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir brings the rename to the disk. File systems that cannot sync a folder say EINVAL, which is passed over.
func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir + "."))
	if err != nil {
		return nil
	}
	defer d.Close()
	_ = d.Sync()
	return nil
}
