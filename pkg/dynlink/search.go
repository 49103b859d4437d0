package dynlink

import (
	"debug/elf"
	"path"
	"slices"
	"strings"
)

// loaded is an object in the process of a program.
type loaded struct {
	*object
	name string  // the path by which it was found
	by   *loaded // nil for the program
}

// arch is what ld.so(8) puts for $PLATFORM, and the folder below lib of Debian's multiarch, for a kind of machine.
type arch struct{ platform, triplet string }

var arches = map[elf.Machine]arch{
	elf.EM_X86_64:       {"x86_64", "x86_64-linux-gnu"},
	elf.EM_386:          {"i686", "i386-linux-gnu"},
	elf.EM_AARCH64:      {"aarch64", "aarch64-linux-gnu"},
	elf.EM_ARM:          {"v7l", "arm-linux-gnueabihf"},
	elf.EM_RISCV:        {"riscv64", "riscv64-linux-gnu"},
	elf.EM_PPC64:        {"power8", "powerpc64le-linux-gnu"},
	elf.EM_S390:         {"z900", "s390x-linux-gnu"},
	elf.EM_MIPS:         {"mips", "mips64el-linux-gnuabi64"},
	elf.EM_LOONGARCH:    {"loongarch", "loongarch64-linux-gnu"},
	elf.EM_SPARCV9:      {"sparcv9", "sparc64-linux-gnu"},
	elf.EM_PARISC:       {"hppa", "hppa-linux-gnu"},
	elf.EM_ALPHA_STD:    {"alpha", "alpha-linux-gnu"},
	elf.Machine(0x9026): {"alpha", "alpha-linux-gnu"},
}

// libNames are the values that $LIB has, by distribution; the wide one first for programs of 64 bits.
func (o *object) libNames() []string {
	list := []string{"lib/" + arches[o.machine].triplet, "lib64", "lib"}
	if o.class == elf.ELFCLASS32 {
		list[1] = "lib32"
	}
	if arches[o.machine].triplet == "" {
		return list[1:]
	}
	return list
}

// systemFolders are searched last. What is of another machine there is passed over.
func (o *object) systemFolders() (list []string) {
	for _, lib := range o.libNames() {
		list = append(list, "/"+lib, "/usr/"+lib)
	}
	return list
}

// expand replaces $ORIGIN, $LIB and $PLATFORM in a folder or a path that an object names.
func (o *loaded) expand(text string) []string {
	if !strings.Contains(text, "$") {
		return []string{text}
	}
	replace := func(s, name, value string) string {
		return strings.ReplaceAll(strings.ReplaceAll(s, "${"+name+"}", value), "$"+name, value)
	}
	origin := path.Dir(o.name)
	if o.by == nil {
		origin = path.Dir(o.real) // the kernel says where it really lies (AT_EXECFN is not asked)
	}
	text = replace(replace(text, "ORIGIN", origin), "PLATFORM", arches[o.machine].platform)
	var list []string
	for _, lib := range o.libNames() {
		if s := path.Clean(replace(text, "LIB", lib)); !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// find looks for a library in the order of the dynamic loader; program is the first object of the process. It gives the path
// by which it was found, "" for none.
func (r *Root) find(name string, by, program *loaded) string {
	if strings.Contains(name, "/") {
		for _, file := range by.expand(name) {
			if r.fits(file, by) {
				return file
			}
		}
		return ""
	}
	for _, dir := range r.folders(by, program) {
		if file := path.Join(dir, name); r.fits(file, by) {
			return file
		}
	}
	return ""
}

// folders are those that are searched for a library that an object needs.
func (r *Root) folders(by, program *loaded) (dirs []string) {
	add := func(o *loaded, list []string) {
		for _, text := range list {
			dirs = append(dirs, o.expand(text)...)
		}
	}
	if program.musl() {
		for o := by; o != nil; o = o.by {
			add(o, append(slices.Clip(o.rpath), o.runpath...))
		}
		return append(dirs, r.muslFolders(program.muslArch())...)
	}
	if len(by.runpath) == 0 {
		for o := by; o != nil; o = o.by {
			add(o, o.rpath)
		}
	}
	add(by, by.runpath)
	if by.nodeflt {
		return dirs
	}
	return append(append(dirs, r.conf...), by.systemFolders()...)
}

// fits says whether a library lies at a path that can be loaded beside an object.
func (r *Root) fits(file string, by *loaded) bool {
	real, _, err := r.Resolve(file)
	if err != nil || !r.isFile(real) {
		return false
	}
	o, err := r.object(real)
	return err == nil && o.fits(by.object)
}

// muslItself says whether musl's loader answers for a library: it is all of the C library (ldso/dynlink.c, the reserved names).
func muslItself(name string) bool {
	rest, ok := strings.CutPrefix(name, "lib")
	word, _, dotted := strings.Cut(rest, ".so")
	return ok && dotted && slices.Contains([]string{"c", "pthread", "rt", "m", "dl", "util", "xnet"}, word)
}
