package vm

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// A Workshop makes what machines are made of, each thing once, whoever asks first: programs, disks, images, kernels. Its methods may be
// called from several goroutines, and while another thing is made.
type Workshop struct {
	Dir     string    // where the files lie
	Log     io.Writer // is told the version of each kernel
	made    sync.Map  // name -> func() error
	kernels sync.Map  // name -> func() (Kernel, error)
}

// Make returns the path of a thing, after build has made it.
func (w *Workshop) Make(name string, build func(path string) error) (string, error) {
	path := filepath.Join(w.Dir, name)
	once, _ := w.made.LoadOrStore(name, sync.OnceValue(func() error { return build(path) }))
	if err := once.(func() error)(); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return path, nil
}

// Kernel returns a kernel of the cache (see GetKernel).
func (w *Workshop) Kernel(name string) (Kernel, error) {
	once, _ := w.kernels.LoadOrStore(name, sync.OnceValues(func() (Kernel, error) {
		k, err := GetKernel(name, os.Stderr)
		if err == nil && w.Log != nil {
			fmt.Fprintf(w.Log, "kernel %s\n", k)
		}
		return k, err
	}))
	return once.(func() (Kernel, error))()
}
