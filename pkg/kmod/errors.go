package kmod

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// CorruptError says where an index file is damaged. Run depmod(8), or build the image again.
type CorruptError struct {
	File   string
	Offset int64 // in bytes
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is damaged at offset %d: %s; run depmod and build the image again", e.File, e.Offset, e.Reason)
}

var (
	// ErrNotFound is a word that is neither a module, nor an alias, nor built into the kernel.
	ErrNotFound = errors.New("no such module")
	// ErrNoFile is a module that the indexes know and whose file is not in the image.
	ErrNoFile = errors.New("its file is not in the image")
	// ErrBlocked is a module that the command line or modprobe.d(5) forbids.
	ErrBlocked = errors.New("forbidden")
	// ErrDependency is a module that was not tried, because one that it needs failed.
	ErrDependency = errors.New("a module that it needs failed")
	// ErrCompression is a module file that neither the kernel nor this package can unpack.
	ErrCompression = errors.New("nothing here can unpack it")
)

// LoadError says why one module is not in the kernel.
type LoadError struct {
	Module string // "" when a word matched no module
	Path   string // of its file, from the root directory
	For    string // the word or modalias that asked for it
	Err    error
}

func (e *LoadError) Unwrap() error { return e.Err }

func (e *LoadError) Error() string {
	var b strings.Builder
	b.WriteString("module ")
	if e.Module == "" {
		b.WriteString(e.For)
	} else {
		b.WriteString(e.Module)
		if e.For != "" && canonical(e.For) != e.Module {
			b.WriteString(" (for " + e.For + ")")
		}
	}
	b.WriteString(": " + e.Err.Error())
	if e.Path != "" {
		b.WriteString(" [" + e.Path + "]")
	}
	return b.String()
}

// explained is an errno of the kernel with what it means for a module.
type explained struct {
	words string
	err   error
}

func (e *explained) Error() string { return e.words + " (" + e.err.Error() + ")" }
func (e *explained) Unwrap() error { return e.err }

// explain puts an error of Kernel.Insert into words. The meanings are those of init_module(2) and of
// kernel/module/main.c.
func (l *Loader) explain(path string, err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	words := ""
	switch errno {
	case syscall.ENOENT:
		if _, missing := fs.Stat(l.ix.files(), path); errors.Is(missing, fs.ErrNotExist) {
			return ErrNoFile
		}
		words = "it uses a symbol that the kernel and the loaded modules do not have; the kernel log names it"
	case syscall.ENOEXEC:
		words = "not a module of this kernel, or its file is damaged; build the image again"
	case syscall.EBADMSG:
		words = "its signature has no known form"
	case syscall.EKEYREJECTED, syscall.ENOKEY, syscall.ENOPKG:
		words = "the kernel refuses its signature" + l.signatureState()
	case syscall.EPERM, syscall.EACCES:
		words = "the kernel does not allow it" + l.signatureState()
	case syscall.ENODEV:
		words = "it found no device for itself"
	case syscall.EINVAL:
		words = "the module or one of its parameters is not accepted; the kernel log says which"
	case syscall.EOPNOTSUPP:
		words = "this kernel cannot unpack module files"
	case syscall.ENOMEM:
		words = "no memory is left for it"
	case syscall.EBUSY:
		words = "what it drives is held by another driver"
	default:
		return err
	}
	return &explained{words, err}
}

// signatureState tells what makes the kernel strict: lockdown (kernel_lockdown(7)) and module.sig_enforce.
func (l *Loader) signatureState() string {
	state := ""
	if b, err := fs.ReadFile(l.ix.files(), "sys/kernel/security/lockdown"); err == nil {
		if mode := between(string(b), "[", "]"); mode != "" && mode != "none" {
			state += ", lockdown=" + mode
		}
	}
	if b, err := fs.ReadFile(l.ix.files(), "sys/module/module/parameters/sig_enforce"); err == nil && strings.HasPrefix(string(b), "Y") {
		state += ", module.sig_enforce=1"
	}
	return state
}

// between returns what stands between the first open and the next close, or "".
func between(s, open, shut string) string {
	_, s, ok := strings.Cut(s, open)
	if !ok {
		return ""
	}
	s, _, ok = strings.Cut(s, shut)
	if !ok {
		return ""
	}
	return s
}
