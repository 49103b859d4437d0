package dynlink

import (
	"encoding/binary"
	"testing"
)

// note is one note of the owner FDO.
func note(name, text string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(name)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	b = binary.LittleEndian.AppendUint32(b, noteType)
	b = append(b, name...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b = append(b, text...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func FuzzNotes(f *testing.F) {
	f.Add(note("FDO\x00", `[{"soname":["liba.so.1"],"priority":"required"}]`))
	f.Add(append(note("GNU\x00", "xyz"), note("FDO\x00", "[]\x00")...))
	f.Add(note("FDO\x00", `[{}]`)[:20])
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0a, 0x0c, 0x7c, 0x40, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parseNotes(data, binary.LittleEndian)
		if err == nil && len(list) > len(data) {
			t.Errorf("%d entries of %d bytes", len(list), len(data))
		}
		more, err2 := parseNotes(append(note("FDO\x00", `[{"soname":["x"]}]`), data...), binary.LittleEndian)
		if (err == nil) != (err2 == nil) || err == nil && len(more) != len(list)+1 {
			t.Errorf("a note in front changes those behind it: %v, %v", err, err2)
		}
	})
}
