package vm

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// An Entry is one file of a small initramfs.
type Entry struct {
	Name string // without a leading slash
	Mode fs.FileMode
	Data []byte // content, or the target of a symbolic link
}

// Archive builds a newc cpio archive (the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst). Parent folders
// are added where they are missing.
func Archive(entries []Entry) []byte {
	var b bytes.Buffer
	made := map[string]bool{}
	ino := 0
	put := func(e Entry) {
		ino++
		writeEntry(&b, e, ino)
		made[e.Name] = true
	}
	for _, e := range entries {
		for _, dir := range parents(e.Name) {
			if !made[dir] {
				put(Entry{Name: dir, Mode: fs.ModeDir | 0o755})
			}
		}
		put(e)
	}
	writeEntry(&b, Entry{Name: "TRAILER!!!"}, 0)
	return b.Bytes()
}

// ReadEntry makes an entry of a host file.
func ReadEntry(name, host string) (Entry, error) {
	data, err := os.ReadFile(host)
	if err != nil {
		return Entry{}, err
	}
	st, err := os.Stat(host)
	if err != nil {
		return Entry{}, err
	}
	return Entry{Name: name, Mode: st.Mode().Perm(), Data: data}, nil
}

// LinkIn returns the target of a symbolic link of an image that is not compressed. It may be of several archives: dracut-ng 112 puts the modules of the
// kernel into one of their own.
func LinkIn(image, name string) (string, error) {
	data, err := os.ReadFile(image)
	if err != nil {
		return "", err
	}
	const header = 110
	for len(data) > header && string(data[:6]) == "070701" {
		size, err1 := strconv.ParseUint(string(data[54:62]), 16, 32)
		nameSize, err2 := strconv.ParseUint(string(data[94:102]), 16, 32)
		start := (header + int(nameSize) + 3) &^ 3
		if err1 != nil || err2 != nil || nameSize == 0 || len(data) < start+int(size) {
			break
		}
		entry := string(data[header : header+int(nameSize)-1])
		if entry == name {
			return string(data[start : start+int(size)]), nil
		}
		data = data[min(len(data), (start+int(size)+3)&^3):]
		if entry == "TRAILER!!!" {
			data = bytes.TrimLeft(data, "\x00")
		}
	}
	if len(data) == 0 {
		return "", fmt.Errorf("%s: no %s in it", image, name)
	}
	return "", fmt.Errorf("%s: not an archive that is not compressed", image)
}

// Unpack writes entries below a folder.
func Unpack(entries []Entry, dir string) error {
	for _, e := range entries {
		path := filepath.Join(dir, e.Name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		switch {
		case err != nil:
		case e.Mode.IsDir():
			err = os.MkdirAll(path, e.Mode.Perm())
		case e.Mode&fs.ModeSymlink != 0:
			err = os.Symlink(string(e.Data), path)
		default:
			err = os.WriteFile(path, e.Data, e.Mode.Perm())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func parents(name string) []string {
	var dirs []string
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
	}
	slices.Reverse(dirs)
	return dirs
}

func writeEntry(b *bytes.Buffer, e Entry, ino int) {
	fmt.Fprintf(b, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		ino, unixMode(e.Mode), 0, 0, 1, 0, len(e.Data), 0, 0, 0, 0, len(e.Name)+1, 0)
	b.WriteString(e.Name + "\x00")
	pad(b)
	b.Write(e.Data)
	pad(b)
}

func pad(b *bytes.Buffer) { b.WriteString(strings.Repeat("\x00", -b.Len()&3)) }

func unixMode(m fs.FileMode) uint32 {
	mode := uint32(m.Perm())
	switch {
	case m.IsDir():
		return mode | 0o040000
	case m&fs.ModeSymlink != 0:
		return mode | 0o120000
	}
	return mode | 0o100000
}
