package cmdline

import "strings"

// Params are the words of all sources in order. The zero value holds none.
type Params struct {
	words []Word
}

// Of returns Params of words that were split elsewhere, for example from the variable CMDLINE that dracut's
// shell functions export to dracut-getarg.
func Of(words []Word) Params { return Params{words: words} }

// Join joins the sources in the order given, so that later ones win, as dracut's getcmdline does: each line
// without blanks and tabs at its ends, one blank before it and one more between the kinds of source. The
// number of blanks matters, because a quote left open in one source swallows the beginning of the next.
func Join(sources ...Source) Params {
	var text strings.Builder
	type span struct {
		begin int
		name  string
	}
	spans := make([]span, 0, len(sources))
	last := kindImageDir
	for _, s := range sources {
		writeBlanks(&text, s.kind()-last)
		last = s.kind()
		spans = append(spans, span{text.Len(), s.Name})
		writeLines(&text, s.Text)
	}
	writeBlanks(&text, kindRun-last)

	joined := text.String()
	var p Params
	at := 0
	for i := skipBlanks(joined, 0); i < len(joined); {
		for at+1 < len(spans) && spans[at+1].begin <= i {
			at++
		}
		var w Word
		w, i = nextWord(joined, i)
		w.Source = spans[at].name
		p.words = append(p.words, w)
	}
	return p
}

func writeBlanks(b *strings.Builder, n kind) {
	for ; n > 0; n-- {
		b.WriteByte(' ')
	}
}

// writeLines writes " LINE" for each line, as the shell's `while read -r line` sees lines: blanks and tabs
// at both ends are gone, a last line without newline counts, an empty last line does not.
func writeLines(b *strings.Builder, text string) {
	for text != "" {
		line, rest, found := strings.Cut(text, "\n")
		line = strings.Trim(line, " \t")
		if found || line != "" {
			b.WriteByte(' ')
			b.WriteString(line)
		}
		text = rest
	}
}

// Words returns all words in order. The caller must not change them.
func (p Params) Words() []Word { return p.words }

// Last returns the last word with this key.
func (p Params) Last(key string) (Word, bool) {
	for i := len(p.words) - 1; i >= 0; i-- {
		if p.words[i].Key == key {
			return p.words[i], true
		}
	}
	return Word{}, false
}

// Get is dracut's `getarg KEY`: the value of the last word with this key. A bare key counts and has the
// value "", even after KEY=VALUE. The empty key is never there.
func (p Params) Get(key string) (value string, ok bool) {
	if key == "" {
		return "", false
	}
	w, ok := p.Last(key)
	return w.Value, ok
}

// Has reports whether any word has this key.
func (p Params) Has(key string) bool {
	_, ok := p.Get(key)
	return ok
}

// Equal is dracut's `getarg KEY=VALUE`: the last word with this key has exactly this value. A bare key
// equals no value.
func (p Params) Equal(key, value string) bool {
	w, ok := p.Last(key)
	return ok && key != "" && w.HasValue && w.Value == value
}

// All is dracut's `getargs KEY`: the values of all words with this key, in order; a bare key gives the key
// itself.
func (p Params) All(key string) []string {
	var values []string
	for _, w := range p.words {
		switch {
		case w.Key != key || key == "":
		case w.HasValue:
			values = append(values, w.Value)
		default:
			values = append(values, key)
		}
	}
	return values
}

// HasEqual is the status of dracut's `getargs KEY=VALUE`: any word with this key has exactly this value.
func (p Params) HasEqual(key, value string) bool {
	for _, w := range p.words {
		if w.Key == key && key != "" && w.HasValue && w.Value == value {
			return true
		}
	}
	return false
}

// Bool is dracut's getargbool for plain keys: the first key of keys that is there decides; it says no only
// with the values "0", "no" and "off". When none is there the answer is def.
func (p Params) Bool(def bool, keys ...string) bool {
	for _, key := range keys {
		if value, ok := p.Get(key); ok {
			return !saysNo(value)
		}
	}
	return def
}

// Num is dracut's getargnum: the number in the last word with this key if it lies in min..max (all at least
// 0), else def. See ParseNum for what a number is.
func (p Params) Num(def, low, high int64, key string) int64 {
	value, ok := p.Get(key)
	if !ok {
		return def
	}
	if n, ok := ParseNum(value); ok && n >= low && n <= high {
		return n
	}
	return def
}

func saysNo(value string) bool {
	return value == "0" || value == "no" || value == "off"
}
