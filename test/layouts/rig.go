package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// A rig is what cells are run with: the systems, images, disks and kernels, each made when it is first asked for.
type rig struct {
	o     options
	errs  io.Writer
	cache string // systems, images and disks
	work  string // of this run
	shop  *vm.Workshop
	init  string            // hash of our /init
	tries map[string]error  // what was made in this run, or why not: nothing is tried twice
	paths map[string]string // images that were made
}

// newRig finds the folders.
func newRig(o options, errs io.Writer) (*rig, error) {
	cache, err := vm.CacheDir()
	if err != nil {
		return nil, err
	}
	sum, err := hashFile(o.init)
	if err != nil {
		return nil, fmt.Errorf("%w; run make first", err)
	}
	if err := os.MkdirAll(o.results, 0o755); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "preroot-layouts-")
	if err != nil {
		return nil, err
	}
	r := &rig{o: o, errs: errs, cache: filepath.Join(cache, "layouts"), work: work, init: sum, tries: map[string]error{}, paths: map[string]string{}}
	r.shop = &vm.Workshop{Dir: work, Log: errs}
	return r, nil
}

func (r *rig) close() { os.RemoveAll(r.work) }

// once makes a thing that is filed under a path, unless it is there. What failed in this run is not tried again.
func (r *rig) once(path string, build func(path string) error) error {
	if err, tried := r.tries[path]; tried {
		return err
	}
	_, err := os.Stat(path)
	if err != nil {
		fmt.Fprintf(r.errs, "making %s\n", strings.TrimPrefix(path, r.cache+"/"))
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = build(path)
		}
	}
	r.tries[path] = err
	return err
}

// watch is where consoles are shown.
func (r *rig) watch() io.Writer {
	if r.o.verbose {
		return r.errs
	}
	return nil
}

// hash is a short name for some texts.
func hash(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d %s\n", len(t), t)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

func hashFile(path string) (string, error) {
	data, err := os.ReadFile(path)
	return hash(string(data)), err
}
