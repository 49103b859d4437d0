package cmdline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func kv(k, v string) Word { return Word{Key: k, Value: v, HasValue: true} }
func bare(k string) Word  { return Word{Key: k} }

var splitTests = []struct {
	text string
	want []Word
}{
	{"", nil},
	{" \t\r\n\v\f\xa0", nil},
	{"a", []Word{bare("a")}},
	{"a=", []Word{kv("a", "")}},
	{"a=b=c", []Word{kv("a", "b=c")}},
	{"=a", []Word{bare("=a")}},
	{"=a=b", []Word{kv("=a", "b")}},
	{"a  b\tc\nd\ve\ff\rg\xa0h", []Word{bare("a"), bare("b"), bare("c"), bare("d"), bare("e"), bare("f"), bare("g"), bare("h")}},
	{"a-b a_b", []Word{bare("a-b"), bare("a_b")}},
	{"a -- b", []Word{bare("a"), bare("--"), bare("b")}},
	{`a="b c"`, []Word{kv("a", "b c")}},
	{`"a=b c"`, []Word{kv("a", "b c")}},
	{`"a b"=c`, []Word{kv(`a b"`, "c")}},
	{`a=b"c d"e`, []Word{kv("a", `b"c d"e`)}},
	{`a=\"b c`, []Word{kv("a", `\"b c`)}},
	{`a="b" c`, []Word{kv("a", "b"), bare("c")}},
	{`a="b c`, []Word{kv("a", "b c")}},
	{`a="`, []Word{kv("a", "")}},
	{`a=""`, []Word{kv("a", "")}},
	{`"a="`, []Word{kv("a", "")}},
	{`"a=""`, []Word{kv("a", "")}},
	{`"a=""b`, []Word{kv("a", `"b`)}},
	{`a=b"`, []Word{kv("a", `b"`)}},
	{`"a=b""`, []Word{kv("a", `b"`)}},
	{`"a="b"" c`, []Word{kv("a", `b"`), bare("c")}},
	{`"`, []Word{bare("")}},
	{`a "`, []Word{bare("a"), bare("")}},
	{`""`, []Word{bare("")}},
	{`" "`, []Word{bare(" ")}},
	{`"a`, []Word{bare("a")}},
	// dracut's own odd cases (TEST-80-GETARG), one at a time.
	{`key3="  val  3  "`, []Word{kv("key3", "  val  3  ")}},
	{`"  key 4  ="val4`, []Word{kv("  key 4  ", `val4`)}},
	{`"key  5=val  5"`, []Word{kv("key  5", "val  5")}},
	{`"key 6=""val  6"`, []Word{kv("key 6", `"val  6`)}},
	{`key7="foo"bar" baz="end x`, []Word{kv("key7", `foo"bar" baz="end`), bare("x")}},
	{`"  key8  =  val 8  "`, []Word{kv("  key8  ", "  val 8  ")}},
	{`"key 9"="val 9"`, []Word{kv(`key 9"`, "val 9")}},
}

func TestSplit(t *testing.T) {
	for _, tt := range splitTests {
		if diff := cmp.Diff(tt.want, Split(tt.text)); diff != "" {
			t.Errorf("Split(%q) (-want +got):\n%s", tt.text, diff)
		}
	}
}

// slowSplit is the rule in other words: first the extent of each word, quotes counted from its beginning,
// then the quotes by the four cases that there are.
func slowSplit(text string) []Word {
	const blanks = " \t\n\v\f\r\xa0"
	isBlank := func(c byte) bool { return strings.IndexByte(blanks, c) >= 0 }
	var words []Word
	for text != "" {
		if isBlank(text[0]) {
			text = text[1:]
			continue
		}
		n := 1
		for n < len(text) && (strings.Count(text[:n], `"`)%2 == 1 || !isBlank(text[n])) {
			n++
		}
		words = append(words, slowWord(text[:n]))
		text = text[n:]
	}
	return words
}

func slowWord(word string) Word {
	body, quoted := strings.CutPrefix(word, `"`)
	if len(body) < 2 || !strings.Contains(body[1:], "=") {
		if quoted {
			body = strings.TrimSuffix(body, `"`)
		}
		return Word{Key: body}
	}
	cut := 1 + strings.Index(body[1:], "=")
	key, value := body[:cut], body[cut+1:]
	inner, opened := strings.CutPrefix(value, `"`)
	if opened || quoted {
		inner = strings.TrimSuffix(inner, `"`)
	}
	return Word{Key: key, Value: inner, HasValue: true}
}

func FuzzSplit(f *testing.F) {
	for _, tt := range splitTests {
		f.Add(tt.text)
	}
	f.Add(strings.Repeat(`a="b `, 800))
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return // a kernel has no more, and the reference is quadratic
		}
		got := Split(text)
		if diff := cmp.Diff(slowSplit(text), got); diff != "" {
			t.Errorf("Split(%q) (-reference +got):\n%s", text, diff)
		}
		for _, w := range got {
			if !strings.Contains(text, w.Key) || !strings.Contains(text, w.Value) {
				t.Errorf("Split(%q) made up %+v", text, w)
			}
		}
	})
}
