package luks

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of the JSON area; its bytes are bounded by the size of a header, 4 MiB.
const (
	maxDepth  = 32      // as json-c, which cryptsetup uses
	maxValues = 1 << 16 // a value, or a key of an object
)

// parseJSON reads the text of a JSON area: an object, and then NULs up to the
// end. An object that has a key twice is damage: readers differ in which one
// they believe. So is a NUL in a text, behind which C does not look.
func parseJSON(area []byte) (map[string]any, error) {
	text, rest, found := bytes.Cut(area, []byte{0})
	switch {
	case !found:
		return nil, damaged("the JSON text has no end")
	case len(bytes.Trim(rest, "\x00")) > 0:
		return nil, damaged("there is something behind the JSON text")
	case len(text) == 0 || text[0] != '{':
		return nil, damaged("the JSON text does not begin with {")
	case !utf8.Valid(text):
		return nil, damaged("the JSON text is not UTF-8")
	}
	p := jsonParser{dec: json.NewDecoder(bytes.NewReader(text))}
	p.dec.UseNumber()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.dec.InputOffset() != int64(len(text)) {
		return nil, damaged("there is something behind the JSON object")
	}
	return v.(map[string]any), nil
}

type jsonParser struct {
	dec    *json.Decoder
	values int
}

func (p *jsonParser) token() (json.Token, error) {
	if p.values++; p.values > maxValues {
		return nil, refused("more than %d values in the JSON text", maxValues)
	}
	t, err := p.dec.Token()
	if err != nil {
		return nil, damaged("JSON text, byte %d: %v", p.dec.InputOffset(), err)
	}
	if s, ok := t.(string); ok && strings.IndexByte(s, 0) >= 0 {
		return nil, damaged("JSON text, byte %d: a text with a NUL", p.dec.InputOffset())
	}
	return t, nil
}

func (p *jsonParser) value(depth int) (any, error) {
	t, err := p.token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	switch {
	case !ok:
		return t, nil
	case depth == maxDepth:
		return nil, refused("the JSON text is more than %d levels deep", maxDepth)
	case delim == '[':
		return p.array(depth)
	}
	return p.object(depth)
}

func (p *jsonParser) array(depth int) (any, error) {
	list := []any{}
	for p.dec.More() {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := p.token()
	return list, err
}

func (p *jsonParser) object(depth int) (any, error) {
	m := map[string]any{}
	for p.dec.More() {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		key, _ := t.(string)
		if _, twice := m[key]; twice {
			return nil, refused("JSON text: the key %q stands twice in one object", shown(key))
		}
		if m[key], err = p.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := p.token()
	return m, err
}

// node is an object of the JSON tree that is read by its keys. The first that
// is missing or of another type is kept in fault, for all nodes of the tree, and
// read as zero: who judges the values looks at fault first.
type node struct {
	place string
	m     map[string]any
	fault *error
}

func newNode(m map[string]any) node { return node{"JSON area", m, new(error)} }

func (n node) err() error { return *n.fault }

func (n node) fail(key, want string) {
	if *n.fault == nil {
		*n.fault = damaged("%s: %s is not %s", n.place, key, want)
	}
}

func (n node) has(key string) bool { _, ok := n.m[key]; return ok }

func (n node) text(key string) string {
	s, ok := n.m[key].(string)
	if !ok {
		n.fail(key, "a text")
	}
	return s
}

// number is a JSON number: a whole one of 0 to high.
func (n node) number(key string, high uint64) uint64 {
	j, _ := n.m[key].(json.Number)
	return n.digits(key, string(j), high)
}

// big is a number that the format writes as a text, since JSON's are too small.
func (n node) big(key string) uint64 { return n.digits(key, n.text(key), 1<<63-1) }

func (n node) digits(key, s string, high uint64) uint64 {
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil || v > high || !allDigits(s) {
		n.fail(key, "a whole number of 0 to "+strconv.FormatUint(high, 10))
		return 0
	}
	return v
}

// allDigits refuses a plus sign, underscores and leading zeros.
func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == "" && (s == "0" || s[0] != '0')
}

func (n node) bytes(key string, lengths ...int) []byte {
	b, err := base64.StdEncoding.Strict().DecodeString(n.text(key))
	if err != nil || !slices.Contains(lengths, len(b)) {
		n.fail(key, "base64 of the right length")
		return nil
	}
	return b
}

func (n node) texts(key string) []string {
	list, ok := n.m[key].([]any)
	if !ok {
		n.fail(key, "an array")
	}
	var texts []string
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			n.fail(key, "an array of texts")
		}
		texts = append(texts, s)
	}
	return texts
}

func (n node) object(key string) node {
	m, ok := n.m[key].(map[string]any)
	if !ok {
		n.fail(key, "an object")
	}
	return node{n.place + ": " + key, m, n.fault}
}

// member is one of a numbered set of objects.
type member struct {
	id int
	node
}

// members gives the objects of a set, by number. Numbers are below limit: a
// larger one is no slot for cryptsetup either.
func (n node) members(key, called string, limit int) []member {
	set := n.object(key)
	var list []member
	for k := range set.m {
		i, err := strconv.Atoi(k)
		if err != nil || !allDigits(k) || i >= limit {
			n.fail(key+" "+strconv.Quote(shown(k)), "numbered from 0 to "+strconv.Itoa(limit-1))
			return nil
		}
		o := set.object(k)
		o.place = called + " " + k
		list = append(list, member{i, o})
	}
	slices.SortFunc(list, func(a, b member) int { return a.id - b.id })
	return list
}
