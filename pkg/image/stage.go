package image

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// owner is a user and a group.
type owner struct{ uid, gid uint32 }

// ownerOf is that of a file.
func ownerOf(info fs.FileInfo) (owner, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return owner{}, fmt.Errorf("nobody knows whose %s is", info.Name())
	}
	return owner{st.Uid, st.Gid}, nil
}

// stage is the folder that modules of dracut have filled.
type stage struct{ builder owner }

// openStage reads whose the folder is: what is made in it by who builds is root's in the image, so that the same comes out whoever that is.
func openStage(dir string) (s stage, err error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return s, err
	}
	s.builder, err = ownerOf(info)
	return s, err
}

// entry is a file of the folder as a member called name, with the owner that a module gave it.
func (s stage) entry(file, name string, d fs.DirEntry) (Entry, error) {
	info, err := d.Info()
	if err != nil {
		return Entry{}, err
	}
	var e Entry
	if info.Mode()&fs.ModeDevice != 0 {
		e, err = nodeEntry(name, info)
	} else {
		e, err = hostEntry(file, name, d)
	}
	if err != nil {
		return e, err
	}
	is, err := ownerOf(info)
	if is.uid != s.builder.uid {
		e.Uid = is.uid
	}
	if is.gid != s.builder.gid {
		e.Gid = is.gid
	}
	return e, err
}

// nodeEntry is a device node as a member: modules make /dev/random and others, for the time before /dev is mounted.
func nodeEntry(name string, info fs.FileInfo) (Entry, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Entry{}, fmt.Errorf("%s is a device without a number", name)
	}
	kind := Block
	if info.Mode()&fs.ModeCharDevice != 0 {
		kind = Char
	}
	return Entry{Name: name, Kind: kind, Perm: unixPerm(info.Mode()), Major: unix.Major(st.Rdev), Minor: unix.Minor(st.Rdev)}, nil
}
