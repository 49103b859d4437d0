// Package switchroot makes another root the root of the machine: it proves the new init inside the new root before
// anything is given up (prove.go, in the engine), and does the last step of the boot in PID 1 (Switch).
package switchroot

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/linux"
)

// Prepared is a switch whose every condition was checked: nothing is changed yet.
type Prepared struct {
	record Record
	root   *linux.Root
	old    *linux.OldRoot
	rest   *linux.OldRoot
}

// Prepare checks the record again, in the process that will act on it: the new root is a file system of its own, and the new init opens inside the new root and may be executed.
func Prepare(r Record) (*Prepared, error) {
	root, err := linux.OpenRoot(r.Root)
	if err != nil {
		return nil, err
	}
	p := &Prepared{record: r, root: root}
	if p.old, err = linux.HoldRoot(root); err != nil {
		root.Close()
		return nil, fmt.Errorf("%s: %w", r.Root, err)
	}
	return p, p.checkInit()
}

func (p *Prepared) checkInit() error { return executable(p.root, p.record.Init) }

// Executable checks that a program of the present root may be executed.
func Executable(program string) error {
	root, err := linux.OpenRoot("/")
	if err != nil {
		return err
	}
	defer root.Close()
	return executable(root, program)
}

func executable(root *linux.Root, program string) error {
	f, err := root.Open(program)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() || st.Mode().Perm()&0o111 == 0 {
		return &fs.PathError{Op: "execute", Path: program, Err: errors.New("not an executable file")}
	}
	return nil
}

// Switch does, in this order:
//
//  1. moves the mounts of the record into the new root; one that has no directory there, or a link in its place, is
//     detached and named in the result;
//  2. moves the new root onto "/" and changes root and working directory to it;
//  3. unlinks everything in the initramfs, which gives its memory back. What was no ramfs or tmpfs stays as it is.
//
// After an error of step 2 the process is still in the initramfs, without the mounts moved in step 1.
func (p *Prepared) Switch() (warnings []string, err error) {
	for _, m := range slices.Backward(p.record.Discard) {
		_ = linux.Detach(m)
	}
	for _, m := range p.record.Mounts {
		if err := insist(func() error { return linux.MoveInto(p.root, m, m) }); err != nil {
			warnings = append(warnings, fmt.Sprintf("%s is not carried over: %v", m, err))
			_ = linux.Detach(m)
		}
	}
	if err := insist(func() error { return linux.Enter(p.root) }); err != nil {
		return warnings, err
	}
	p.root.Close()
	return append(warnings, p.empty()...), nil
}

// insist tries once more when the kernel refuses to move a mount because somebody has made its parent shared.
func insist(move func() error) error {
	err := move()
	if errors.Is(err, syscall.EINVAL) && linux.MakePrivate() == nil {
		err = move()
	}
	return err
}

// emptyLimit is how long the real init waits for the memory of the initramfs.
const emptyLimit = time.Second

func (p *Prepared) empty() (warnings []string) {
	if p.old.Kept() {
		p.old.Close()
		return []string{"the old root is neither ramfs nor tmpfs: it stays as it is, below the new one"}
	}
	left, stopped := p.old.Empty(emptyLimit)
	switch {
	case stopped:
		p.rest = p.old
		return []string{fmt.Sprintf("the initramfs is not empty after %v: the rest goes meanwhile", emptyLimit)}
	case left > 0:
		warnings = []string{fmt.Sprintf("%d names stay in the initramfs and keep their memory", left)}
	}
	p.old.Close()
	return warnings
}

// Rest is the initramfs where Switch could not empty it in time, for another process to go on with (EmptyRest); nil otherwise.
func (p *Prepared) Rest() *linux.OldRoot { return p.rest }

// RestName is the argv[0] of the process that empties the rest of an initramfs, RestFD the descriptor of that directory. It lives in
// the real system for a while: the '@' says that the initramfs has left it there (https://systemd.io/ROOT_STORAGE_DAEMONS/).
const (
	RestName = "@preroot-empty"
	RestFD   = 3
)

// restLimit bounds the work on the rest.
const restLimit = 5 * time.Minute

// EmptyRest is the whole of that process.
func EmptyRest() error {
	old, err := linux.AdoptOldRoot(RestFD)
	if err == nil {
		old.Empty(restLimit)
	}
	return err
}
