package kmod

import (
	"path"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, key string
		want         bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"?", "", false},
		{"?", "a", true},
		{"a?c", "abc", true},
		{"a*c", "abcabc", true},
		{"a*c", "abcabd", false},
		{"a**c", "ac", true},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "xxbxxaxx", false},
		{"[a-c]x", "bx", true},
		{"[a-c]x", "dx", false},
		{"[!a-c]x", "dx", true},
		{"[^a-c]x", "dx", true},
		{"[!a-c]x", "ax", false},
		{"[]x]y", "]y", true},
		{"[!]x]y", "]y", false},
		{"[!]x]y", "ay", true},
		{"[a-]", "-", true},
		{"[a-]", "b", false},
		{`[\]]`, "]", true},
		{`[\a-c]`, "b", true},
		{`a\*`, "a*", true},
		{`a\*`, "ab", false},
		{"[abc", "a", false},
		{"a[", "a", false},
		{`a\`, "a", false},
		{"pci:v00001AF4d*sv*sd*bc*sc*i*", "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00", true},
		{"usb:v0525pA4A2d0[1-3]*", "usb:v0525pA4A2d0200dc", true},
	} {
		if got := match(c.pattern, c.key); got != c.want {
			t.Errorf("match(%q, %q) = %v", c.pattern, c.key, got)
		}
	}
}

// TestMatchIsLinear holds the bound on steps: without it this pattern would not end in a lifetime.
func TestMatchIsLinear(t *testing.T) {
	key := strings.Repeat("a", 4000)
	if match(strings.Repeat("a*", 500)+"b", key) {
		t.Error("a key without b matches")
	}
}

// FuzzMatch compares with path.Match, whose language is that of fnmatch where the pattern is sane and no slash
// stands in the key, and holds the bound of len(pattern) * (len(key) + 1) positions.
func FuzzMatch(f *testing.F) {
	f.Add("pci:v*d00001001sv*", "pci:v00001AF4d00001001sv00001AF4")
	f.Add("a[b-d]?e*", "acxeyy")
	f.Add("[^a]*[a-b]", "cab")
	f.Add(`\*a`, "*a")
	f.Fuzz(func(t *testing.T, pattern, key string) {
		g := glob{key: key}
		s := g.start()
		alive := true
		for i := 0; i < len(pattern) && alive; i++ {
			alive = g.step(&s, pattern[i])
			if len(g.pos) > len(key)+1 {
				t.Fatalf("%d positions in a key of %d bytes", len(g.pos), len(key))
			}
		}
		if !sane(pattern) || !ascii(key) || strings.Contains(key, "/") {
			return
		}
		want, err := path.Match(pattern, key)
		if err == nil && want != match(pattern, key) {
			t.Errorf("match(%q, %q) = %v", pattern, key, !want)
		}
	})
}

// sane leaves out what path.Match and fnmatch read differently: "[!", ']' or '-' as a member without '\', and
// bytes beyond ASCII.
func sane(pattern string) bool {
	for _, odd := range []string{"[!", "[]", "[^]", "[-", "[^-", "-]"} {
		if strings.Contains(pattern, odd) {
			return false
		}
	}
	return ascii(pattern)
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
