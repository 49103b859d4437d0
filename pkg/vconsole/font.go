package vconsole

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// The font file is PSF version 2, uncompressed (psf.h of the kbd project): a header of eight little-endian numbers
// (magic, version 0, size of the header, flags, glyphs, bytes of a glyph, height, width), the glyphs, and if flag 1 is
// set the characters of each glyph in UTF-8, ended by 0xff; from 0xfe on come sequences of characters, which the
// kernel cannot draw as one.
const (
	psfMagic  = 0x864ab572
	psfHeader = 32
	psfTable  = 1 // flag: the table of characters follows

	psfSequence = 0xfe
	psfEnd      = 0xff
)

// Limits of the kernel (con_font_set of drivers/tty/vt/vt.c): a glyph has at most 32 by 32 pixels, a font 512 glyphs.
const (
	maxWidth  = 32
	maxHeight = 32
	maxGlyphs = 512
	maxPairs  = 1<<16 - 1
)

// Font is a bitmap font.
type Font struct {
	Width, Height int         // pixels of a glyph
	Glyphs        []byte      // row by row, each row a whole number of bytes, the leftmost pixel in the highest bit
	Map           [][2]uint16 // code point, number of the glyph
}

// stride is the number of bytes of a row.
func (f *Font) stride() int { return (f.Width + 7) / 8 }

// Count is the number of glyphs.
func (f *Font) Count() int { return len(f.Glyphs) / (f.stride() * f.Height) }

// cells are the glyphs as KDFONTOP takes them: 32 rows each (KD_FONT_OP_SET of linux/kd.h).
func (f *Font) cells() []byte {
	size, cell := f.stride()*f.Height, f.stride()*maxHeight
	out := make([]byte, f.Count()*cell)
	for i := range f.Count() {
		copy(out[i*cell:], f.Glyphs[i*size:(i+1)*size])
	}
	return out
}

// ParseFont reads a font file.
func ParseFont(data []byte) (f Font, err error) {
	if len(data) < psfHeader {
		return f, errShort
	}
	var h [8]uint32
	for i := range h {
		h[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	if h[0] != psfMagic || h[1] != 0 {
		return f, errors.New("no font of the form PSF 2: build the image anew")
	}
	header, flags, count, size, height, width := h[2], h[3], h[4], h[5], h[6], h[7]
	switch {
	case width < 1 || width > maxWidth || height < 1 || height > maxHeight:
		return f, fmt.Errorf("glyphs of %d times %d pixels: the kernel takes 1 to %d times 1 to %d", width, height, maxWidth, maxHeight)
	case count < 1 || count > maxGlyphs:
		return f, fmt.Errorf("%d glyphs: the kernel takes 1 to %d", count, maxGlyphs)
	case size != (width+7)/8*height:
		return f, fmt.Errorf("%d bytes for a glyph of %d times %d pixels", size, width, height)
	case header < psfHeader || uint64(header)+uint64(count)*uint64(size) > uint64(len(data)):
		return f, errShort
	}
	f.Width, f.Height = int(width), int(height)
	end := header + count*size
	f.Glyphs = data[header:end]
	if flags&psfTable != 0 {
		f.Map, err = parseCharacters(data[end:], int(count))
	}
	return f, err
}

// parseCharacters reads the table behind the glyphs.
func parseCharacters(data []byte, count int) (pairs [][2]uint16, err error) {
	for glyph, sequence := 0, false; glyph < count; {
		if len(data) == 0 {
			return nil, errShort
		}
		switch data[0] {
		case psfEnd:
			glyph, sequence, data = glyph+1, false, data[1:]
			continue
		case psfSequence:
			sequence, data = true, data[1:]
			continue
		}
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n <= 1 {
			return nil, fmt.Errorf("characters of glyph %d: byte %#02x is no UTF-8", glyph, data[0])
		}
		if data = data[n:]; sequence || r > 0xffff {
			continue
		}
		if len(pairs) == maxPairs {
			return nil, fmt.Errorf("more than %d characters", maxPairs)
		}
		pairs = append(pairs, [2]uint16{uint16(r), uint16(glyph)})
	}
	return pairs, nil
}

// Append appends the font in the form of its file; Map must be in the order of the glyphs.
func (f *Font) Append(b []byte) []byte {
	flags := uint32(0)
	if len(f.Map) > 0 {
		flags = psfTable
	}
	count := f.Count()
	for _, v := range []uint32{psfMagic, 0, psfHeader, flags, uint32(count), uint32(f.stride() * f.Height), uint32(f.Height), uint32(f.Width)} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(b, f.Glyphs...)
	if flags == 0 {
		return b
	}
	at := 0
	for glyph := range count {
		for ; at < len(f.Map) && int(f.Map[at][1]) == glyph; at++ {
			b = utf8.AppendRune(b, rune(f.Map[at][0]))
		}
		b = append(b, psfEnd)
	}
	return b
}
