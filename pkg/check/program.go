package check

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// paths are where programs are sought, as the PATH of every init has them.
var paths = []string{"usr/sbin", "usr/bin", "sbin", "bin"}

// which is the path of a program by its name; "" for none. A link that leads nowhere is none.
func (j *judge) which(name string) string {
	for _, dir := range paths {
		file := path.Join(dir, name)
		if info, err := j.tree.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}

// errEmpty is a file without content, which the kernel does not start: a shell takes it for a script that does nothing.
var errEmpty = errors.New("it is empty")

// runsAt says why a file cannot be started; nil if it can, with its interpreter and its libraries.
func (j *judge) runsAt(name string) error {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if err, known := j.runs[name]; known {
		return err
	}
	j.runs[name] = nil // a script that names itself
	err := j.starts(name)
	j.runs[name] = err
	return err
}

func (j *judge) starts(name string) error {
	real, err := j.tree.Resolve(name)
	if err != nil {
		return errNotThere(name)
	}
	info, err := j.tree.Stat(real)
	data, e := j.tree.ReadFile(real)
	switch {
	case err != nil || e != nil:
		return fmt.Errorf("%s is no plain file", name)
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("%s may not be executed: its mode is %04o", name, info.Mode().Perm())
	case len(data) == 0:
		return fmt.Errorf("%s: %w", name, errEmpty)
	case bytes.HasPrefix(data, []byte("#!")):
		return j.interpreter(name, data)
	case bytes.HasPrefix(data, []byte(elf.ELFMAG)):
		return j.libraries(name, real)
	}
	return fmt.Errorf("%s is neither an ELF program nor a script", name)
}

func errNotThere(name string) error { return fmt.Errorf("%s is not in the image", name) }

// interpreter judges that of a script.
func (j *judge) interpreter(name string, data []byte) error {
	line, _, _ := strings.Cut(string(data[2:min(len(data), 256)]), "\n")
	words := strings.Fields(line)
	if len(words) == 0 {
		return fmt.Errorf("%s:1:3: nothing behind the mark of a script", name)
	}
	if err := j.runsAt(words[0]); err != nil {
		return fmt.Errorf("%s is run by %s: %w", name, words[0], err)
	}
	return nil
}

// object is an ELF file as the dynamic loader sees it.
type object struct {
	name, loader    string
	needed, folders []string
	class           elf.Class
	machine         elf.Machine
}

// readObject reads an ELF file, and refuses one that is cut off.
func (j *judge) readObject(name string) (*object, error) {
	data, err := j.tree.ReadFile(name)
	switch {
	case err != nil:
		return nil, errNotThere(name)
	case len(data) == 0:
		return nil, fmt.Errorf("%s: %w", name, errEmpty)
	}
	return parseObject(name, data)
}

func parseObject(name string, data []byte) (*object, error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s is damaged or cut off: %w", name, err)
	}
	o := &object{name: name, class: f.Class, machine: f.Machine}
	for _, p := range f.Progs {
		if size := uint64(len(data)); p.Off > size || p.Filesz > size-p.Off {
			return nil, fmt.Errorf("%s is cut off: it has %d bytes, and a segment of %d bytes at byte %d", name, size, p.Filesz, p.Off)
		}
		if p.Type == elf.PT_INTERP {
			o.loader = strings.TrimRight(string(data[p.Off:p.Off+p.Filesz]), "\x00")
		}
	}
	o.needed, _ = f.DynString(elf.DT_NEEDED)
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		values, _ := f.DynString(tag)
		for _, v := range values {
			for dir := range strings.SplitSeq(v, ":") {
				o.folders = append(o.folders, strings.NewReplacer("$ORIGIN", "/"+path.Dir(name), "${ORIGIN}", "/"+path.Dir(name)).Replace(dir))
			}
		}
	}
	return o, nil
}

// libraries judges an ELF program: its loader, and all libraries that it and they need.
func (j *judge) libraries(name, real string) error {
	program, err := j.readObject(real)
	if err != nil {
		return err
	}
	if program.loader != "" {
		if err := j.loads(program.loader, name); err != nil {
			return err
		}
	}
	list := []*object{program}
	known := map[string]bool{path.Base(program.loader): true}
	for i := 0; i < len(list); i++ {
		for _, lib := range list[i].needed {
			if known[lib] {
				continue
			}
			known[lib] = true
			o, err := j.library(lib, list[i], program)
			if err != nil {
				return fmt.Errorf("%s needs %s: %w", name, lib, err)
			}
			list = append(list, o)
		}
	}
	return nil
}

// loads judges a dynamic loader.
func (j *judge) loads(loader, name string) error {
	real, err := j.tree.Resolve(loader)
	if err != nil {
		return fmt.Errorf("%s needs its loader %s, which is not in the image", name, loader)
	}
	if _, err := j.readObject(real); err != nil {
		return fmt.Errorf("%s needs its loader: %w", name, err)
	}
	return nil
}

// library finds a library as ld.so(8) does: a Debian loader has its folders built in, its cache has others. One that is damaged ends
// the search with its error, as it ends the program.
func (j *judge) library(lib string, by, program *object) (*object, error) {
	if strings.Contains(lib, "/") {
		return j.readLibrary(lib)
	}
	files := slices.Clone(j.cached[lib])
	for _, dir := range slices.Concat(by.folders, program.folders, j.libraryFolders()) {
		files = append(files, path.Join(dir, lib))
	}
	for _, file := range files {
		if !j.has(file) {
			continue
		}
		o, err := j.readLibrary(file)
		if err == nil && (o.class != program.class || o.machine != program.machine) {
			continue
		}
		return o, err
	}
	return nil, errNotThere(lib)
}

func (j *judge) readLibrary(file string) (*object, error) {
	real, err := j.tree.Resolve(file)
	if err != nil {
		return nil, errNotThere(file)
	}
	return j.readObject(real)
}

// libraryFolders are those of the loader itself: Debian's for each machine, then the usual ones.
func (j *judge) libraryFolders() []string {
	var list []string
	for _, top := range []string{"/usr/lib", "/lib"} {
		for _, triplet := range []string{"x86_64-linux-gnu", "aarch64-linux-gnu"} {
			list = append(list, path.Join(top, triplet))
		}
	}
	return append(list, "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/lib/systemd", "/lib/systemd")
}

// readCache reads the paths of etc/ld.so.cache: it ends with all of its texts, each behind a NUL (ldconfig(8)). Those of folders that the loader knows
// itself are left out: what is there may not be in the cache, and the other way round.
func (j *judge) readCache() {
	data, err := j.tree.ReadFile("etc/ld.so.cache")
	if err != nil || !bytes.Contains(data[:min(len(data), 4096)], []byte("glibc-ld.so.cache1.1")) {
		return
	}
	j.cached = map[string][]string{}
	known := j.libraryFolders()
	for text := range bytes.SplitSeq(data, []byte{0}) {
		file := string(text)
		if strings.HasPrefix(file, "/") && !slices.Contains(known, path.Dir(file)) && j.has(file) {
			j.cached[path.Base(file)] = append(j.cached[path.Base(file)], file)
		}
	}
}
