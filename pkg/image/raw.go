package image

import (
	"errors"
	"path"
	"runtime"
	"sync/atomic"

	"github.com/preroot/preroot/internal/safe"
)

// rawModule is a module as it lies on the host, and then as it lies in the image: file is its path below the module folder.
type rawModule struct {
	name, file string
	data       []byte
}

// read reads the chosen modules.
func (c *choice) read() (list []rawModule, err error) {
	for _, name := range c.names() {
		file, data, err := c.tree.load(name, asFound)
		if err != nil {
			return nil, err
		}
		list = append(list, rawModule{name, file, data})
	}
	return list, nil
}

// pack gives the modules the form in which they lie in the image, as many at once as there are processors.
func (c *choice) pack(list []rawModule, formOf func(name string) form, progress func(what string, done, of int)) (entries []Entry, err error) {
	var next atomic.Int64
	done := make(chan error, len(list))
	work := func() {
		for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
			r := &list[i]
			var err error
			r.file, r.data, err = c.tree.form(r.name, r.data, formOf(r.name))
			done <- err
		}
	}
	for range runtime.GOMAXPROCS(0) {
		safe.Go("packer", func(_, trace string) { done <- errors.New(trace) }, work)
	}
	for i := range list {
		progress("modules packed", i, len(list))
		if err := <-done; err != nil {
			return nil, err
		}
	}
	for _, r := range list {
		entries = append(entries, Entry{Name: path.Join(c.dir(), r.file), Kind: Regular, Perm: 0o644, Data: r.data})
	}
	return entries, nil
}

// quick are the chosen ones of quickModules, with what they need.
func (c *choice) quick() map[string]bool {
	in := map[string]bool{}
	for _, name := range quickModules {
		for _, n := range append(c.tree.index.Deps(name), name) {
			in[n] = c.in[n]
		}
	}
	return in
}

// filesOf are the paths of modules below the module folder, by their names.
func filesOf(list []rawModule) map[string]string {
	files := map[string]string{}
	for _, r := range list {
		files[r.name] = r.file
	}
	return files
}

// dir is the module folder inside the image.
func (c *choice) dir() string { return "lib/modules/" + c.tree.kver }
