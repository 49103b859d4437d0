package image

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/preroot/preroot/pkg/kmod"
	"github.com/u-root/u-root/pkg/kmodule"
)

// textIndex is what depmod(8) writes for readers: "FILE: NEEDS" lines. Boots go by its twin modules.dep.bin.
const textIndex = "modules.dep"

// checkOrder has a second reader follow the order in which this image's modules would be loaded: u-root's prober, which knows nothing of our index and reads
// modules.dep. Each module, asked for in our order, must want nothing that is not loaded yet. Where they differ the two files were not written by one run of
// depmod, and the image might lack a module.
func (c *choice) checkOrder() error {
	if err := c.tree.readable(); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing that could differ
		}
		return err
	}
	second, err := newProber(c.tree)
	if err != nil {
		return err
	}
	before := map[string]bool{}
	for _, name := range c.inLoadOrder() {
		loads, err := second.probe(name)
		if err != nil && soundName(c.tree.path[name]) {
			return c.disagree(err.Error())
		}
		before[name] = true
		if more := slices.DeleteFunc(loads, func(n string) bool { return before[n] }); len(more) > 0 {
			return c.disagree(fmt.Sprintf("by the first, %s needs %s", name, strings.Join(more, ", ")))
		}
	}
	return nil
}

// prober is the second reader.
type prober struct {
	*kmodule.Prober
	mu    sync.Mutex // it looks at needs side by side
	loads []string
}

func newProber(t *tree) (*prober, error) {
	dir, err := filepath.Abs(t.dir)
	if err != nil {
		return nil, err
	}
	p := &prober{}
	// It takes the folder of a kernel below /lib/modules; from there this leads to any.
	p.Prober, err = kmodule.NewProber(kmodule.ProbeOpts{KVer: filepath.Join("../..", dir), IgnoreProcMods: true, DryRunCB: p.load})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.dir, err)
	}
	return p, nil
}

func (p *prober) load(file string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loads = append(p.loads, kmod.NameOf(file))
}

// probe gives what a module's load loads, beside what was loaded for the modules before.
func (p *prober) probe(name string) ([]string, error) {
	p.loads = nil
	err := p.Probe(name, "")
	return p.loads, err
}

func (c *choice) disagree(how string) error {
	return fmt.Errorf("%s: %s and %s do not agree: %s. depmod %s writes both anew", c.tree.dir, textIndex, depIndex, how, c.tree.kver)
}

// readable says whether each line of modules.dep has the one sign that the prober takes for granted.
func (t *tree) readable() error {
	text, err := fs.ReadFile(t.files, textIndex)
	if err != nil {
		return err
	}
	i := 0
	for line := range bytes.Lines(text) {
		if i++; !bytes.Contains(line, []byte(":")) {
			return fmt.Errorf("%s/%s:%d: %.60q has no colon: the file is cut off or is none of depmod's; depmod %s writes it anew", t.dir, textIndex, i, line, t.kver)
		}
	}
	return nil
}

// inLoadOrder lists the image's modules so that each comes behind its needs.
func (c *choice) inLoadOrder() (order []string) {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.in)) {
		for _, n := range append(c.tree.index.Deps(name), name) {
			if c.in[n] && !seen[n] {
				seen[n] = true
				order = append(order, n)
			}
		}
	}
	return order
}

// soundName: the prober looks for a name with every '-' or with every '_', and so finds no file that has both (nls_iso8859-1).
func soundName(file string) bool {
	base := filepath.Base(file)
	return !strings.Contains(base, "-") || !strings.Contains(base, "_")
}
