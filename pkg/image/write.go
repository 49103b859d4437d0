package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
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
// secrets: nobody else may read it, from its first byte. Until the rename ctx can end it, and nothing is left behind then.
func writeImage(ctx context.Context, file string, data []byte) error {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target // a link such as /boot/initrd.img stays a link
	}
	tmp, err := beside(file)
	if err != nil {
		return fmt.Errorf("%s not written: %w", file, err)
	}
	defer tmp.Close() // and with it the lock
	if err = fill(ctx, tmp, data); err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return fmt.Errorf("%s not written: %w", file, err)
	}
	return syncDir(filepath.Dir(file))
}

// fill writes data and brings it to the disk.
func fill(ctx context.Context, f *os.File, data []byte) error {
	for part := range slices.Chunk(data, 1<<20) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := f.Write(part); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// besideTries is how often a file is made anew that somebody has taken for one that was left behind.
const besideTries = 16

// beside makes the file that becomes the image: .BASE.preroot-new, always of this name, so that what a build left behind that was killed is found by the next one. The lock on it says that somebody
// still writes it. Only who holds the lock of the file that has the name removes or renames it.
func beside(file string) (*os.File, error) {
	name := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".preroot-new")
	for range besideTries {
		if err := clearLeftover(name); err != nil {
			return nil, err
		}
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case err != nil:
			return nil, err
		case isLocked(f) && hasName(f, name):
			return f, nil
		}
		f.Close()
	}
	return nil, busyError(name)
}

// clearLeftover removes what has the name, unless somebody writes it. Of a link nothing is touched that it leads to.
func clearLeftover(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return gone(os.Remove(name))
	}
	defer f.Close()
	switch {
	case !isLocked(f):
		return busyError(name)
	case !hasName(f, name):
		return nil // it has become the image meanwhile
	}
	return gone(os.Remove(name))
}

// gone passes over the error that a name is not there.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// busyError is what is said while somebody else holds the lock.
func busyError(name string) error {
	return fmt.Errorf("another preroot is writing it, to %s: try again when that has ended", name)
}

// isLocked takes the lock of an open file, until that is closed; false says that somebody else has it. A file system without locks has nobody who holds one.
func isLocked(f *os.File) bool {
	return !errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// hasName says whether an open file is the one that has a name.
func hasName(f *os.File, name string) bool {
	is, err := f.Stat()
	at, err2 := os.Lstat(name)
	return err == nil && err2 == nil && os.SameFile(is, at)
}

// syncDir brings the rename to the disk. File systems that cannot sync a folder say EINVAL, which is passed over.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	_ = d.Sync()
	return nil
}
