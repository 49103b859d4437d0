package cmdline

// Word is one word of a command line.
type Word struct {
	// Key is the text before the first '=' that is not the first byte, without the quote that opens a
	// wholly quoted word. '-' and '_' are different bytes here, unlike in the kernel.
	Key string
	// Value is the text after that '=', without the quotes round it.
	Value string
	// HasValue tells "k=" (true) from "k" (false).
	HasValue bool
	// Source names where the word begins: "/proc/cmdline", "/etc/cmdline.d/10.conf"; "" after Split.
	Source string
}

// String returns the word as key or key=value, without any quotes.
func (w Word) String() string {
	if w.HasValue {
		return w.Key + "=" + w.Value
	}
	return w.Key
}

// Split cuts a command line into words by the rules of the kernel's next_arg (lib/cmdline.c): blanks part
// words; double quotes may surround a whole word or only the value; any other quote toggles "inside quotes"
// and stays; nothing escapes a quote. An unbalanced quote reaches to the end of the text. A lone "--" is a
// word like any other.
func Split(text string) []Word {
	var words []Word
	for i := skipBlanks(text, 0); i < len(text); {
		var w Word
		w, i = nextWord(text, i)
		words = append(words, w)
	}
	return words
}

// nextWord cuts the word that begins at text[i] and returns it with the place where the next one begins.
func nextWord(text string, i int) (Word, int) {
	quoted := text[i] == '"'
	if quoted {
		i++
	}
	end, equals := wordEnd(text, i, quoted)
	w := unquote(text[i:end], equals-i, quoted)
	return w, skipBlanks(text, end)
}

// wordEnd finds the end of the word that begins at start, and its first '=' (not counting one in the first
// byte, which belongs to the key); equals is start when there is none.
func wordEnd(text string, start int, inQuote bool) (end, equals int) {
	equals = start
	for end = start; end < len(text); end++ {
		switch c := text[end]; {
		case c == '"':
			inQuote = !inQuote
		case c == '=' && equals == start:
			equals = end
		case !inQuote && isBlank(c):
			return end, equals
		}
	}
	return end, equals
}

// unquote parts raw at equals (0: no value) and takes the quotes away. The quote that ends raw goes once:
// with the one that opens the value, or with the one that opened the word.
func unquote(raw string, equals int, quoted bool) Word {
	closed := len(raw) > 0 && raw[len(raw)-1] == '"'
	if equals == 0 {
		if quoted && closed {
			raw = raw[:len(raw)-1]
		}
		return Word{Key: raw}
	}
	w := Word{Key: raw[:equals], Value: raw[equals+1:], HasValue: true}
	opened := len(w.Value) > 0 && w.Value[0] == '"'
	if opened {
		w.Value = w.Value[1:]
	}
	// The value is empty here when one quote both opens it and ends the word: k="
	if closed && (opened || quoted) && len(w.Value) > 0 {
		w.Value = w.Value[:len(w.Value)-1]
	}
	return w
}

func skipBlanks(text string, i int) int {
	for i < len(text) && isBlank(text[i]) {
		i++
	}
	return i
}

// isBlank is the kernel's isspace (lib/ctype.c): Latin-1, so the no-break space counts.
func isBlank(c byte) bool {
	return c == ' ' || c >= '\t' && c <= '\r' || c == 0xA0
}
