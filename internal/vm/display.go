package vm

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/vconsole"
)

// WithScreen gives the machine a VGA display, which nobody shows: it is seen
// by Screendump and ScreenText.
func (s Spec) WithScreen() Spec {
	s.Extra = append(slices.Clone(s.Extra), "-device", "VGA")
	return s
}

// usbKeyboard is the keyboard's device, as -device and device_add take it.
const usbKeyboard = "usb-kbd,id=keyboard,bus=usb.0"

// WithUSBKeyboard gives the machine a USB keyboard and takes its PS/2 one
// away. A late keyboard is left out until Machine.PlugKeyboard.
func (s Spec) WithUSBKeyboard(late bool) Spec {
	s.Extra = append(slices.Clone(s.Extra), "-machine", "pc,i8042=off", "-device", "qemu-xhci,id=usb")
	if !late {
		s.Extra = append(s.Extra, "-device", usbKeyboard)
	}
	return s
}

// PlugKeyboard plugs the keyboard in that WithUSBKeyboard left out.
func (m *Machine) PlugKeyboard() error { return m.deviceAdd(usbKeyboard) }

// Press presses keys one after the other: QEMU's names of the keys of a
// keyboard of the United States, such as "a", "ret" or "bracket_left"; keys
// that are pressed together are joined by a hyphen ("shift-minus").
func (m *Machine) Press(keys ...string) error {
	for _, k := range keys {
		if err := m.SendKey(strings.Split(k, "-")...); err != nil {
			return err
		}
		// The keys are pressed for 100 ms; the next must not come before.
		time.Sleep(120 * time.Millisecond)
	}
	return nil
}

// Screendump writes what the display shows as a PNG file.
func (m *Machine) Screendump(path string) error {
	img, err := m.screen()
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return png.Encode(f, img)
}

// screen asks for what the display shows.
func (m *Machine) screen() (*image.Gray, error) {
	file := filepath.Join(m.dir, "screen.ppm")
	if err := m.QMP("screendump", map[string]any{"filename": file}); err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readPPM(f)
}

// readPPM reads the binary form of ppm(5) with one byte a sample, in grey.
func readPPM(f io.Reader) (*image.Gray, error) {
	in := bufio.NewReader(f)
	var w, h, depth int
	if _, err := fmt.Fscanf(in, "P6\n%d %d\n%d\n", &w, &h, &depth); err != nil || depth != 255 || w < 1 || h < 1 || w > 1<<14 || h > 1<<14 {
		return nil, fmt.Errorf("no PPM screen: %d times %d, depth %d: %w", w, h, depth, err)
	}
	img, line := image.NewGray(image.Rect(0, 0, w, h)), make([]byte, 3*w)
	for y := range h {
		if _, err := io.ReadFull(in, line); err != nil {
			return nil, err
		}
		for x := range w {
			img.SetGray(x, y, color.GrayModel.Convert(color.RGBA{line[3*x], line[3*x+1], line[3*x+2], 255}).(color.Gray))
		}
	}
	return img, nil
}

// ScreenText reads the display of a machine whose console has this font: one
// string a line, without blanks at its end. A cell that shows no glyph of the
// font, such as that of the cursor, is U+FFFD.
func (m *Machine) ScreenText(f vconsole.Font) ([]string, error) {
	img, err := m.screen()
	if err != nil {
		return nil, err
	}
	return readText(img, f), nil
}

// AwaitScreen waits until the display is as wanted, for at most limit, and
// returns its lines.
func (m *Machine) AwaitScreen(f vconsole.Font, is func(lines []string) bool, limit time.Duration) ([]string, error) {
	for end := time.Now().Add(limit); ; {
		lines, err := m.ScreenText(f)
		switch {
		case err != nil:
			return nil, err
		case is(lines):
			return lines, nil
		case time.Now().After(end):
			return lines, fmt.Errorf("what is wanted is not on the display after %v", limit)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// vgaTextWidth is the width of a VGA text screen of 80 columns: its cells are
// a pixel wider than the glyphs.
const vgaTextWidth = 720

func readText(img *image.Gray, f vconsole.Font) (lines []string) {
	glyphs := charactersOf(f)
	cell := f.Width
	if img.Rect.Dx() == vgaTextWidth {
		cell = 9
	}
	for y := 0; y+f.Height <= img.Rect.Dy(); y += f.Height {
		var line strings.Builder
		for x := 0; x+cell <= img.Rect.Dx(); x += cell {
			r, ok := glyphs[string(cutGlyph(img, x, y, f))]
			if !ok {
				r = '\ufffd'
			}
			line.WriteRune(r)
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return lines
}

// charactersOf maps glyphs to characters; of several with one glyph the first
// in the font's table is taken, which is ASCII where there is one.
func charactersOf(f vconsole.Font) map[string]rune {
	glyphs := map[string]rune{}
	size := len(f.Glyphs) / f.Count()
	for _, p := range f.Map {
		g := string(f.Glyphs[int(p[1])*size : (int(p[1])+1)*size])
		if old, there := glyphs[g]; !there || rune(p[0]) < old && p[0] >= ' ' {
			glyphs[g] = rune(p[0])
		}
	}
	return glyphs
}

// cutGlyph cuts a glyph out of the display, in the form of the font.
func cutGlyph(img *image.Gray, x, y int, f vconsole.Font) []byte {
	stride := (f.Width + 7) / 8
	g := make([]byte, stride*f.Height)
	for row := range f.Height {
		for col := range f.Width {
			if img.GrayAt(x+col, y+row).Y > 64 {
				g[row*stride+col/8] |= 0x80 >> (col % 8)
			}
		}
	}
	return g
}
