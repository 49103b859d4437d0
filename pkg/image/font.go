package image

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/pkg/vconsole"
)

// fontFolders is where setfont looks (Debian, Fedora and Arch).
var fontFolders = []string{"/usr/share/consolefonts", "/usr/share/kbd/consolefonts", "/usr/lib/kbd/consolefonts", "/lib/kbd/consolefonts"}

// compileFont gives the font file, nil when no font is asked for.
func (c *console) compileFont() ([]byte, error) {
	if c.font == "" {
		return nil, nil
	}
	file, err := findFont(c.font)
	if err != nil {
		return nil, err
	}
	data, err := readPackedFile(file)
	if err != nil {
		return nil, err
	}
	font, err := readFont(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if c.fontUnimap != "" {
		if font.Map, err = readUnimap(c.fontUnimap, font.Count()); err != nil {
			return nil, err
		}
	}
	return font.Append(nil), nil
}

// findFont finds a font by its path or by its name without suffix.
func findFont(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	if err := checkWord(name); err != nil {
		return "", err
	}
	for _, dir := range fontFolders {
		for _, suffix := range []string{"", ".psfu", ".psf", ".psfu.gz", ".psf.gz", ".psfu.zst", ".psf.zst"} {
			if file := filepath.Join(dir, name+suffix); isFile(file) {
				return file, nil
			}
		}
	}
	return "", fmt.Errorf("font %s is in none of %s: install the Debian package console-setup-linux, or name the file by its path", name, strings.Join(fontFolders, ", "))
}

// readPackedFile reads a file and unpacks it by its suffix.
func readPackedFile(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if data, err = decompress(data, compression(file)); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return data, nil
}

// readFont reads both versions of PSF.
func readFont(data []byte) (vconsole.Font, error) {
	if len(data) >= 4 && data[0] == 0x36 && data[1] == 0x04 {
		return readPSF1(data)
	}
	f, err := vconsole.ParseFont(data)
	if err != nil {
		return f, fmt.Errorf("no PSF font that the kernel takes: %w", err)
	}
	return f, nil
}

// readPSF1 reads version 1: magic, mode (1: 512 glyphs, 2 and 4: a table of characters), bytes of a glyph, which is
// eight pixels wide; in the table 16-bit characters, sequences behind 0xfffe, and 0xffff at the end of each glyph.
func readPSF1(data []byte) (f vconsole.Font, err error) {
	mode, height := data[2], int(data[3])
	count := 256
	if mode&1 != 0 {
		count = 512
	}
	if height < 1 || height > 32 || len(data) < 4+count*height {
		return f, errors.New("no whole PSF font of at most 32 rows")
	}
	f = vconsole.Font{Width: 8, Height: height, Glyphs: data[4 : 4+count*height]}
	if mode&6 == 0 {
		return f, nil
	}
	glyph, sequence := 0, false
	for rest := data[4+count*height:]; len(rest) >= 2 && glyph < count; rest = rest[2:] {
		switch v := binary.LittleEndian.Uint16(rest); {
		case v == 0xffff:
			glyph, sequence = glyph+1, false
		case v == 0xfffe:
			sequence = true
		case !sequence:
			f.Map = append(f.Map, [2]uint16{v, uint16(glyph)})
		}
	}
	return f, nil
}
