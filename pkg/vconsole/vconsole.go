// Package vconsole gives the virtual terminals the keymap and the font that the builder put into the image: a person at
// a prompt types on the keyboard as it is labelled, and reads letters instead of question marks. An image has neither
// loadkeys nor setfont; both files hold what the kernel's calls take (ioctl_console(2), ioctl_tty of VTs in
// include/uapi/linux/kd.h), so /init compiles nothing.
package vconsole

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// The files of an image, below its root.
const (
	KeymapFile = "etc/preroot/keymap"
	FontFile   = "etc/preroot/font"
)

// foreground is the virtual terminal that is seen. The keymap is one for all of them; a terminal that is opened later
// inherits the font of this one.
const foreground = "dev/tty0"

// Terminal is an open virtual terminal.
type Terminal interface {
	Keyboard
	Screen
	io.Closer
}

// Keyboard is the input side of a virtual terminal; the tables belong to all of them.
type Keyboard interface {
	// SetUnicode makes keys and text UTF-8.
	SetUnicode() error
	// SetKey says what a key gives in a table, which is a combination of modifiers.
	SetKey(table, key uint8, value uint16) error
	// SetDiacritics replaces the accent table: dead key, letter, result.
	SetDiacritics(list [][3]uint32) error
	// SetString says what a function key types.
	SetString(key uint8, text []byte) error
}

// Screen is the output side of a virtual terminal.
type Screen interface {
	// SetFont takes count glyphs of 32 rows each, whatever the height; a row is a whole number of bytes.
	SetFont(width, height, count int, glyphs []byte) error
	// SetUnicodeMap replaces the table of characters: code point, glyph.
	SetUnicodeMap(pairs [][2]uint16) error
}

// Load gives the virtual terminal in the foreground what the image has for it, and says whether there was anything.
// It may be called again, and must be after another display driver has taken the console over, since the font is the
// driver's. A machine without virtual terminals, or whose display has no fonts, is no fault.
func Load(files fs.FS, open func(path string) (Terminal, error)) (loaded bool, warnings []error) {
	keymap, font, warnings := read(files)
	if keymap == nil && font == nil {
		return false, warnings
	}
	if _, err := fs.Stat(files, foreground); err != nil {
		return false, warnings
	}
	t, err := open("/" + foreground)
	if err != nil {
		return false, append(warnings, fmt.Errorf("keymap and font are not set: %w", err))
	}
	defer t.Close()
	if err := t.SetUnicode(); err != nil {
		warnings = append(warnings, fmt.Errorf("/%s: unicode mode: %w", foreground, err))
	}
	if keymap != nil {
		warnings = append(warnings, keymap.set(t)...)
	}
	if font != nil {
		warnings = append(warnings, font.set(t)...)
	}
	return true, warnings
}

// read reads the image's two files; one that is not there is nil.
func read(files fs.FS) (keymap *Keymap, font *Font, warnings []error) {
	if data, err := fs.ReadFile(files, KeymapFile); err == nil {
		k, err := ParseKeymap(data)
		if err == nil {
			keymap = &k
		} else {
			warnings = append(warnings, fmt.Errorf("/%s: %w", KeymapFile, err))
		}
	}
	if data, err := fs.ReadFile(files, FontFile); err == nil {
		f, err := ParseFont(data)
		if err == nil {
			font = &f
		} else {
			warnings = append(warnings, fmt.Errorf("/%s: %w", FontFile, err))
		}
	}
	return keymap, font, warnings
}

// set loads the keymap. Of keys that the kernel refuses the first is told: the reason is the same for all.
func (k *Keymap) set(t Keyboard) (warnings []error) {
	var first error
	refused := 0
	for _, row := range k.Rows {
		for _, table := range row.Tables {
			for key, value := range row.Values {
				if value == Hole {
					continue
				}
				if err := t.SetKey(table, uint8(key), value); err != nil {
					if refused++; first == nil {
						first = fmt.Errorf("keymap: key %d of table %d: %w", key, table, err)
					}
				}
			}
		}
	}
	if refused > 0 {
		warnings = append(warnings, fmt.Errorf("%d keys refused: %w", refused, first))
	}
	if len(k.Diacritics) == 0 {
		// Without any, the kernel's own accents stay, as loadkeys leaves them.
	} else if err := t.SetDiacritics(k.Diacritics); err != nil {
		warnings = append(warnings, fmt.Errorf("keymap: accents: %w", err))
	}
	for _, s := range k.Strings {
		if err := t.SetString(s.Key, s.Text); err != nil {
			return append(warnings, fmt.Errorf("keymap: string of function key %d: %w", s.Key, err))
		}
	}
	return warnings
}

// set loads the font.
func (f *Font) set(t Screen) []error {
	err := t.SetFont(f.Width, f.Height, f.Count(), f.cells())
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil // no display, or one without fonts: nobody sees it
	case err != nil:
		return []error{fmt.Errorf("font of %d times %d pixels: %w", f.Width, f.Height, err)}
	case len(f.Map) == 0:
		return nil
	}
	if err := t.SetUnicodeMap(f.Map); err != nil {
		return []error{fmt.Errorf("font: table of characters: %w", err)}
	}
	return nil
}
