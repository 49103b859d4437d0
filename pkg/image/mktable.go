package image

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/vconsole"
)

// parseTables reads what "loadkeys --mktable" of the kbd project writes: C source of the kernel's own tables
// (drivers/tty/vt/defkeymap.c has the same form). Numbers are those inside the kernel; the kernel's calls take them
// with the bits of 0xf000 turned over.
func parseTables(source string) (k vconsole.Keymap, err error) {
	arrays := map[string][]string{}
	for rest := source; ; {
		var name string
		var words []string
		if name, words, rest, err = nextArray(rest); err != nil || name == "" {
			break
		}
		arrays[name] = words
	}
	if err != nil {
		return k, err
	}
	if len(arrays["key_maps"]) == 0 {
		return k, fmt.Errorf("no key_maps in it")
	}
	if k.Rows, err = keyRows(arrays); err != nil {
		return k, err
	}
	if k.Strings, err = keyStrings(arrays); err != nil {
		return k, err
	}
	k.Diacritics, err = accents(arrays["accent_table"])
	return k, err
}

// nextArray cuts the next "NAME[...] = { words };" off the source; name is "" at the end.
func nextArray(source string) (name string, words []string, rest string, err error) {
	head, body, ok := strings.Cut(source, "] = {")
	if !ok {
		return "", nil, "", nil
	}
	name = head[:strings.LastIndexByte(head, '[')]
	name = name[strings.LastIndexAny(name, " *\n")+1:]
	words, rest, err = cWords(body)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return name, words, rest, err
}

// cWords splits the list up to the closing "};" into its words; braces inside do not count.
func cWords(body string) (words []string, rest string, err error) {
	depth := 1
	for len(body) > 0 {
		switch c := body[0]; {
		case c == '{':
			depth++
			body = body[1:]
		case c == '}':
			if depth--; depth == 0 {
				return words, body[1:], nil
			}
			body = body[1:]
		case c == '\'':
			end := quoteEnd(body)
			if end < 0 {
				return nil, "", fmt.Errorf("a quote is not closed")
			}
			words, body = append(words, body[:end]), body[end:]
		case strings.IndexByte(" \t\r\n,", c) >= 0:
			body = body[1:]
		default:
			end := strings.IndexAny(body, ",}\n")
			if end < 0 {
				end = len(body)
			}
			words, body = append(words, strings.TrimSpace(body[:end])), body[end:]
		}
	}
	return nil, "", fmt.Errorf("the list is not closed")
}

// quoteEnd is the length of the character constant at the front, -1 when it is not closed.
func quoteEnd(body string) int {
	first := 2
	if strings.HasPrefix(body, `'\`) {
		first = 3
	}
	if len(body) <= first {
		return -1
	}
	end := strings.IndexByte(body[first:], '\'')
	if end < 0 {
		return -1
	}
	return first + end + 1
}

// number reads a word of the tables: a number or a character.
func number(word string) (uint32, error) {
	quoted, ok := strings.CutPrefix(word, "'")
	if !ok {
		n, err := strconv.ParseUint(word, 0, 32)
		return uint32(n), err
	}
	quoted = strings.TrimSuffix(quoted, "'")
	if escape, ok := strings.CutPrefix(quoted, `\`); ok {
		if n, err := strconv.ParseUint(escape, 8, 8); err == nil {
			return uint32(n), nil
		}
		quoted = escape
	}
	if len(quoted) != 1 {
		return 0, fmt.Errorf("%s is no character", word)
	}
	return uint32(quoted[0]), nil
}

// keyRows collects the tables, equal ones once.
func keyRows(arrays map[string][]string) (rows []vconsole.Row, err error) {
	for table, name := range arrays["key_maps"] {
		if name == "0" {
			continue
		}
		if table > 255 || len(arrays[name]) == 0 || len(arrays[name]) > 256 {
			return nil, fmt.Errorf("table %d, %s: no array of at most 256 keys", table, name)
		}
		values, err := keyValues(arrays[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		same := slices.IndexFunc(rows, func(r vconsole.Row) bool { return slices.Equal(r.Values, values) })
		if same < 0 {
			same = len(rows)
			rows = append(rows, vconsole.Row{Values: values})
		}
		rows[same].Tables = append(rows[same].Tables, uint8(table))
	}
	return rows, nil
}

// keyValues are the values of a table up to the last key that has one.
func keyValues(words []string) (values []uint16, err error) {
	length := 0
	for key, word := range words {
		n, err := number(word)
		if err != nil || n > 0xffff {
			return nil, fmt.Errorf("key %d: %s is no value: %w", key, word, err)
		}
		values = append(values, uint16(n)^0xf000)
		if values[key] != vconsole.Hole {
			length = key + 1
		}
	}
	return values[:length], nil
}

// keyStrings takes the function strings, ended by NUL, from the places that func_table names.
func keyStrings(arrays map[string][]string) (list []vconsole.String, err error) {
	var text []byte
	for _, word := range arrays["func_buf"] {
		n, err := number(word)
		if err != nil {
			return nil, fmt.Errorf("func_buf: %w", err)
		}
		text = append(text, byte(n))
	}
	for key, word := range arrays["func_table"] {
		at, ok := strings.CutPrefix(word, "func_buf +")
		if !ok {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(at))
		if err != nil || n < 0 || n >= len(text) || key > 255 {
			return nil, fmt.Errorf("func_table: entry %d, %s: no such place", key, word)
		}
		s := text[n:]
		if end := slices.Index(s, 0); end >= 0 {
			s = s[:end]
		}
		list = append(list, vconsole.String{Key: uint8(key), Text: s[:min(len(s), 511)]})
	}
	return list, nil
}

func accents(words []string) (list [][3]uint32, err error) {
	for ; len(words) >= 3; words = words[3:] {
		var a [3]uint32
		for i := range a {
			if a[i], err = number(words[i]); err != nil {
				return nil, fmt.Errorf("accent_table: %w", err)
			}
		}
		list = append(list, a)
	}
	if len(words) > 0 || len(list) > 256 {
		return nil, fmt.Errorf("accent_table: %d entries and %d numbers", len(list), len(words))
	}
	return list, nil
}
