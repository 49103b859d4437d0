package dynlink

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// object is a file that may be run or loaded, read once.
type object struct {
	real    string // path without links
	script  string // interpreter of a script with its argument, "" for none
	elf     bool
	class   elf.Class
	data    elf.Data
	machine elf.Machine
	loader  string // PT_INTERP
	soname  string
	needed  []string
	rpath   []string // empty when there is a runpath
	runpath []string
	nodeflt bool // DF_1_NODEFLIB
	notes   []dlopen
	imports map[string]bool // of functions in cLibrary
}

// fits says whether an object can be loaded beside another one.
func (o *object) fits(p *object) bool {
	return o.elf && o.class == p.class && o.data == p.data && o.machine == p.machine
}

// musl says whether the C library is musl: a library has no loader, but asks for the C library by a name of its own.
func (o *object) musl() bool { return o.muslArch() != "" }

// muslArch is the architecture in musl's words, "" with another C library.
func (o *object) muslArch() string {
	for _, name := range append([]string{path.Base(o.loader)}, o.needed...) {
		for _, prefix := range []string{"ld-musl-", "libc.musl-"} {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				arch, _, _ := strings.Cut(rest, ".")
				return arch
			}
		}
	}
	return ""
}

// maxScript is how much of a script's first line the kernel reads (fs/binfmt_script.c, BINPRM_BUF_SIZE).
const maxScript = 256

// object reads the file at a path without links.
func (r *Root) object(real string) (*object, error) {
	if o := r.known[real]; o != nil {
		return o, nil
	}
	o, err := readObject(r.Host(real), real)
	if err == nil {
		r.known[real] = o
	}
	return o, err
}

// readObject reads a file of the host as the object at a path.
func readObject(file, real string) (*object, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	o := &object{real: real}
	head := make([]byte, maxScript)
	n, _ := io.ReadFull(f, head)
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("#!")):
		line, _, _ := bytes.Cut(head[2:], []byte("\n"))
		o.script = strings.TrimSpace(string(line))
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		if err := o.readELF(f); err != nil {
			return nil, fmt.Errorf("%s: %w", real, err)
		}
	}
	return o, nil
}

// readELF takes from an ELF file what the dynamic loader reads of it.
func (o *object) readELF(file io.ReaderAt) error {
	f, err := elf.NewFile(file)
	if err != nil {
		return err
	}
	o.elf, o.class, o.data, o.machine = true, f.Class, f.Data, f.Machine
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP || p.Filesz > maxConf {
			continue
		}
		text, err := io.ReadAll(p.Open())
		if err != nil {
			return err
		}
		o.loader = strings.TrimRight(string(text), "\x00")
	}
	if o.needed, err = f.DynString(elf.DT_NEEDED); err != nil {
		return err
	}
	names, _ := f.DynString(elf.DT_SONAME)
	o.soname = strings.Join(names, "")
	o.rpath, o.runpath = folders(f, elf.DT_RPATH), folders(f, elf.DT_RUNPATH)
	if len(o.runpath) > 0 {
		o.rpath = nil
	}
	flags, _ := f.DynValue(elf.DT_FLAGS_1)
	o.nodeflt = len(flags) > 0 && flags[0]&uint64(elf.DF_1_NODEFLIB) != 0
	o.readImports(f)
	if s := f.Section(".note.dlopen"); s != nil && s.Size <= maxConf {
		data, err := s.Data()
		if err != nil {
			return err
		}
		if o.notes, err = parseNotes(data, f.ByteOrder); err != nil {
			return err
		}
	}
	return nil
}

// folders splits the value of a path tag.
func folders(f *elf.File, tag elf.DynTag) (list []string) {
	values, _ := f.DynString(tag)
	for _, v := range values {
		for dir := range strings.SplitSeq(v, ":") {
			if dir != "" {
				list = append(list, dir)
			}
		}
	}
	return list
}

// readImports notes which functions are taken from the C library that open libraries; see cLibrary.
func (o *object) readImports(f *elf.File) {
	symbols, _ := f.DynamicSymbols()
	for _, s := range symbols {
		if s.Section == elf.SHN_UNDEF && opens(s.Name) || s.Name == builtinFiles && s.Section != elf.SHN_UNDEF {
			if o.imports == nil {
				o.imports = map[string]bool{}
			}
			o.imports[s.Name] = true
		}
	}
}
