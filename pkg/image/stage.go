package image

import (
	"fmt"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// stageEntry is a file that modules of dracut have put into their folder, as a member called name. Device nodes are members, too: modules make /dev/random and
// others, for a time before /dev is mounted.
func stageEntry(file, name string, d fs.DirEntry) (Entry, error) {
	kind := Char
	switch d.Type() &^ fs.ModePerm {
	case fs.ModeDevice:
		kind = Block
	case fs.ModeDevice | fs.ModeCharDevice:
	default:
		return hostEntry(file, name, d)
	}
	info, err := d.Info()
	if err != nil {
		return Entry{}, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Entry{}, fmt.Errorf("%s is a device without a number", file)
	}
	return Entry{Name: name, Kind: kind, Perm: unixPerm(info.Mode()), Major: unix.Major(st.Rdev), Minor: unix.Minor(st.Rdev)}, nil
}
