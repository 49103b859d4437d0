package switchroot

import (
	"encoding/binary"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// Machine numbers of ELF (include/uapi/linux/elf-em.h).
const (
	em386     = 3
	emPPC64   = 21
	emS390    = 22
	emARM     = 40
	emX86_64  = 62
	emAArch64 = 183
	emRISCV   = 243
	emLoong   = 258
)

// HostMachine is the ELF machine of the kernel that this program runs on.
func HostMachine() uint16 {
	switch runtime.GOARCH {
	case "386":
		return em386
	case "arm":
		return emARM
	case "arm64":
		return emAArch64
	case "riscv64":
		return emRISCV
	case "ppc64", "ppc64le":
		return emPPC64
	case "s390x":
		return emS390
	case "loong64":
		return emLoong
	}
	return emX86_64
}

// runs says whether a kernel for machine runs programs for m; wide says that these are of 64 bits. The 32-bit
// sisters are taken on trust: distribution kernels have them (CONFIG_IA32_EMULATION, CONFIG_COMPAT).
func runs(machine, m uint16) (ok, wide bool) {
	switch {
	case m == machine:
		return true, m != em386 && m != emARM
	case machine == emX86_64 && m == em386, machine == emAArch64 && m == emARM:
		return true, false
	}
	return false, false
}

// elfShape is where the fields of the two classes lie (include/uapi/linux/elf.h).
type elfShape struct {
	header, phoff, phentsize, phnum int // in the file header; header is its size
	entry                           int // size of a program header
	offset, vaddr, filesz, memsz    int // in a program header
	word                            int // bytes in an offset
}

var (
	elf32 = elfShape{header: 52, phoff: 28, phentsize: 42, phnum: 44, entry: 32, offset: 4, vaddr: 8, filesz: 16, memsz: 20, word: 4}
	elf64 = elfShape{header: 64, phoff: 32, phentsize: 54, phnum: 56, entry: 56, offset: 8, vaddr: 16, filesz: 32, memsz: 40, word: 8}
)

func (e *elfShape) number(b []byte, at int) uint64 {
	if e.word == 4 {
		return uint64(binary.NativeEndian.Uint32(b[at:]))
	}
	return binary.NativeEndian.Uint64(b[at:])
}

// Kinds of program headers and files.
const (
	ptLoad   = 1
	ptInterp = 3
	etExec   = 2
	etDyn    = 3
	pathMax  = 4096
)

// checkELF sees to what fs/binfmt_elf.c wants of a program, and that no part of it that is loaded is cut off; then to
// its loader. Like the kernel it goes by the machine number alone, not by the class and byte order in e_ident.
func (s *subject) checkELF(f File, size int64) error {
	shape, headers, machine, err := s.readELF(f, size)
	if err != nil {
		return err
	}
	loads, interp := 0, ""
	for ; len(headers) > 0; headers = headers[shape.entry:] {
		offset, filesz := shape.number(headers, shape.offset), shape.number(headers, shape.filesz)
		switch binary.NativeEndian.Uint32(headers) {
		case ptLoad:
			loads++
			if offset+filesz < offset || offset+filesz > uint64(size) {
				return s.refuse(syscall.ENOEXEC, "is cut off: it has %d bytes and needs more", "install it again", size)
			}
		case ptInterp:
			if interp != "" || s.role == "loader" {
				continue // the kernel looks at the first, and at none of a loader
			}
			if interp, err = s.readInterp(f, offset, filesz); err != nil {
				return err
			}
		}
	}
	if loads == 0 {
		return s.refuse(syscall.ENOEXEC, "is an ELF file with nothing to load", "install it again")
	}
	if interp == "" {
		return nil
	}
	return s.checkLoader(interp, machine)
}

// readELF reads the header and the program headers.
func (s *subject) readELF(f File, size int64) (shape *elfShape, headers []byte, machine uint16, err error) {
	head := make([]byte, elf64.header)
	n, err := readAt(f, head, 0)
	switch {
	case err != nil:
		return nil, nil, 0, s.refuse(err, "cannot be read (%v)", "check the disk and its file system", err)
	case size == 0:
		return nil, nil, 0, s.refuse(syscall.ENOEXEC, "is empty", "install it again, or name another program by init=")
	case n < elf32.header || string(head[:4]) != "\x7fELF":
		return nil, nil, 0, s.refuse(syscall.ENOEXEC, "is neither an ELF program nor a script with #!", "name a program by init=")
	}
	machine = binary.NativeEndian.Uint16(head[18:])
	ok, wide := runs(s.machine, machine)
	if !ok || s.role == "loader" && machine != s.machine {
		return nil, nil, 0, s.refuse(syscall.ENOEXEC, "is for another kind of machine (%s, this is %s)", "boot a root made for this machine", machineName(machine), machineName(s.machine))
	}
	shape = &elf32
	if wide {
		shape = &elf64
	}
	if t := binary.NativeEndian.Uint16(head[16:]); t != etExec && t != etDyn {
		return nil, nil, 0, s.refuse(syscall.ENOEXEC, "is an ELF file but no program (type %d)", "name a program by init=", t)
	}
	headers, err = s.readHeaders(f, shape, head[:n])
	return shape, headers, machine, err
}

// readHeaders reads the table of program headers, which must fit into a page.
func (s *subject) readHeaders(f File, shape *elfShape, head []byte) ([]byte, error) {
	if len(head) < shape.header {
		return nil, s.refuse(syscall.ENOEXEC, "is cut off in its ELF header", "install it again")
	}
	count := int(binary.NativeEndian.Uint16(head[shape.phnum:]))
	length := count * shape.entry
	if int(binary.NativeEndian.Uint16(head[shape.phentsize:])) != shape.entry || count == 0 || length > os.Getpagesize() {
		return nil, s.refuse(syscall.ENOEXEC, "has a damaged ELF header", "install it again")
	}
	headers := make([]byte, length)
	if err := readFull(f, headers, shape.number(head, shape.phoff)); err != nil {
		return nil, s.refuse(err, "is cut off before its program headers", "install it again")
	}
	return headers, nil
}

// readInterp reads the path of the loader.
func (s *subject) readInterp(f File, offset, length uint64) (string, error) {
	if length < 2 || length > pathMax {
		return "", s.refuse(syscall.ENOEXEC, "has a damaged PT_INTERP", "install it again")
	}
	text := make([]byte, length)
	if err := readFull(f, text, offset); err != nil {
		return "", s.refuse(err, "is cut off before the path of its loader", "install it again")
	}
	if text[length-1] != 0 {
		return "", s.refuse(syscall.ENOEXEC, "has a damaged PT_INTERP", "install it again")
	}
	for i, c := range text {
		if c == 0 {
			text = text[:i]
			break
		}
	}
	if len(text) == 0 {
		return "", s.refuse(syscall.ENOENT, "names an empty loader", "install it again")
	}
	return string(text), nil
}

// checkLoader judges the program that maps the libraries in, which is of the same machine as what it is to load. A
// script will not do, nor does its own PT_INTERP count.
func (s *subject) checkLoader(path string, machine uint16) error {
	l := *s
	l.path, l.role, l.machine = path, "loader", machine
	if s.role != "" {
		l.role = "interpreter's loader"
	}
	f, size, err := l.open()
	if err != nil {
		return err
	}
	defer f.Close()
	l.role = "loader"
	return l.checkELF(f, size)
}

// readFull fills buf from an offset that a file named; one past 63 bits lies behind any end.
func readFull(f File, buf []byte, off uint64) error {
	if int64(off) < 0 {
		return syscall.EINVAL
	}
	n, err := readAt(f, buf, int64(off))
	if err == nil && n < len(buf) {
		err = syscall.EIO // the kernel's word for it
	}
	return err
}

// machineName is what people call an ELF machine (elf.h, EM_*).
func machineName(m uint16) string {
	switch m {
	case em386:
		return "i386"
	case emPPC64:
		return "powerpc"
	case emS390:
		return "s390"
	case emARM:
		return "arm"
	case emX86_64:
		return "x86-64"
	case emAArch64:
		return "aarch64"
	case emRISCV:
		return "riscv"
	case emLoong:
		return "loongarch"
	}
	return "ELF machine " + strconv.Itoa(int(m))
}
