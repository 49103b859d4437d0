package linux

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Files writes what others read, by plain paths.
type Files struct{}

// WriteFile writes a file, with the directories above it, by rename: a reader sees it whole or not at all.
func (Files) WriteFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", data, 0o644); err != nil {
		_ = os.Remove(path + ".new") // on a file system that is full the part of it takes the room of others
		return err
	}
	return os.Rename(path+".new", path)
}

// Symlink makes a link, with the directories above it; one that is there stays.
func (Files) Symlink(target, path string) error {
	err := os.Symlink(target, path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = os.Symlink(target, path)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// Remove removes a file or a link; none there is no error.
func (Files) Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Mkdir makes a directory; one that is there is no error.
func (Files) Mkdir(path string, mode uint32) error {
	err := os.Mkdir(path, fs.FileMode(mode&0o777))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// IsMountPoint says whether something is mounted on path.
func (Files) IsMountPoint(path string) bool { return IsMountPoint(path) }

// ReadFile reads a file.
func (Files) ReadFile(path string) ([]byte, error) { return os.ReadFile(path) }

// Executable says whether a file or directory may be executed or entered (access(2), X_OK): what `[ -x path ]` says in a shell.
func Executable(path string) bool { return path != "" && unix.Access(path, unix.X_OK) == nil }
