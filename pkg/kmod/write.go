package kmod

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Entry is one key of an index file with one value; a key may have several entries.
type Entry struct {
	Key   string
	Value string
	// Priority orders the values of a key; depmod takes the number of the module in modules.order.
	Priority uint32
}

// WriteIndex writes an index file as depmod(8) does: readable by this package and by libkmod. Entries that are
// given twice are written once. Keys must be ASCII without NUL, values without NUL.
func WriteIndex(w io.Writer, entries []Entry) error {
	entries = slices.Clone(entries)
	for _, e := range entries {
		if err := e.check(); err != nil {
			return err
		}
	}
	slices.SortFunc(entries, compareEntries)
	entries = slices.Compact(entries)
	iw := indexWriter{buf: make([]byte, 12)}
	root := uint32(0)
	if len(entries) > 0 {
		root = iw.node(entries, 0)
	}
	if len(iw.buf) > offsetMask {
		return fmt.Errorf("index of %d bytes: the format has offsets up to %d", len(iw.buf), offsetMask)
	}
	binary.BigEndian.PutUint32(iw.buf, trieMagic)
	binary.BigEndian.PutUint32(iw.buf[4:], trieVersion)
	binary.BigEndian.PutUint32(iw.buf[8:], root)
	_, err := w.Write(iw.buf)
	return err
}

func (e Entry) check() error {
	for i := range len(e.Key) {
		if c := e.Key[i]; c == 0 || c >= 0x80 {
			return fmt.Errorf("index key %q: byte %#x cannot be written, keys are ASCII", e.Key, c)
		}
	}
	if len(e.Key) > maxDepth {
		return fmt.Errorf("index key of %d bytes, at most %d are read: %q", len(e.Key), maxDepth, e.Key)
	}
	if strings.IndexByte(e.Value, 0) >= 0 || len(e.Value) > maxString {
		return fmt.Errorf("index value of %q: a NUL byte or more than %d bytes", e.Key, maxString)
	}
	return nil
}

func compareEntries(a, b Entry) int {
	if c := strings.Compare(a.Key, b.Key); c != 0 {
		return c
	}
	if a.Priority != b.Priority {
		return int(int64(a.Priority) - int64(b.Priority))
	}
	return strings.Compare(a.Value, b.Value)
}

// indexWriter writes nodes after their children, so that each is written once and whole.
type indexWriter struct{ buf []byte }

// node writes the sorted entries, whose keys agree in their first depth bytes, and returns the reference of
// the node.
func (w *indexWriter) node(entries []Entry, depth int) uint32 {
	prefix := commonPrefix(entries[0].Key[depth:], entries[len(entries)-1].Key[depth:])
	depth += len(prefix)
	split := 0
	for split < len(entries) && len(entries[split].Key) == depth {
		split++
	}
	values, below := entries[:split], entries[split:]
	var first, last byte
	var refs []uint32
	if len(below) > 0 {
		first, last = below[0].Key[depth], below[len(below)-1].Key[depth]
		refs = w.children(below, depth)
	}
	ref := uint32(len(w.buf))
	if prefix != "" {
		ref |= hasPrefix
		w.text(prefix)
	}
	if refs != nil {
		ref |= hasChildren
		w.buf = append(w.buf, first, last)
		for _, r := range refs {
			w.number(r)
		}
	}
	if len(values) > 0 {
		ref |= hasValues
		w.values(values)
	}
	return ref
}

// children writes one node for each next byte; bytes between that have none get the reference 0.
func (w *indexWriter) children(entries []Entry, depth int) []uint32 {
	first := entries[0].Key[depth]
	refs := make([]uint32, int(entries[len(entries)-1].Key[depth])-int(first)+1)
	for len(entries) > 0 {
		c := entries[0].Key[depth]
		n := 1
		for n < len(entries) && entries[n].Key[depth] == c {
			n++
		}
		refs[c-first] = w.node(entries[:n], depth+1)
		entries = entries[n:]
	}
	return refs
}

func (w *indexWriter) values(entries []Entry) {
	w.number(uint32(len(entries)))
	for _, e := range entries {
		w.number(e.Priority)
		w.text(e.Value)
	}
}

func (w *indexWriter) number(n uint32) { w.buf = binary.BigEndian.AppendUint32(w.buf, n) }

func (w *indexWriter) text(s string) { w.buf = append(append(w.buf, s...), 0) }

func commonPrefix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}
