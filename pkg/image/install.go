package image

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/preroot/preroot/pkg/dynlink"
)

// taken is what goes in from the system that the image is for, by its own paths: programs with what they need to run.
type taken struct {
	root    *dynlink.Root
	entries []Entry
	have    map[string]bool
	links   map[string]string // folders that are links there, and where they lead: "lib" -> "usr/lib"
}

// installed reads what o.Install, o.InstallOptional and the checkers name.
func installed(o *Options, list []checker, init []byte) (*taken, []string, error) {
	t := &taken{have: map[string]bool{}, links: map[string]string{}}
	if len(o.Install)+len(o.InstallOptional)+len(list) == 0 {
		return t, nil, nil
	}
	var err error
	if t.root, err = dynlink.Open(o.Sysroot); err != nil {
		return nil, nil, fmt.Errorf("programs of the system: %w", err)
	}
	if err := t.merged(); err != nil {
		return nil, nil, fmt.Errorf("programs of the system: %w", err)
	}
	for _, name := range o.Install {
		if err := t.named(name); err != nil {
			return nil, nil, fmt.Errorf("--install %s: %w", name, err)
		}
	}
	for _, name := range o.InstallOptional {
		if err := t.named(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("--install-optional %s: %w", name, err)
		}
	}
	warnings, err := t.checkers(list, init)
	return t, warnings, err
}

// named takes a program by its name or path, whole or not at all.
func (t *taken) named(name string) error {
	file, err := t.root.Program(name)
	if err != nil {
		return err
	}
	return t.program(file)
}

// mergedFolders are links in a system whose programs and libraries all lie below /usr: by both names, there and in the image.
var mergedFolders = []string{"/bin", "/sbin", "/lib", "/lib64", "/usr/sbin"}

func (t *taken) merged() error {
	for _, name := range mergedFolders {
		real, links, err := t.root.Resolve(name)
		if err != nil || len(links) == 0 {
			continue
		}
		for _, l := range links {
			if err := t.item(dynlink.Item{Path: l.Path, Target: l.Target}); err != nil {
				return err
			}
		}
		if err := t.item(dynlink.Item{Path: real}); err != nil {
			return err
		}
	}
	return nil
}

// program takes a file, and what it needs if it is a program; of a folder the folder alone, as dracut's --install does.
func (t *taken) program(file string) error {
	items, err := t.root.Closure(dynlink.Options{Dlopen: true}, file)
	if err != nil {
		return err
	}
	for _, i := range items {
		if err := t.item(i); err != nil {
			return err
		}
	}
	return nil
}

func (t *taken) item(i dynlink.Item) error {
	if t.have[i.Path] {
		return nil
	}
	t.have[i.Path] = true
	name := strings.TrimPrefix(i.Path, "/")
	if i.Target != "" {
		if real, folder := t.folder(i.Path); folder {
			t.links[name] = strings.TrimPrefix(real, "/")
		}
		t.entries = append(t.entries, Entry{Name: name, Kind: Symlink, Perm: 0o777, Data: []byte(i.Target)})
		return nil
	}
	info, err := os.Lstat(t.root.Host(i.Path))
	if err != nil {
		return err
	}
	e, err := hostEntry(t.root.Host(i.Path), name, fs.FileInfoToDirEntry(info))
	if err == nil && name != "" {
		t.entries = append(t.entries, e)
	}
	return err
}

// folder says whether a path leads to a folder, and to which.
func (t *taken) folder(name string) (real string, ok bool) {
	real, _, err := t.root.Resolve(name)
	if err != nil {
		return "", false
	}
	info, err := os.Lstat(t.root.Host(real))
	return real, err == nil && info.IsDir()
}

// settle gives a member its place where folders are links (/lib -> usr/lib): in the folder that they lead to. A link that
// leads up from its folder is made absolute then, since there is another folder above it.
func (l *layout) settle(e Entry) Entry {
	name := l.place(path.Dir(e.Name)) + "/" + path.Base(e.Name)
	if e.Kind == Dir {
		name = l.place(e.Name)
	}
	name = strings.TrimPrefix(name, "./")
	if e.Kind == Symlink && path.Dir(name) != path.Dir(e.Name) && strings.HasPrefix(string(e.Data), "..") {
		e.Data = []byte(path.Join("/", path.Dir(e.Name), string(e.Data)))
	}
	e.Name = name
	return e
}

// place is a folder without links in its path.
func (l *layout) place(dir string) string {
	for above, below := dir, ""; above != "."; {
		if to, ok := l.links[above]; ok {
			dir = path.Join(to, below)
			above, below = dir, ""
			continue
		}
		below = path.Join(path.Base(above), below)
		above = path.Dir(above)
	}
	return dir
}

// offer takes in those members whose names are free: a file that is there is never overwritten.
func (l *layout) offer(entries ...Entry) error {
	for _, e := range entries {
		if _, there := l.entries[l.settle(e).Name]; there {
			continue
		}
		if err := l.add(e); err != nil {
			return err
		}
	}
	return nil
}
