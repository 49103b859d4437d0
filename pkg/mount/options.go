package mount

import (
	"strings"
	"syscall"
)

// Options are the mount options of one file system: what mount(2) takes as flags, and the rest, which is the file
// system's own.
type Options struct {
	Flags uintptr
	Data  []string
	// For are words for other programs (x-..., nofail, _netdev, user, ...), kept for those who ask.
	For []string
}

// option is a word of mount(8) that is a flag of mount(2): it sets or clears a bit.
type option struct {
	word  string
	bit   uintptr
	clear bool
}

// The "FILESYSTEM-INDEPENDENT MOUNT OPTIONS" of mount(8).
var options = []option{
	{"ro", syscall.MS_RDONLY, false}, {"rw", syscall.MS_RDONLY, true},
	{"nosuid", syscall.MS_NOSUID, false}, {"suid", syscall.MS_NOSUID, true},
	{"nodev", syscall.MS_NODEV, false}, {"dev", syscall.MS_NODEV, true},
	{"noexec", syscall.MS_NOEXEC, false}, {"exec", syscall.MS_NOEXEC, true},
	{"sync", syscall.MS_SYNCHRONOUS, false}, {"async", syscall.MS_SYNCHRONOUS, true},
	{"dirsync", syscall.MS_DIRSYNC, false},
	{"noatime", syscall.MS_NOATIME, false}, {"atime", syscall.MS_NOATIME, true},
	{"nodiratime", syscall.MS_NODIRATIME, false}, {"diratime", syscall.MS_NODIRATIME, true},
	{"relatime", syscall.MS_RELATIME, false}, {"norelatime", syscall.MS_RELATIME, true},
	{"strictatime", syscall.MS_STRICTATIME, false}, {"nostrictatime", syscall.MS_STRICTATIME, true},
	{"lazytime", msLazytime, false}, {"nolazytime", msLazytime, true},
	{"mand", syscall.MS_MANDLOCK, false}, {"nomand", syscall.MS_MANDLOCK, true},
	{"silent", syscall.MS_SILENT, false}, {"loud", syscall.MS_SILENT, true},
	{"nosymfollow", msNosymfollow, false},
}

// Bits of linux/mount.h that package syscall does not have.
const (
	msLazytime    = 1 << 25
	msNosymfollow = 1 << 8
)

// foreign are words of mount(8) and systemd.mount(5) that mean nothing to the kernel.
var foreign = []string{"auto", "noauto", "nofail", "user", "nouser", "users", "owner", "group", "_netdev", "defaults"}

// ParseOptions splits the text of an option list; a later word wins over an earlier one. A comma inside
// double quotes does not separate (mount(8), used by SELinux contexts).
func ParseOptions(texts ...string) Options {
	var o Options
	for _, text := range texts {
		for _, word := range splitOptions(text) {
			o.add(word)
		}
	}
	return o
}

func (o *Options) add(word string) {
	if word == "" {
		return
	}
	for _, opt := range options {
		if opt.word == word {
			if opt.clear {
				o.Flags &^= opt.bit
			} else {
				o.Flags |= opt.bit
			}
			return
		}
	}
	if isForeign(word) {
		o.For = append(o.For, word)
		return
	}
	o.Data = append(o.Data, word)
}

func isForeign(word string) bool {
	for _, f := range foreign {
		if word == f {
			return true
		}
	}
	return strings.HasPrefix(word, "x-") || strings.HasPrefix(word, "X-") || strings.HasPrefix(word, "comment=")
}

func splitOptions(text string) []string {
	var words []string
	quoted, start := false, 0
	for i := 0; i <= len(text); i++ {
		switch {
		case i == len(text) || text[i] == ',' && !quoted:
			words = append(words, text[start:i])
			start = i + 1
		case text[i] == '"':
			quoted = !quoted
		}
	}
	return words
}

// Has says whether a word for other programs is among the options ("x-initrd.mount", "nofail").
func (o Options) Has(word string) bool {
	for _, f := range o.For {
		if f == word {
			return true
		}
	}
	return false
}

// DataText is the file system's own options as one text.
func (o Options) DataText() string { return strings.Join(o.Data, ",") }

// ReadOnly says whether "ro" stands.
func (o Options) ReadOnly() bool { return o.Flags&syscall.MS_RDONLY != 0 }

// String is the list in the words of mount(8).
func (o Options) String() string {
	words := make([]string, 0, len(o.Data)+4)
	if !o.ReadOnly() {
		words = append(words, "rw")
	}
	for _, opt := range options {
		if !opt.clear && o.Flags&opt.bit != 0 {
			words = append(words, opt.word)
		}
	}
	return strings.Join(append(append(words, o.Data...), o.For...), ",")
}

// SameButWrite says whether two lists differ in ro/rw at most, so that a remount can make one of the other.
func (o Options) SameButWrite(p Options) bool {
	const ro = syscall.MS_RDONLY
	return o.Flags&^ro == p.Flags&^ro && o.DataText() == p.DataText()
}
