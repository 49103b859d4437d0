package kmod

import (
	"cmp"
	"slices"
)

// The format is that of depmod's *.bin files (kmod: libkmod/libkmod-index.c describes it, tools/depmod.c writes it).
// A file is a magic number, a version and the reference of the root node, four bytes each. A reference is an
// offset of 28 bits with flags above it that say which of three parts follow at that offset, in this order:
//
//	prefix    bytes of the key common to all below, ended by NUL
//	children  the first and the last byte that has a child, then a reference for each byte between; 0 is none
//	values    a count, then for each a priority (four bytes) and a string ended by NUL
const (
	trieMagic   = 0xB007F457
	trieVersion = 0x0002_0001 // major 2, minor 1; a reader is bound to the major number alone

	hasPrefix   = 0x8000_0000
	hasValues   = 0x4000_0000
	hasChildren = 0x2000_0000
	offsetMask  = 0x0FFF_FFFF
)

// value is one answer of an index. Answers are given by ascending priority, that is in modules.order.
type value struct {
	priority uint32
	text     string
}

// trie is an open index file.
type trie struct {
	*pager
	root uint32
}

func openTrie(p *pager) (*trie, error) {
	if p.size < 12 {
		p.fail(0, "%d bytes are too short for an index", p.size)
		return nil, p.err
	}
	if magic := p.uint32(0); p.err == nil && magic != trieMagic {
		p.fail(0, "no index of depmod: it begins with %#x", magic)
	}
	if v := p.uint32(4); p.err == nil && v>>16 != trieVersion>>16 {
		p.fail(4, "index version %d.%d, known is %d", v>>16, v&0xffff, trieVersion>>16)
	}
	t := &trie{pager: p, root: p.uint32(8)}
	if p.err != nil {
		return nil, p.err
	}
	return t, nil
}

// node is where the parts of one node lie; the zero offset means that there is no such part.
type node struct {
	first, last byte
	children    int64
	values      int64
}

// parts finds the parts of a node. after is the offset behind its prefix, which the caller has read already.
func (t *trie) parts(ref uint32, after int64) node {
	n := node{}
	if ref&hasChildren != 0 {
		n.first, n.last = t.byte(after), t.byte(after+1)
		n.children = after + 2
		after += 2
		if n.last < n.first {
			t.fail(n.children, "children from byte %d to %d", n.first, n.last)
			return node{}
		}
		after += 4 * (int64(n.last) - int64(n.first) + 1)
	}
	if ref&hasValues != 0 {
		n.values = after
	}
	return n
}

// child returns the reference of the child for byte c, or 0.
func (t *trie) child(n node, c byte) uint32 {
	if n.children == 0 || c < n.first || c > n.last {
		return 0
	}
	return t.uint32(n.children + 4*int64(c-n.first))
}

// appendValues reads the values at off.
func (t *trie) appendValues(vs []value, off int64) []value {
	count := t.uint32(off)
	off += 4
	for range count {
		v := value{priority: t.uint32(off)}
		v.text, off = t.text(off + 4)
		if t.err != nil {
			return vs
		}
		vs = append(vs, v)
	}
	return vs
}

// find returns the values of exactly this key.
func (t *trie) find(key string) []value {
	for ref := t.root; ref&offsetMask != 0 && t.err == nil; {
		off := int64(ref & offsetMask)
		if ref&hasPrefix != 0 {
			var ok bool
			if key, off, ok = t.cutPrefix(key, off); !ok {
				return nil
			}
		}
		n := t.parts(ref, off)
		if key == "" {
			return t.valuesOf(n)
		}
		ref = t.child(n, key[0])
		key = key[1:]
	}
	return nil
}

// cutPrefix removes the prefix at off from the key; ok is false when the key does not begin with it.
func (t *trie) cutPrefix(key string, off int64) (rest string, end int64, ok bool) {
	for ; t.err == nil; off++ {
		c := t.byte(off)
		if c == 0 {
			return key, off + 1, true
		}
		if key == "" || key[0] != c {
			return "", 0, false
		}
		key = key[1:]
	}
	return "", 0, false
}

func (t *trie) valuesOf(n node) []value {
	if n.values == 0 {
		return nil
	}
	return sorted(t.appendValues(nil, n.values))
}

// sorted orders values by priority; equal ones stay as the file has them.
func sorted(vs []value) []value {
	slices.SortStableFunc(vs, func(a, b value) int { return cmp.Compare(a.priority, b.priority) })
	return vs
}
