package image

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/preroot/preroot/pkg/archive"
)

// Part is the part of an image that belongs to one machine: kernel words, keys, hooks. It is an archive of its own, which lies behind an image for many machines, in the same file or as the next
// initrd of the boot loader; the kernel unpacks both into one tree.
type Part struct {
	Image         string // that it is for; "" if that is not known
	Output        string // the part alone; "" appends it to Image
	KernelCmdline string
	Hooks         string
	Includes      []Include
	Force         bool // replace Output
}

// partWords is where its words are: behind those of the image (10-cmdline.conf), which they override.
const partWords = "etc/cmdline.d/50-machine.conf"

// partLimit bounds the image, in bytes.
const partLimit = 1 << 30

// Append writes the part, and gives its size.
func Append(p Part) (size int64, err error) {
	part, err := p.archive()
	if err != nil {
		return 0, err
	}
	var old []byte
	if p.Image != "" {
		if old, err = p.check(part); err != nil {
			return 0, err
		}
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
		return int64(len(data)), writeImage(p.Output, data)
	case p.Image == "":
		return 0, errors.New("name the IMAGE that the part is appended to, or by -o the file that it is written to")
	}
	// The kernel looks for an archive at multiples of four bytes only (init/initramfs.c).
	for len(old)%4 != 0 {
		old = append(old, 0)
	}
	return int64(len(data)), writeImage(p.Image, append(old, data...))
}

// archive is what lies in the part.
func (p *Part) archive() (*layout, error) {
	l := newLayout()
	if text := strings.TrimSpace(p.KernelCmdline); text != "" {
		if err := l.add(Entry{Name: partWords, Kind: Regular, Perm: 0o644, Data: []byte(text + "\n")}); err != nil {
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

// check reads the image, and refuses what the kernel would make of both together: a folder of the part takes the place of a link of the image, with all that lay behind it.
func (p *Part) check(part *layout) ([]byte, error) {
	data, err := os.ReadFile(p.Image)
	if err != nil {
		return nil, err
	}
	if len(data) > partLimit {
		return nil, fmt.Errorf("%s has %d bytes, which no image has", p.Image, len(data))
	}
	image, err := archive.Parse(data, archive.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Image, err)
	}
	tree, err := image.Tree()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Image, err)
	}
	for _, old := range tree.Entries() {
		if e, both := part.entries[old.Name]; both && (old.Kind == Dir) != (e.Kind == Dir) {
			return nil, fmt.Errorf("/%s of %s is no folder in one of the two, and a folder in the other: include by the path without links", old.Name, p.Image)
		}
	}
	return data, nil
}
