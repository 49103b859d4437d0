package image

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/archive"
)

// oldImage is an image that a new one is about to take the place of.
type oldImage struct {
	data     []byte
	segments []archive.Segment // its own, and what was appended behind them
	own      int               // how many are its own: up to the one with the manifest
	manifest manifest
	damage   error // why it is not what it was made as
}

// readOld reads what lies at a path; nil if there is nothing, or what is no image, or one that does not say what it was made of.
func readOld(file string) *oldImage {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > partLimit {
		return nil
	}
	old := &oldImage{}
	if old.data, err = os.ReadFile(file); err != nil {
		return nil
	}
	image, err := archive.Parse(old.data, archive.DefaultLimits())
	old.segments, old.own, old.damage = image.Segments, len(image.Segments), err
	for i, s := range image.Segments {
		if e := findEntry(s.Entries, manifestName); e != nil {
			old.own, old.manifest = i+1, parseManifest(string(e.Data))
			return old
		}
	}
	if err != nil && slices.ContainsFunc(image.Segments, func(s archive.Segment) bool { return s.Compression != "" || len(s.Entries) > 0 }) {
		return old
	}
	return nil
}

func findEntry(list []Entry, name string) *Entry {
	if i := slices.IndexFunc(list, func(e Entry) bool { return e.Name == name }); i >= 0 {
		return &list[i]
	}
	return nil
}

// parseManifest reads what manifest.entry writes, as far as it can be read.
func parseManifest(text string) manifest {
	m := manifest{}
	for line := range strings.Lines(text) {
		if quoted, err := strconv.QuotedPrefix(line); err == nil {
			name, _ := strconv.Unquote(quoted)
			m[name] = strings.TrimSpace(line[len(quoted):])
		}
	}
	return m
}

// damaged says what is wrong with the image: it cannot be read to its end, or what it was made as has another digest than what is there. What was appended has none.
func (old *oldImage) damaged() error {
	if old.damage != nil {
		return old.damage
	}
	own, early := old.segments[:old.own], []byte(nil)
	if len(own) > 1 && slices.ContainsFunc(own[0].Entries, func(e Entry) bool { return strings.HasPrefix(e.Name, ucodeFolder) }) {
		early, own = old.data[:own[1].Offset], own[1:]
	}
	if digest(early) != old.manifest["microcode"] {
		return errors.New("its microcode is not what it was made with")
	}
	var members []Entry
	id := ""
	for _, s := range own {
		for _, e := range s.Entries {
			if e.Name == releaseFile {
				e.Data, id = unnamed(e.Data)
			}
			members = append(members, e)
		}
	}
	if is := digestOf(members); is != id {
		return fmt.Errorf("its digest is %s, and not %s (BUILD_ID)", is, id)
	}
	return nil
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
