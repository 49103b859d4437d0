package luks

import (
	"bytes"
	"fmt"
	"io"
)

// The binary header of LUKS2: big endian, 4096 bytes, with the JSON area behind
// it. The sum is over both, with its own field zero.
const (
	v2Size      = 8 // of both, in bytes
	v2Sequence  = 16
	v2Label     = 24
	v2LabelLen  = 48
	v2SumName   = 72
	v2SumNameN  = 32
	v2Subsystem = 208
	v2Offset    = 256
	v2Sum       = 448
	v2SumLen    = 64
	v2Binary    = 4096

	minHeader = 16 << 10
	maxHeader = 4 << 20
)

// copyV2 is one of the two copies of a LUKS2 header.
type copyV2 struct {
	name     string // for messages
	binary   []byte
	json     []byte
	sequence uint64
	err      error // why it cannot be used
	none     bool  // there is not even its magic
	tree     map[string]any
}

// readV2 reads both copies. Only when the first is damaged the second is looked
// for at all its places: the size of the first says where it lies. head is the
// binary part of the first, err why it could not be read.
func readV2(r io.ReaderAt, size int64, head []byte, err error) (*Header, error) {
	first := copyV2{name: "first LUKS2 header", err: err}
	if err == nil {
		first = readCopy(r, size, 0, head)
	}
	second := copyV2{name: "second LUKS2 header", none: true}
	if first.err == nil {
		second = secondAt(r, size, int64(len(first.binary)+len(first.json)))
	} else {
		for off := int64(minHeader); off <= maxHeader && second.none; off *= 2 {
			second = secondAt(r, size, off)
		}
	}
	switch {
	case first.none && second.none:
		return nil, ErrNotLUKS
	case err != nil && second.none:
		return nil, err
	}
	return choose(first, second, size)
}

func secondAt(r io.ReaderAt, size, off int64) copyV2 {
	if off+v2Binary > size {
		return copyV2{name: "second LUKS2 header", none: true, err: damaged("it is behind the end of the device")}
	}
	head, err := readAt(r, off, v2Binary)
	if err != nil {
		return copyV2{name: "second LUKS2 header", err: err}
	}
	return readCopy(r, size, off, head)
}

// readCopy completes the copy at off, of which the binary part has been read.
func readCopy(r io.ReaderAt, size, off int64, head []byte) copyV2 {
	c := copyV2{name: "first LUKS2 header", binary: head}
	magic := magicFirst
	if off > 0 {
		c.name, magic = "second LUKS2 header", magicSecond
	}
	c.sequence = be.Uint64(head[v2Sequence:])
	total := be.Uint64(head[v2Size:])
	switch {
	case string(head[:len(magic)]) != magic:
		c.none, c.err = true, damaged("it is not there")
	case be.Uint16(head[versionAt:]) != 2:
		c.err = damaged("version %d", be.Uint16(head[versionAt:]))
	case be.Uint64(head[v2Offset:]) != uint64(off):
		c.err = damaged("it says that it lies at byte %d and lies at byte %d", be.Uint64(head[v2Offset:]), off)
	case total < minHeader || total > maxHeader || total&(total-1) != 0 || off > 0 && total != uint64(off):
		c.err = damaged("its size of %d bytes is none that a header can have", total)
	case off+int64(total) > size:
		c.err = damaged("it does not end on the device")
	default:
		c.json, c.err = readAt(r, off+v2Binary, int(total)-v2Binary)
	}
	if c.err == nil {
		c.err = c.checkSum()
	}
	if c.err == nil {
		c.tree, c.err = parseJSON(c.json)
	}
	return c
}

func (c copyV2) checkSum() error {
	name, ok := fixedText(c.binary[v2SumName : v2SumName+v2SumNameN])
	if !ok {
		return damaged("the name of its checksum has no end")
	}
	hash, err := parseHash(name)
	if err != nil {
		return damaged("checksum %q is not known", shown(name))
	}
	h := hash.new()
	h.Write(c.binary[:v2Sum])
	h.Write(make([]byte, v2SumLen))
	h.Write(c.binary[v2Sum+v2SumLen:])
	h.Write(c.json)
	if !bytes.Equal(h.Sum(nil), c.binary[v2Sum:v2Sum+hash.size]) {
		return damaged("its checksum is wrong")
	}
	return nil
}

// choose judges both copies and takes the newer of those that are whole. One
// that is refused or not for us is whole: an older copy is no way round that.
func choose(first, second copyV2, size int64) (*Header, error) {
	a, b := first.judge(size), second.judge(size)
	if isDamaged(a.err) || !isDamaged(b.err) && second.sequence > first.sequence {
		first, second, a, b = second, first, b, a
	}
	switch {
	case isDamaged(a.err) && a.err.Error() == b.err.Error():
		return nil, damaged("LUKS2 header, both copies: %v", a.err)
	case isDamaged(a.err):
		return nil, damaged("%s: %v; %s: %v", second.name, b.err, first.name, a.err)
	case a.err != nil:
		return nil, within("LUKS2 header", a.err)
	case b.err != nil:
		a.header.note("the %s is not used: %v", second.name, b.err)
	case first.sequence != second.sequence:
		a.header.note("the %s is older than the %s (%d, %d)", second.name, first.name, second.sequence, first.sequence)
	case !bytes.Equal(first.json, second.json):
		a.header.note("the headers differ and have the same sequence number; the %s is used", first.name)
	}
	return a.header, nil
}

type judgement struct {
	header *Header
	err    error
}

func (c copyV2) judge(size int64) judgement {
	if c.err != nil {
		return judgement{err: c.err}
	}
	if c.tree == nil {
		return judgement{err: damaged("it is not there")}
	}
	h, err := parseV2(c, size)
	return judgement{h, err}
}

// isDamaged says whether an error means that the copy is not there or not
// whole: the other one is used then.
func isDamaged(err error) bool {
	return err != nil && kindOf(err) != Refused && kindOf(err) != NeedsCryptsetup
}

func (h *Header) note(format string, args ...any) {
	h.Notes = append(h.Notes, fmt.Sprintf(format, args...))
}
