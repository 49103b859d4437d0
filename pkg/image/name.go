package image

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// releaseFile is os-release(5) of the initramfs.
const releaseFile = "usr/lib/initrd-release"

// buildID begins the last line of the file, which says which image this is: a digest of all that is in it, but for that line and the microcode.
const buildID = "BUILD_ID="

// name writes it. /init leaves the file for the real system, which can tell by it which of several images it was booted by; and a later build whether the image is still what it was made as.
func name(layouts ...*layout) {
	var all []Entry
	for _, l := range layouts {
		all = append(all, l.sorted()...)
	}
	id := digestOf(all)
	for _, l := range layouts {
		if e, there := l.entries[releaseFile]; there {
			e.Data = fmt.Appendf(e.Data[:len(e.Data):len(e.Data)], "%s%s\n", buildID, id)
			l.entries[releaseFile] = e
		}
	}
}

// unnamed takes the line off, and gives what it says.
func unnamed(release []byte) (rest []byte, id string) {
	i := bytes.LastIndex(release, []byte(buildID))
	if i < 0 {
		return release, ""
	}
	return release[:i], strings.TrimSuffix(string(release[i+len(buildID):]), "\n")
}

// digestOf takes in the members, in the order in which they lie in the image; lengths keep one from running into the next.
func digestOf(members []Entry) string {
	h := sha256.New()
	for _, e := range members {
		fmt.Fprintf(h, "%q %v %o %d:%d %d:%d %d\n", e.Name, e.Kind, e.Perm, e.Uid, e.Gid, e.Major, e.Minor, len(e.Data))
		h.Write(e.Data)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
