package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
)

// releaseFile is os-release(5) of the initramfs.
const releaseFile = "usr/lib/initrd-release"

// name writes into the image's release file which image this is: BUILD_ID, a digest of all that is in it. /init leaves the file for the real system, which
// can tell by it which of several images it was booted by.
func name(layouts ...*layout) {
	h := sha256.New()
	for _, l := range layouts {
		l.digest(h)
	}
	for _, l := range layouts {
		if e, there := l.entries[releaseFile]; there {
			e.Data = fmt.Appendf(e.Data[:len(e.Data):len(e.Data)], "BUILD_ID=%s\n", hex.EncodeToString(h.Sum(nil)[:16]))
			l.entries[releaseFile] = e
		}
	}
}

// digest takes in the members by name; lengths keep one from running into the next.
func (l *layout) digest(h hash.Hash) {
	for _, name := range slices.Sorted(maps.Keys(l.entries)) {
		e := l.entries[name]
		fmt.Fprintf(h, "%q %v %o %d %d %d\n", name, e.Kind, e.Perm, e.Major, e.Minor, len(e.Data))
		h.Write(e.Data)
	}
}
