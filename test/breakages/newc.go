package main

import (
	"bytes"
	"fmt"

	"github.com/preroot/preroot/pkg/archive"
)

// newc writes files as one archive that is not compressed. Files of several names stay one file: archive.Writer would make a copy for each, and the
// hundreds of names of a busybox would not fit into memory.
func newc(all []archive.Entry) []byte {
	names := map[string]int{} // by the first name of a file
	for _, e := range all {
		names[first(e)]++
	}
	var out bytes.Buffer
	numbers := map[string]int{}
	for _, e := range all {
		data := e.Data
		if numbers[first(e)] != 0 {
			data = nil // the first member of a file brings its data
		} else {
			numbers[first(e)] = len(numbers) + 1
		}
		member(&out, e, numbers[first(e)], names[first(e)], data)
	}
	member(&out, archive.Entry{Name: "TRAILER!!!"}, 0, 1, nil)
	return out.Bytes()
}

func first(e archive.Entry) string {
	if e.HardLink != "" {
		return e.HardLink
	}
	return e.Name
}

// member writes one member (Documentation/driver-api/early-userspace/buffer-format.rst).
func member(out *bytes.Buffer, e archive.Entry, number, names int, data []byte) {
	fmt.Fprintf(out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00", number, uint32(e.Kind)|e.Perm, 0, 0, names, 0, len(data), 0, 0, e.Major, e.Minor, len(e.Name)+1, 0, e.Name)
	out.Write(make([]byte, -out.Len()&3))
	out.Write(data)
	out.Write(make([]byte, -out.Len()&3))
}
