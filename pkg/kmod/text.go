package kmod

import (
	"fmt"
	"io/fs"
	"strings"
)

// ReadIndex returns all entries of an index file, sorted by key. It is for builders of images; a Loader never
// reads a whole index.
func ReadIndex(fsys fs.FS, name string) ([]Entry, error) {
	p, err := openPager(fsys, name)
	if err != nil {
		return nil, err
	}
	if c, ok := p.file.(fs.File); ok {
		defer c.Close()
	}
	t, err := openTrie(p)
	if err != nil {
		return nil, err
	}
	l := lister{trie: t, visits: p.size/5 + 1}
	l.list(t.root, nil)
	return l.entries, t.err
}

// lister walks through a whole trie.
type lister struct {
	*trie
	entries []Entry
	visits  int64 // see walker
}

func (l *lister) list(ref uint32, key []byte) {
	off := int64(ref & offsetMask)
	if off == 0 || l.err != nil {
		return
	}
	if l.visits--; l.visits < 0 || len(key) > maxString {
		l.fail(off, "the nodes form a loop")
		return
	}
	if ref&hasPrefix != 0 {
		var prefix string
		prefix, off = l.text(off)
		key = append(key, prefix...)
	}
	n := l.parts(ref, off)
	if n.values != 0 {
		for _, v := range l.appendValues(nil, n.values) {
			l.entries = append(l.entries, Entry{Key: string(key), Value: v.text, Priority: v.priority})
		}
	}
	if n.children == 0 {
		return
	}
	for c := int(n.first); c <= int(n.last) && l.err == nil; c++ {
		l.list(l.child(n, byte(c)), append(key, byte(c)))
	}
}

// DepEntries returns the entries of modules.dep.bin for the text of modules.dep.
func DepEntries(text string) []Entry {
	var all []Entry
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		file, _, ok := strings.Cut(line, ":")
		if ok && file != "" {
			all = append(all, Entry{Key: NameOf(file), Value: line, Priority: uint32(len(all))})
		}
	}
	return all
}

// AliasEntries returns the entries of modules.alias.bin for the text of modules.alias (modules.symbols has the
// same form). The text has no priorities, the order of its lines takes their place.
func AliasEntries(text string) []Entry {
	var all []Entry
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) == 3 && w[0] == "alias" {
			all = append(all, Entry{Key: normalAlias(w[1]), Value: canonical(w[2]), Priority: uint32(len(all))})
		}
	}
	return all
}

// BuiltinEntries returns the entries of modules.builtin.bin for the text of modules.builtin.
func BuiltinEntries(text string) []Entry {
	var all []Entry
	for line := range strings.Lines(text) {
		if file := strings.TrimSpace(line); file != "" {
			all = append(all, Entry{Key: NameOf(file)})
		}
	}
	return all
}

// SoftdepText writes lines for modules.softdep.
func SoftdepText(all []Softdep) string {
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "softdep %s", s.Pattern)
		if len(s.Pre) > 0 {
			b.WriteString(" pre: " + strings.Join(s.Pre, " "))
		}
		if len(s.Post) > 0 {
			b.WriteString(" post: " + strings.Join(s.Post, " "))
		}
		b.WriteString("\n")
	}
	return b.String()
}
