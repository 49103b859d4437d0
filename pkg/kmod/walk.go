package kmod

// maxDepth bounds the nodes on one way through a trie of patterns. A node below another has at least one byte
// of a pattern, and no pattern of a kernel has 400.
const maxDepth = 2048

// walker finds all patterns of a trie that match one key.
type walker struct {
	*trie
	glob
	found []value
	// visits bounds the whole walk: a sound trie has each node once, and a node has at least five bytes. A file
	// whose references form a net would otherwise be walked for ever.
	visits int64
}

// matches returns the values of every key of the trie that matches the text as a pattern.
func (t *trie) matches(text string) []value {
	w := walker{trie: t, glob: glob{key: text}, visits: t.size/5 + 1}
	s := w.start()
	w.walk(t.root, s, 0)
	return sorted(w.found)
}

// walk looks at a node and all that lies below it. s is the state before the node's prefix, and walk's to change.
func (w *walker) walk(ref uint32, s globState, depth int) {
	off := int64(ref & offsetMask)
	if off == 0 || w.err != nil {
		return
	}
	if w.visits--; w.visits < 0 || depth > maxDepth {
		w.fail(off, "the nodes form a loop")
		return
	}
	if ref&hasPrefix != 0 {
		c := w.byte(off)
		for off++; c != 0; off++ {
			if !w.step(&s, c) || w.err != nil {
				return
			}
			c = w.byte(off)
		}
	}
	n := w.parts(ref, off)
	if n.values != 0 && w.matched(s) {
		w.found = w.appendValues(w.found, n.values)
	}
	w.walkChildren(n, s, depth+1)
}

func (w *walker) walkChildren(n node, s globState, depth int) {
	if n.children == 0 {
		return
	}
	for c := int(n.first); c <= int(n.last) && w.err == nil; c++ {
		b := byte(c)
		if s.mode == plain && !special(b) && !w.canLiteral(s, b) {
			continue
		}
		ref := w.child(n, b)
		if ref == 0 {
			continue
		}
		next := w.fork(s)
		if w.step(&next, b) {
			w.walk(ref, next, depth)
		}
		w.drop(next)
	}
}

// special tells the bytes that mean something in a pattern.
func special(c byte) bool { return c == '*' || c == '?' || c == '[' || c == '\\' }
