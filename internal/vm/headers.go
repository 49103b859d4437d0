package vm

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// GetHeaders returns the folder to build modules of a kernel of Debian 12 in: its header packages, unpacked beside the kernel in the
// cache. Their makefiles name each other by absolute paths, which are made to point there.
func GetHeaders(k Kernel, log io.Writer) (string, error) {
	dir := filepath.Join(k.Dir, "headers")
	build := filepath.Join(dir, "usr/src/linux-headers-"+k.Version)
	if _, err := os.Stat(filepath.Join(build, "ready")); err == nil {
		return build, nil
	}
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	a, err := newApt(filepath.Join(cache, "apt"), "bookworm", AMD64)
	if err != nil {
		return "", err
	}
	if err := a.update(); err != nil {
		return "", err
	}
	flavour := strings.TrimSuffix(strings.TrimSuffix(k.Version, "-amd64"), "-cloud")
	series := strings.Join(strings.SplitN(k.Version, ".", 3)[:2], ".")
	for _, pkg := range []string{"linux-headers-" + k.Version, "linux-headers-" + flavour + "-common", "linux-kbuild-" + series} {
		fmt.Fprintf(log, "fetching %s\n", pkg)
		deb, err := a.download(pkg)
		if err != nil {
			return "", err
		}
		if _, err := run("dpkg", "-x", deb, dir); err != nil {
			return "", err
		}
	}
	return build, relocate(build, dir)
}

// relocate makes the makefile of unpacked headers name files below dir, and says that all is ready.
func relocate(build, dir string) error {
	makefile := filepath.Join(build, "Makefile")
	text, err := os.ReadFile(makefile)
	if err != nil {
		return err
	}
	text = []byte(strings.ReplaceAll(string(text), " /usr/src/", " "+dir+"/usr/src/"))
	if err := os.WriteFile(makefile, text, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(build, "ready"), nil, 0o644)
}
