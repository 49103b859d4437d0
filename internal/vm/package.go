package vm

import (
	"fmt"
	"io"
	"path/filepath"
)

// GetPackage fetches the newest version that a suite has of a package, for amd64 or for every kind of machine, says its file name to log, and returns
// its path. Nothing is installed. The file lies in the cache folder until the caller removes it.
func GetPackage(suite, pkg string, log io.Writer) (deb string, err error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	a, err := newApt(filepath.Join(cache, "apt"), suite, AMD64)
	if err != nil {
		return "", err
	}
	// The lock of whoever else asks this suite.
	unlock, err := lock(filepath.Join(cache, "kernels.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := a.update(); err != nil {
		return "", err
	}
	if deb, err = a.download(pkg); err != nil {
		return "", err
	}
	fmt.Fprintf(log, "fetched %s of %s\n", filepath.Base(deb), suite)
	return deb, nil
}
