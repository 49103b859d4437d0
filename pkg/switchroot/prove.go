package switchroot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/preroot/preroot/internal/linux"
)

// Root is the new root, before the switch: paths and all links in them are resolved as if it were "/".
type Root interface {
	// Open opens a file for reading without waiting for a FIFO or a device.
	Open(path string) (File, error)
	// NoExec says whether the file system that f lies on is mounted noexec.
	NoExec(f File) bool
}

// File is an open file of the new root; *os.File is one.
type File interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// InRoot makes a Root of a directory.
func InRoot(r *linux.Root) Root { return realRoot{r} }

type realRoot struct{ root *linux.Root }

func (r realRoot) Open(path string) (File, error) {
	f, err := r.root.Open(path)
	if err != nil {
		return nil, err // not a nil *os.File in an interface
	}
	return f, nil
}

func (r realRoot) NoExec(f File) bool {
	file, ok := f.(*os.File)
	return ok && linux.NoExec(file)
}

// Proof is what Prove found.
type Proof struct {
	// Init is the program that can be executed, as the candidate was written.
	Init string
	// Refused says of each candidate before it what is wrong with it.
	Refused []error
}

// Refusal says why the kernel would not execute a program, or why the program could not run.
type Refusal struct {
	Path   string // the candidate
	Reason string // "is a directory"
	Advice string // what to do
	Err    error  // the system's answer, or nil
}

func (r *Refusal) Error() string { return r.Path + " " + r.Reason + ": " + r.Advice }

// Unwrap gives the system's answer.
func (r *Refusal) Unwrap() error { return r.Err }

// notThere is the reason of a candidate that has no other fault.
const notThere = "is not there, or is a link to what is not there"

// NoInitError says that no candidate can be executed.
type NoInitError struct{ Refused []error }

func (e *NoInitError) Error() string {
	var there []string
	for _, err := range e.Refused {
		var r *Refusal
		if errors.As(err, &r) && r.Reason == notThere {
			continue
		}
		there = append(there, err.Error())
	}
	if len(there) > 0 {
		return "the new root has no init that can run: " + strings.Join(there, "; ")
	}
	return "the new root has no init: " + e.paths() + " are not there. Is it the root file system, whole and with /usr mounted? If it holds its init elsewhere, name it by init=PATH"
}

// paths are the candidates that were looked for.
func (e *NoInitError) paths() string {
	var list []string
	for _, err := range e.Refused {
		var r *Refusal
		if errors.As(err, &r) {
			list = append(list, r.Path)
		}
	}
	return strings.Join(list, ", ")
}

// Unwrap gives the reason for each candidate.
func (e *NoInitError) Unwrap() []error { return e.Refused }

// Candidates lists the programs to try: that of init=, then those that the kernel tries (init/main.c, kernel_init).
// The last of them is a shell without a password, which is tried if the boot may give a shell away (rd.shell).
func Candidates(init string, shell bool) []string {
	list := []string{"/sbin/init", "/etc/init", "/bin/init", "/bin/sh"}
	if !shell {
		list = list[:3]
	}
	if init == "" {
		return list
	}
	return append([]string{init}, slices.DeleteFunc(list, func(p string) bool { return p == init })...)
}

// Prove looks for the first candidate that the kernel can execute inside root. It follows what execve(2) does, in
// this order, and gives nothing up:
//
//  1. the file is there, regular, executable, and its file system is not mounted noexec;
//  2. "#!" leads, in at most five steps, to a program for which the same holds (fs/binfmt_script.c, fs/exec.c);
//  3. that is an ELF program for machine (HostMachine), whole, and its PT_INTERP is too (fs/binfmt_elf.c).
//
// Formats that only binfmt_misc(5) knows are refused; libraries are the loader's business. When no candidate will do
// the error is a *NoInitError.
func Prove(root Root, candidates []string, machine uint16) (Proof, error) {
	var p Proof
	for _, path := range candidates {
		err := check(root, path, machine)
		if err == nil {
			p.Init = path
			return p, nil
		}
		p.Refused = append(p.Refused, err)
	}
	return p, &NoInitError{p.Refused}
}

// maxScripts is how many scripts in a row the kernel takes (fs/exec.c, exec_binprm).
const maxScripts = 5

// check follows a candidate to the ELF program that would run.
func check(root Root, candidate string, machine uint16) error {
	s := subject{candidate: candidate, path: candidate, root: root, machine: machine}
	for range maxScripts + 1 {
		next, err := s.step()
		if err != nil || next == "" {
			return err
		}
		s.path, s.role = next, "interpreter"
	}
	return s.refuse(syscall.ELOOP, "leads through more than %d scripts", "make the interpreter in its first line a program", maxScripts)
}

// subject is the file that is judged, and how it was reached.
type subject struct {
	candidate string // where it began
	path      string // the file judged now
	role      string // what that is to the candidate: "" itself, "interpreter" or "loader"
	root      Root
	machine   uint16
}

// step judges one file: next is the interpreter of a script, "" after the end of the chain.
func (s *subject) step() (next string, err error) {
	f, size, err := s.open()
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, scriptHead)
	n, err := readAt(f, head, 0)
	if err != nil {
		return "", s.refuse(err, "cannot be read (%v)", "check the disk and its file system", err)
	}
	if n >= 2 && head[0] == '#' && head[1] == '!' {
		if next = interpreter(head); next == "" {
			return "", s.refuse(syscall.ENOEXEC, "is a script without a whole interpreter in its first %d bytes", "write #!/bin/sh there", scriptHead)
		}
		return next, nil
	}
	return "", s.checkELF(f, size)
}

// open opens the file, and sees to what execve wants of any file.
func (s *subject) open() (File, int64, error) {
	f, err := s.root.Open(s.path)
	if err != nil {
		return nil, 0, s.refuseOpen(err)
	}
	size, err := s.checkFile(f)
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, size, nil
}

func (s *subject) checkFile(f File) (int64, error) {
	st, err := f.Stat()
	switch {
	case err != nil:
		return 0, s.refuse(err, "has no status (%v)", "check the disk and its file system", err)
	case st.IsDir():
		return 0, s.refuse(syscall.EACCES, "is a directory", "name a program by init=")
	case !st.Mode().IsRegular():
		return 0, s.refuse(syscall.EACCES, "is no regular file", "name a program by init=")
	case st.Mode().Perm()&0o111 == 0:
		return 0, s.refuse(syscall.EACCES, "is not executable", "chmod +x it, or name another program by init=")
	case s.root.NoExec(f):
		return 0, s.refuse(syscall.EACCES, "lies on a file system mounted noexec", "take noexec out of rootflags= or its fstab options")
	}
	return st.Size(), nil
}

func (s *subject) refuseOpen(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.refuse(err, notThere, "mount what it lies on (/usr?), or name another program by init=")
	case errors.Is(err, syscall.ELOOP):
		return s.refuse(err, "is a link that goes round in a circle", "mend the link, or name another program by init=")
	case errors.Is(err, syscall.ENOTDIR):
		return s.refuse(err, "has a file where its path needs a directory", "check the path in init=")
	}
	return s.refuse(err, "cannot be opened (%v)", "name another program by init=", cause(err))
}

// refuse makes the Refusal; %-verbs of reason are filled by a.
func (s *subject) refuse(err error, reason, advice string, a ...any) error {
	reason = fmt.Sprintf(reason, a...)
	if s.role != "" {
		reason = "cannot run, its " + s.role + " " + printable(s.path) + " " + reason
	}
	return &Refusal{Path: s.candidate, Reason: reason, Advice: advice, Err: err}
}

// printable quotes a path that was read from a file if it holds what a terminal could take for a command.
func printable(path string) string {
	if q := strconv.Quote(path); q != `"`+path+`"` {
		return q
	}
	return path
}

// cause strips the operation and path, which the Refusal says already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// readAt reads as much of buf as there is; the end of the file is no error.
func readAt(f File, buf []byte, off int64) (int, error) {
	n, err := f.ReadAt(buf, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}
