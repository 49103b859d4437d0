package image

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/archive"
)

// oldImage is an image of ours that a new one is about to take the place of.
type oldImage struct {
	segments []archive.Segment // its own, and what was appended behind them
	own      int               // how many are its own: up to the one with the manifest
	manifest manifest
}

// readOld reads what lies at a path; nil if there is nothing, or no image that says what it was made of.
func readOld(file string) *oldImage {
	image, err := archive.Open(file, archive.DefaultLimits())
	if err != nil {
		return nil
	}
	for i, s := range image.Segments {
		if e := findEntry(s.Entries, manifestName); e != nil {
			m, err := parseManifest(string(e.Data))
			if err != nil {
				return nil
			}
			return &oldImage{segments: image.Segments, own: i + 1, manifest: m}
		}
	}
	return nil
}

func findEntry(list []Entry, name string) *Entry {
	if i := slices.IndexFunc(list, func(e Entry) bool { return e.Name == name }); i >= 0 {
		return &list[i]
	}
	return nil
}

// parseManifest reads what manifest.entry writes.
func parseManifest(text string) (manifest, error) {
	m := manifest{}
	for line := range strings.Lines(text) {
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, err
		}
		name, _ := strconv.Unquote(quoted)
		m[name] = strings.TrimSpace(line[len(quoted):])
	}
	return m, nil
}

// dropped tells what a new image does not have that was appended to the one at a path.
func (old *oldImage) dropped(file string) []string {
	if old == nil {
		return nil
	}
	var names []string
	for _, s := range old.segments[old.own:] {
		for _, e := range s.Entries {
			if e.Kind != Dir {
				names = appendNew(names, "/"+e.Name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	const most = 8
	if n := len(names) - most; n > 0 {
		names = append(names[:most], fmt.Sprintf("%d more", n))
	}
	return []string{fmt.Sprintf("%s: what was appended to the image before is not in this one: %s; append it again (preroot append), or have each build take it in: kernel_cmdline=, hooks=, include= in preroot.conf", file, strings.Join(names, ", "))}
}
