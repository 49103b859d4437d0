package device

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// RefKind says by what a device is named.
type RefKind int

// The ways to name a device.
const (
	RefNode      RefKind = iota // a path under /dev that no directory of /dev/disk explains
	RefUUID                     // UUID of the file system
	RefLabel                    // label of the file system
	RefPartUUID                 // id of the partition
	RefPartLabel                // name of the partition
	RefID                       // name under /dev/disk/by-id
	RefPath                     // name under /dev/disk/by-path
	RefNumber                   // device number
)

// Ref is what a text such as root='s value means, before any device is seen.
type Ref struct {
	Kind RefKind
	// Text is the text as it was given.
	Text string
	// Value is the tag or name without its prefix and quotes: "/dev/sda1", "1234-ABCD", "my root".
	Value string
	// Number is set for RefNumber.
	Number Number
	// PartOffset is PARTNROFF: how many partitions further than the one with that id.
	PartOffset int
}

// String is the text as it was given.
func (r Ref) String() string { return r.Text }

// ErrRef is what the errors of ParseRef wrap.
var ErrRef = errors.New("does not name a block device")

// maxRef bounds the text: the longest real one is a by-id name of some 200 bytes.
const maxRef = 1024

func refError(text, say string, args ...any) error {
	if len(text) > 100 {
		text = text[:100] + "..."
	}
	return fmt.Errorf("%q %w: %s", text, ErrRef, fmt.Sprintf(say, args...))
}

// ParseRef reads the name of a block device in the forms of the package comment. A "block:" before it, as
// dracut writes, is taken off. The error wraps ErrRef and says what to write instead.
func ParseRef(text string) (Ref, error) {
	s := strings.TrimPrefix(text, "block:")
	switch {
	case s == "":
		return Ref{}, refError(text, "it is empty; write UUID=..., LABEL=... or /dev/NAME")
	case len(s) > maxRef:
		return Ref{}, refError(text, "it is longer than %d bytes", maxRef)
	case strings.IndexByte(s, 0) >= 0:
		return Ref{}, refError(text, "it holds a zero byte")
	}
	if strings.HasPrefix(s, "/") {
		return parsePath(text, unquote(s))
	}
	if key, value, ok := strings.Cut(unquote(s), "="); ok {
		return parseTag(text, key, unquote(value))
	}
	return parseNumber(text, unquote(s))
}

// unquote takes off one pair of double or single quotes round the whole, as blkid prints: UUID="...".
func unquote(s string) string {
	if n := len(s); n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		return s[1 : n-1]
	}
	return s
}

func parseTag(text, key, value string) (Ref, error) {
	r := Ref{Text: text, Value: value}
	kind, ok := tagKind(key)
	switch {
	case !ok && strings.Contains(key, "/"):
		return Ref{}, refError(text, "a path begins with /dev/")
	case !ok:
		if upper, known := strings.ToUpper(key), false; upper != key {
			if _, known = tagKind(upper); known {
				return Ref{}, refError(text, "write %s=%s, the word is in capitals", upper, value)
			}
		}
		return Ref{}, refError(text, "%s= is not known; write UUID=, LABEL=, PARTUUID=, PARTLABEL= or ID=", key)
	case value == "":
		return Ref{}, refError(text, "nothing follows %s=", key)
	}
	r.Kind = kind
	if kind == RefPartUUID {
		return parsePartUUID(r)
	}
	return r, nil
}

// tagKind knows the tags of fstab(5) and crypttab's ID=.
func tagKind(key string) (RefKind, bool) {
	switch key {
	case "UUID":
		return RefUUID, true
	case "LABEL":
		return RefLabel, true
	case "PARTUUID":
		return RefPartUUID, true
	case "PARTLABEL":
		return RefPartLabel, true
	case "ID":
		return RefID, true
	}
	return 0, false
}

// parsePartUUID takes off the kernel's "/PARTNROFF=N" (block/early-lookup.c); N may be negative.
func parsePartUUID(r Ref) (Ref, error) {
	uuid, rest, ok := strings.Cut(r.Value, "/")
	if !ok {
		return r, nil
	}
	number, ok := strings.CutPrefix(rest, "PARTNROFF=")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || uuid == "" || n < -1024 || n > 1024 {
		return Ref{}, refError(r.Text, "after the partition's id only /PARTNROFF=N may follow, N being a number such as 1")
	}
	r.Value, r.PartOffset = uuid, n
	return r, nil
}

// parsePath reads an absolute path; links of /dev/disk are turned into the tag that they stand for.
func parsePath(text, p string) (Ref, error) {
	switch {
	case !strings.HasPrefix(p, "/dev/"):
		return Ref{}, refError(text, "block devices lie under /dev; write /dev/NAME")
	case hasDotDot(p):
		return Ref{}, refError(text, "write the path without %q", "..")
	}
	p = squeeze(p)
	name := strings.TrimPrefix(p, "/dev/")
	if name == "" || name == "." || strings.HasSuffix(name, "/") {
		return Ref{}, refError(text, "it is a directory; write /dev/NAME")
	}
	r := Ref{Kind: RefNode, Text: text, Value: p}
	dir, base, ok := strings.Cut(strings.TrimPrefix(name, "disk/by-"), "/")
	if !strings.HasPrefix(name, "disk/by-") || !ok {
		return r, nil
	}
	switch dir {
	case "uuid":
		r.Kind, r.Value = RefUUID, Decode(base)
	case "label":
		r.Kind, r.Value = RefLabel, base
	case "partuuid":
		r.Kind, r.Value = RefPartUUID, Decode(base)
	case "partlabel":
		r.Kind, r.Value = RefPartLabel, base
	case "id":
		r.Kind, r.Value = RefID, base
	case "path":
		r.Kind, r.Value = RefPath, base
	}
	return r, nil
}

func hasDotDot(p string) bool {
	return strings.Contains(p, "/../") || strings.HasSuffix(p, "/..")
}

// squeeze takes out what changes nothing in a path: "//" and "/./".
func squeeze(p string) string {
	for strings.Contains(p, "//") || strings.Contains(p, "/./") {
		p = strings.ReplaceAll(strings.ReplaceAll(p, "/./", "/"), "//", "/")
	}
	return p
}

// parseNumber reads "8:1", the kernel's "8:1:OFFSET:" and a hex device number (block/early-lookup.c,
// devt_from_devnum).
func parseNumber(text, s string) (Ref, error) {
	r := Ref{Kind: RefNumber, Text: text, Value: s}
	if majorText, rest, ok := strings.Cut(s, ":"); ok {
		major, err1 := strconv.ParseUint(majorText, 10, 32)
		minor, err2 := strconv.ParseUint(rest, 10, 32)
		if err1 != nil || err2 != nil || major >= 1<<12 || minor >= 1<<20 {
			return Ref{}, refError(text, "a device number is MAJOR:MINOR, such as 8:1")
		}
		r.Number = Number{uint32(major), uint32(minor)}
		return r, nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X"), 16, 32)
	if err != nil {
		return Ref{}, refError(text, "write %s", suggestion(s))
	}
	r.Number = decodeNumber(uint32(n))
	return r, nil
}

// decodeNumber is the kernel's new_decode_dev (include/linux/kdev_t.h); for a 16-bit number it gives what
// the old encoding meant.
func decodeNumber(n uint32) Number {
	return Number{Major: n & 0xfff00 >> 8, Minor: n&0xff | n>>12&0xfff00}
}

// suggestion guesses what a bare word was meant to be.
func suggestion(s string) string {
	switch {
	case looksLikeUUID(s):
		return "UUID=" + s
	case strings.HasPrefix(s, "dev/"):
		return "/" + s
	case strings.ContainsAny(s, " /") || !looksLikeNode(s):
		return "LABEL=" + s + " if that is its label, or /dev/NAME"
	}
	return "/dev/" + s
}

// looksLikeUUID accepts the 36 characters of a UUID and FAT's 9.
func looksLikeUUID(s string) bool {
	return isHexUUID(s) && (len(s) == 36 || len(s) == 9 && s[4] == '-')
}

// looksLikeNode accepts the names that the kernel gives to disks, by their beginnings.
func looksLikeNode(s string) bool {
	for _, p := range []string{"sd", "hd", "vd", "xvd", "nvme", "mmcblk", "sr", "md", "dm-", "loop", "nbd", "pmem", "dasd", "ram", "fd", "zram", "bcache", "ubd", "cciss"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// isHexUUID says whether s consists of hex digits and dashes, so that its case does not matter.
func isHexUUID(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return s != ""
}
