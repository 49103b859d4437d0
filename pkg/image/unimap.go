package image

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// unimapFolders is where setfont looks for tables of characters.
var unimapFolders = []string{"/usr/share/consoletrans", "/usr/share/unimaps", "/usr/share/kbd/unimaps", "/usr/lib/kbd/unimaps"}

// readUnimap reads FONT_UNIMAP: lines "GLYPH U+CHARACTER ...", "FIRST-LAST U+FIRST-U+LAST" or "FIRST-LAST idem"
// (mapscrn(8), psfaddtable(1)), '#' begins a comment.
func readUnimap(name string, glyphs int) (pairs [][2]uint16, err error) {
	file := name
	if !strings.Contains(name, "/") {
		for _, dir := range unimapFolders {
			for _, suffix := range []string{"", ".uni", ".uni.gz"} {
				if f := filepath.Join(dir, name+suffix); isFile(f) {
					file = f
				}
			}
		}
	}
	data, err := readPackedFile(file)
	if err != nil {
		return nil, fmt.Errorf("FONT_UNIMAP: %w", err)
	}
	for i, line := range strings.Split(string(data), "\n") {
		line, _, _ = strings.Cut(line, "#")
		more, err := unimapLine(strings.Fields(line), glyphs)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
		pairs = append(pairs, more...)
	}
	slices.SortStableFunc(pairs, func(a, b [2]uint16) int { return int(a[1]) - int(b[1]) })
	return pairs, nil
}

func unimapLine(words []string, glyphs int) (pairs [][2]uint16, err error) {
	if len(words) == 0 {
		return nil, nil
	}
	low, high, err := span(words[0])
	if err != nil {
		return nil, err
	}
	if high >= glyphs {
		return nil, fmt.Errorf("%s: the font has %d glyphs", words[0], glyphs)
	}
	for _, w := range words[1:] {
		from, to := low, high
		if w != "idem" {
			if from, to, err = span(strings.ReplaceAll(strings.ToUpper(w), "U+", "0x")); err != nil {
				return nil, err
			}
		}
		if low != high && to-from != high-low {
			return nil, fmt.Errorf("%s and %s are not of one length", words[0], w)
		}
		for r := from; r <= to; r++ {
			glyph := low
			if low != high {
				glyph += r - from
			}
			pairs = append(pairs, [2]uint16{uint16(r), uint16(glyph)})
		}
	}
	return pairs, nil
}

// span reads "N" or "N-N".
func span(word string) (low, high int, err error) {
	a, b, two := strings.Cut(strings.ToLower(word), "-")
	if !two {
		b = a
	}
	first, err := strconv.ParseUint(a, 0, 16)
	if err != nil {
		return 0, 0, fmt.Errorf("%q is no number of a glyph or character", word)
	}
	last, err := strconv.ParseUint(b, 0, 16)
	if err != nil || last < first {
		return 0, 0, fmt.Errorf("%q is no range", word)
	}
	return int(first), int(last), nil
}
