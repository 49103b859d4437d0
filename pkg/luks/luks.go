// Package luks reads the headers of LUKS1 and LUKS2 volumes, judges them, and
// opens their key slots. Formats: LUKS On-Disk Format Specification 1.2.3 and
// LUKS2 On-Disk Format Specification 1.1.4.
//
// It is for the helper that unlocks, and for the builder. No part of it gets
// into /init.
//
// A header is taken as hostile: whoever can write the disk can write it. [Read]
// reads every byte of it once, and all that follows uses what was read then. It
// is judged by a list of what is allowed: an [Error] of the kind [Refused] says
// what no honest volume has, or what would let another disk take the place of
// the user's; one of the kind [NeedsCryptsetup] what is correct, but not done
// here. Nobody should hand a refused header to cryptsetup.
//
// Tokens are not looked at: one that is malformed keeps no passphrase away.
//
// Keys and passphrases are byte slices. What is made of them on the way is
// wiped, except for what lies in the Go library's ciphers and hashes: the
// process that unlocks should end soon.
package luks

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode"
)

// ErrNotLUKS says that there is no header of LUKS.
var ErrNotLUKS = errors.New("no LUKS header; was it erased, or is it a detached one (rd.luks.options=header=)?")

const (
	magicFirst      = "LUKS\xba\xbe"
	magicSecond     = "SKUL\xba\xbe"
	magicReencrypt  = "LUKS\xde\xad" // written by cryptsetup-reencrypt over that of LUKS1
	versionAt       = 6
	uuidAt          = 168
	uuidBytes       = 40
	sectorBytes     = 512
	saltBytes       = 32 // of key slots and digests
	maxKeyBytes     = 64
	shortDigest     = 20 // the length of LUKS1, and of volumes converted from it
	maxShownText    = 40 // bytes of foreign text in a message
	minHeaderDevice = 4096
)

var be = binary.BigEndian

// Header is a header that has been read, and may be used.
type Header struct {
	Version   int      // 1 or 2
	UUID      string   // as in the header
	Label     string   // LUKS2; control characters are "?"
	Subsystem string   // LUKS2; likewise
	Flags     []string // LUKS2: the flags of config that a table can have, named as in the header ("allow-discards")
	Notes     []string // what should be said to the user, a line each: a damaged copy, a slot that cannot be tried

	sequence uint64 // LUKS2: seqid
	segment  segment
	slots    []slot // by number
	keyBytes int    // of the volume key
	digest   digest // of the volume key
	areasEnd uint64 // where the data may begin, in bytes
}

// segment is the encrypted part of the data device.
type segment struct {
	offset     uint64 // bytes
	size       uint64 // bytes; 0: to the end of the device
	ivTweak    uint64 // added to the sector number
	cipher     cipherSpec
	sectorSize int
}

// slot is a key slot that opens the volume key, or, with unusable set, would.
type slot struct {
	number   int
	priority int // LUKS2: 0 is tried if asked for by number, 2 before 1
	keyBytes int // of the volume key
	afHash   hashSpec
	kdf      kdf
	area     area
	unbound  bool  // holds another key than that of the volume
	unusable error // why it cannot be tried
}

// area is where a slot keeps its split key.
type area struct {
	offset   uint64 // bytes
	size     uint64 // bytes
	cipher   cipherSpec
	keyBytes int
}

// digest proves that a key is the volume key.
type digest struct {
	id  int
	kdf kdf
	sum []byte
}

// Read reads and judges the header of a device or of a file with a detached
// header, of size bytes. The data device is judged by [Header.Table].
//
// Of the two copies of a LUKS2 header that one is taken which is whole and has
// the higher sequence number; the other one, if damaged, gives a note.
func Read(r io.ReaderAt, size int64) (*Header, error) {
	if size < minHeaderDevice {
		return nil, ErrNotLUKS
	}
	head, err := readAt(r, 0, minHeaderDevice)
	if err != nil {
		return readV2(r, size, nil, err)
	}
	version := be.Uint16(head[versionAt:])
	switch magic := string(head[:len(magicFirst)]); {
	case magic == magicReencrypt:
		return nil, refused("LUKS1 header: a reencryption was begun and not ended; end it with cryptsetup reencrypt")
	case magic == magicFirst && version == 1:
		return parseV1(head, size)
	case magic == magicFirst && version != 2:
		return nil, damaged("LUKS header: version %d is neither 1 nor 2", version)
	}
	return readV2(r, size, head, nil)
}

// readAt reads n bytes, which the caller has bounded.
func readAt(r io.ReaderAt, off int64, n int) ([]byte, error) {
	b := make([]byte, n)
	got, err := r.ReadAt(b, off)
	if got == n {
		return b, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return nil, &ReadError{Offset: off, Err: err}
}

// fixedText is the text of a field that ends with a NUL, ok if it does.
func fixedText(field []byte) (text string, ok bool) {
	i := bytes.IndexByte(field, 0)
	if i < 0 {
		return "", false
	}
	return string(field[:i]), true
}

// printable makes a text of a header fit for a console.
func printable(field []byte) string {
	text, ok := fixedText(field)
	if !ok {
		text = string(field)
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, text)
}

// shown bounds a text of a header in a message, which quotes it.
func shown(s string) string {
	if len(s) > maxShownText {
		return s[:maxShownText] + "..."
	}
	return s
}

// isUUID says whether a text is a UUID as cryptsetup writes it.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		switch dash := i == 8 || i == 13 || i == 18 || i == 23; {
		case dash && s[i] != '-':
			return false
		case !dash && (s[i] < '0' || s[i] > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}
