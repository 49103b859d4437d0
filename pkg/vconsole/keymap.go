package vconsole

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The keymap file, little-endian throughout:
//
//	"prerootkeymap" 1 0 0        magic, version, two bytes of nothing
//	u16                          number of rows, then each:
//	    u16                          number of tables that have this row, at most 256
//	    u8 ...                       their numbers
//	    u16                          number of keys, at most 256
//	    u16 ...                      value of each key, from key 0 on, as KDSKBENT takes it
//	u16                          number of accents, at most 256, then each:
//	    u32 u32 u32                  dead key, letter, result: code points, as KDSKBDIACRUC takes them
//	u16                          number of strings, at most 256, then each:
//	    u8                           number of the function key, as KDSKBSENT takes it
//	    u16                          length, at most 511
//	    u8 ...                       what it types
//
// A table is a combination of modifiers (1 Shift, 2 AltGr, 4 Ctrl, 8 Alt, 16 left Shift, 32 right Shift, 64 left Ctrl,
// 128 right Ctrl: KG_ of linux/keyboard.h). Keymaps made of XKB layouts fill 128 of them with 16 different rows.

// keymapMagic has the version in its fourteenth byte.
const keymapMagic = "prerootkeymap\x01\x00\x00"

// Limits of the kernel: MAX_NR_KEYMAPS, NR_KEYS, MAX_DIACR, MAX_NR_FUNC (linux/keyboard.h); a function string
// is shorter than the 512 bytes of struct kbsentry.
const (
	maxTables = 256
	maxKeys   = 256
	maxList   = 256
	maxString = 511
)

// Hole is the value of a key without meaning (K_HOLE of linux/keyboard.h). It is not loaded: the kernel's own meaning
// of that key stays.
const Hole = 0x200

// Keymap is what the keys of a virtual terminal mean.
type Keymap struct {
	Rows       []Row
	Diacritics [][3]uint32 // dead key, letter, result
	Strings    []String
}

// Row is what the keys mean under the modifiers of some tables; the index of a value is the key's code.
type Row struct {
	Tables []uint8
	Values []uint16
}

// String is what a function key types.
type String struct {
	Key  uint8
	Text []byte
}

// Append appends the keymap in the form of its file. The caller keeps to the limits that ParseKeymap checks.
func (k *Keymap) Append(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(append(b, keymapMagic...), uint16(len(k.Rows)))
	for _, r := range k.Rows {
		b = append(le.AppendUint16(b, uint16(len(r.Tables))), r.Tables...)
		b = le.AppendUint16(b, uint16(len(r.Values)))
		for _, v := range r.Values {
			b = le.AppendUint16(b, v)
		}
	}
	b = le.AppendUint16(b, uint16(len(k.Diacritics)))
	for _, d := range k.Diacritics {
		for _, v := range d {
			b = le.AppendUint32(b, v)
		}
	}
	b = le.AppendUint16(b, uint16(len(k.Strings)))
	for _, s := range k.Strings {
		b = le.AppendUint16(append(b, s.Key), uint16(len(s.Text)))
		b = append(b, s.Text...)
	}
	return b
}

// ParseKeymap reads a keymap file.
func ParseKeymap(data []byte) (k Keymap, err error) {
	if len(data) < len(keymapMagic) || string(data[:len(keymapMagic)]) != keymapMagic {
		return k, errors.New("no keymap of this version: build the image anew")
	}
	d := decoder{rest: data[len(keymapMagic):]}
	for range d.count("rows", maxTables) {
		var r Row
		r.Tables = d.take(d.count("tables", maxTables))
		for range d.count("keys", maxKeys) {
			r.Values = append(r.Values, d.u16())
		}
		k.Rows = append(k.Rows, r)
	}
	for range d.count("accents", maxList) {
		k.Diacritics = append(k.Diacritics, [3]uint32{d.u32(), d.u32(), d.u32()})
	}
	for range d.count("strings", maxList) {
		s := String{Key: d.u8()}
		s.Text = d.take(d.count("bytes of a string", maxString))
		k.Strings = append(k.Strings, s)
	}
	if d.err == nil && len(d.rest) > 0 {
		d.err = fmt.Errorf("%d bytes too many", len(d.rest))
	}
	return k, d.err
}

// decoder reads numbers from the front of a slice; after the first failure it gives zeros.
type decoder struct {
	rest []byte
	err  error
}

var errShort = errors.New("the file is cut off")

func (d *decoder) take(n int) []byte {
	if d.err != nil || n > len(d.rest) {
		if d.err == nil {
			d.err = errShort
		}
		d.rest = nil
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) u8() uint8 {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) u16() uint16 {
	if b := d.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (d *decoder) u32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// count reads a number of things and checks it; it is 0 after a failure.
func (d *decoder) count(what string, limit int) int {
	n := int(d.u16())
	if d.err == nil && n > limit {
		d.err = fmt.Errorf("%d %s: at most %d", n, what, limit)
	}
	if d.err != nil {
		return 0
	}
	return n
}
