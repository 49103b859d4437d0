package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// manifestName is the member that says what an image was made of: by it a later build knows whether another one would come out (--if-changed).
const manifestName = "usr/lib/preroot/manifest"

// manifest has a digest for each input of an image, by what it is called: a member, a module, an option. Modules and their indexes count as they lie on the host, so that nothing has to be packed to
// compare. All that decides the bytes of the image is one of them.
type manifest map[string]string

// digest is half of a SHA-256: enough for what nobody has a reason to forge, who can write the image.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// newManifest collects it from what the image is assembled of; no layout has modules or their indexes yet.
func (c *choice) newManifest(o *Options, modules []rawModule, early []byte, layouts ...*layout) (manifest, error) {
	m := manifest{"option --compress": o.Compress.String(), "option --generic": fmt.Sprint(o.Generic), "microcode": digest(early)}
	for _, r := range modules {
		m["module "+r.name] = digest(r.data)
	}
	indexes, err := c.indexes(filesOf(modules))
	if err != nil {
		return nil, err
	}
	for _, e := range indexes {
		m["index "+path.Base(e.Name)] = digest(e.Data)
	}
	for _, l := range layouts {
		for name, e := range l.entries {
			m["/"+name] = fmt.Sprintf("%o %d:%d %d:%d %s", uint32(e.Kind)|e.Perm, e.Uid, e.Gid, e.Major, e.Minor, digest(e.Data))
		}
	}
	return m, nil
}

// entry is its member.
func (m manifest) entry() Entry {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%q %s\n", name, m[name])
	}
	return Entry{Name: manifestName, Kind: Regular, Perm: 0o644, Data: []byte(b.String())}
}

// since names what is different from an older manifest, "" if nothing is.
func (m manifest) since(old manifest) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		switch was, there := old[name]; {
		case !there:
			list = append(list, name+" (new)")
		case was != m[name]:
			list = append(list, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if _, there := m[name]; !there {
			list = append(list, name+" (gone)")
		}
	}
	return list
}

// unchanged says whether the image that is there was made of the same and is whole, if that is asked.
func (o *Options) unchanged(m manifest, old *oldImage, s *Summary) bool {
	if !o.IfChanged {
		return false
	}
	if old == nil {
		s.Changed = []string{"there is no image that says what it was made of"}
		return false
	}
	if err := old.damaged(); err != nil {
		s.Changed = []string{"the image that is there is damaged"}
		s.Warnings = append(s.Warnings, fmt.Sprintf("%s is damaged and is made anew: %v", o.Output, err))
		return false
	}
	s.Changed = m.since(old.manifest)
	s.Unchanged = len(s.Changed) == 0
	return s.Unchanged
}
