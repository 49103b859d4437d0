package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/preroot/preroot/pkg/archive"
)

// Part is the part of an image that belongs to one machine: kernel words, keys, hooks. It is an archive of its own, which lies behind an image for many machines, in the same file or as the next
// initrd of the boot loader; the kernel unpacks both into one tree. A second part adds to the first; of a file that is in both the later one counts.
type Part struct {
	Image         string // that it is for; "" if that is not known
	Output        string // the part alone; "" appends it to Image
	KernelCmdline string
	Hooks         string
	Includes      []Include
	Force         bool // replace Output
}

// The words of a part are in a file behind those of the image (10-cmdline.conf), which they override; each further part takes the next number, so that its words come to those before.
const (
	partWords           = "etc/cmdline.d/%d-machine.conf"
	firstPart, lastPart = 50, 89
)

// partLimit bounds the image, in bytes.
const partLimit = 1 << 30

// Append writes the part, and gives its size.
func Append(ctx context.Context, p Part) (size int64, err error) {
	old, tree, err := p.read()
	if err != nil {
		return 0, err
	}
	part, err := p.archive(tree)
	if err != nil {
		return 0, err
	}
	if err := p.check(part, tree); err != nil {
		return 0, err
	}
	data, err := part.archive(4)
	if err != nil {
		return 0, err
	}
	switch {
	case p.Output != "":
		if err := checkTarget(p.Output, p.Force); err != nil {
			return 0, err
		}
		return int64(len(data)), writeImage(ctx, p.Output, data)
	case p.Image == "":
		return 0, errors.New("name the IMAGE that the part is appended to, or by -o the file that it is written to")
	}
	// The kernel looks for an archive at multiples of four bytes only (init/initramfs.c).
	for len(old)%4 != 0 {
		old = append(old, 0)
	}
	return int64(len(data)), writeImage(ctx, p.Image, append(old, data...))
}

// archive is what lies in the part, which comes behind what is in the tree.
func (p *Part) archive(tree *archive.Tree) (*layout, error) {
	l := newLayout()
	if text := strings.TrimSpace(p.KernelCmdline); text != "" {
		name, err := p.words(tree)
		if err != nil {
			return nil, err
		}
		if err := l.add(Entry{Name: name, Kind: Regular, Perm: 0o644, Data: []byte(text + "\n")}); err != nil {
			return nil, err
		}
	}
	if p.Hooks != "" {
		list, err := scripts(p.Hooks)
		if err != nil {
			return nil, fmt.Errorf("hooks: %w", err)
		}
		if err := l.add(list...); err != nil {
			return nil, err
		}
	}
	for _, inc := range p.Includes {
		if err := l.include(inc); err != nil {
			return nil, err
		}
	}
	if len(l.entries) == 0 {
		return nil, errors.New("the part would be empty: give it --kernel-cmdline, --hooks or --include")
	}
	return l, nil
}

// words is the file of its words: behind those of all parts that are there.
func (p *Part) words(tree *archive.Tree) (string, error) {
	n := lastPart
	for ; n >= firstPart; n-- {
		if _, err := tree.Lstat(fmt.Sprintf(partWords, n)); err == nil {
			break
		}
	}
	if n == lastPart {
		return "", fmt.Errorf("%s has /"+partWords+" already, the last of the parts with words: build the image anew with all of them (preroot build --kernel-cmdline)", p.Image, n)
	}
	return fmt.Sprintf(partWords, n+1), nil
}

// read reads the image that the part is for.
func (p *Part) read() ([]byte, *archive.Tree, error) {
	image := &archive.Image{}
	var data []byte
	if p.Image != "" {
		var err error
		if data, err = os.ReadFile(p.Image); err != nil {
			return nil, nil, err
		}
		if len(data) > partLimit {
			return nil, nil, fmt.Errorf("%s has %d bytes, which no image has", p.Image, len(data))
		}
		if image, err = archive.Parse(data, archive.DefaultLimits()); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p.Image, err)
		}
	}
	tree, err := image.Tree()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", p.Image, err)
	}
	return data, tree, nil
}

// check refuses what the kernel would make of both together: a folder of the part takes the place of a link of the image, with all that lay behind it.
func (p *Part) check(part *layout, tree *archive.Tree) error {
	for _, old := range tree.Entries() {
		if e, both := part.entries[old.Name]; both && (old.Kind == Dir) != (e.Kind == Dir) {
			return fmt.Errorf("/%s of %s is no folder in one of the two, and a folder in the other: include by the path without links", old.Name, p.Image)
		}
	}
	return nil
}
