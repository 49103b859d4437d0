package linux

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Modules is the kernel's module loader.
type Modules struct{}

// Insert loads the module file at path by finit_module(2), flags 0 or MODULE_INIT_COMPRESSED_FILE: versions and
// signatures are always the kernel's to check.
func (Modules) Insert(path, params string, compressed bool) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	flags := 0
	if compressed {
		flags = unix.MODULE_INIT_COMPRESSED_FILE
	}
	return unix.FinitModule(fd, params, flags)
}

// InsertImage loads a module from memory by init_module(2): one that the kernel could not unpack itself.
func (Modules) InsertImage(image []byte, params string) error {
	return unix.InitModule(image, params)
}

// Loaded says whether a module is in the kernel and has finished its start (/sys/module/NAME/initstate).
func (Modules) Loaded(name string) bool {
	state, err := os.ReadFile("/sys/module/" + strings.ReplaceAll(name, "-", "_") + "/initstate")
	return err == nil && strings.HasPrefix(string(state), "live")
}
