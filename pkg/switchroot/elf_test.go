package switchroot

import (
	"encoding/binary"
	"slices"
)

// tiny says what a tinyELF is like; the zero value is a program of x86-64 that exits with status 0.
type tiny struct {
	machine uint16
	kind    uint16
	interp  string
}

// tinyELF makes an ELF program of two or three hundred bytes by hand.
func tinyELF(t tiny) []byte {
	if t.machine == 0 {
		t.machine = emX86_64
	}
	if t.kind == 0 {
		t.kind = etExec
	}
	const base = 0x400000
	headers := 1
	if t.interp != "" {
		headers = 2
	}
	start := 64 + 56*headers
	code := []byte{0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05} // xor %edi,%edi; mov $60 (exit),%eax; syscall
	interp := append([]byte(t.interp), 0)
	size := uint64(start + len(code) + len(interp))
	le := binary.LittleEndian
	b := []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	b = le.AppendUint16(b, t.kind)
	b = le.AppendUint16(b, t.machine)
	b = le.AppendUint32(b, 1)
	b = le.AppendUint64(b, base+uint64(start)) // entry
	b = le.AppendUint64(b, 64)                 // program headers
	b = le.AppendUint64(b, 0)
	b = le.AppendUint32(b, 0)
	for _, n := range []uint16{64, 56, uint16(headers), 0, 0, 0} {
		b = le.AppendUint16(b, n)
	}
	if t.interp != "" {
		b = header64(b, ptInterp, 4, uint64(start+len(code)), base+uint64(start+len(code)), uint64(len(interp)))
	}
	b = header64(b, ptLoad, 5, 0, base, size)
	return slices.Concat(b, code, interp)
}

func header64(b []byte, kind, flags uint32, offset, vaddr, size uint64) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, kind)
	b = le.AppendUint32(b, flags)
	for _, n := range []uint64{offset, vaddr, vaddr, size, size, 0x1000} {
		b = le.AppendUint64(b, n)
	}
	return b
}

type elfCase struct {
	name string
	data []byte
}

// elfCorpus is programs, and the same with one field changed or the end cut off.
func elfCorpus() []elfCase {
	good, dynamic := tinyELF(tiny{}), tinyELF(tiny{interp: "/lib/ld.so"})
	put := func(data []byte, at, width int, v uint64) []byte {
		data = slices.Clone(data)
		for i := range width {
			data[at+i] = byte(v >> (8 * i))
		}
		return data
	}
	all := []elfCase{
		{"static", good}, {"dynamic", dynamic},
		{"position independent", tinyELF(tiny{kind: etDyn})},
		{"loader missing", tinyELF(tiny{interp: "/lib/none.so"})},
		{"loader a directory", tinyELF(tiny{interp: "/lib"})},
		{"loader not executable", tinyELF(tiny{interp: "/lib/plain.so"})},
		{"loader a script", tinyELF(tiny{interp: "/bin/script"})},
		{"loader relative", tinyELF(tiny{interp: "lib/ld.so"})},
		{"loader of one byte", tinyELF(tiny{interp: "x"})},
		{"loader empty", put(dynamic, 64+32, 8, 1)},
		{"loader not ended", put(dynamic, 64+32, 8, uint64(len("/lib/ld.so")))},
		{"loader too long", put(dynamic, 64+32, 8, 5000)},
		{"loader past the end", put(dynamic, 64+8, 8, 1<<20)},
		{"loader before the start", put(dynamic, 64+8, 8, 1<<63)},
		{"AArch64", tinyELF(tiny{machine: emAArch64})},
		{"PowerPC", tinyELF(tiny{machine: emPPC64})},
		{"relocatable", tinyELF(tiny{kind: 1})},
		{"core", tinyELF(tiny{kind: 4})},
		{"no program headers", put(good, 56, 2, 0)},
		{"too many program headers", put(good, 56, 2, 74)},
		{"wrong size of program headers", put(good, 54, 2, 32)},
		{"program headers past the end", put(good, 32, 8, 1<<20)},
		{"program headers before the start", put(good, 32, 8, 1<<63)},
		{"no segment", put(good, 64, 4, 4)},
		{"segment past the end", put(good, 64+32, 8, 1<<20)},
		{"class 32", put(good, 4, 1, 1)},
		{"big-endian", put(good, 5, 1, 2)},
		{"magic", put(good, 1, 1, 'F')},
	}
	for n := 0; n < len(good); n += 7 {
		all = append(all, elfCase{"cut", good[:n]})
	}
	for n := 0; n < len(dynamic); n += 7 {
		all = append(all, elfCase{"dynamic, cut", dynamic[:n]})
	}
	return all
}
