package vm

import (
	"bytes"
	"fmt"
	"image/color"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/pkg/vconsole"
)

// tiny is a font of two rows: a blank, a letter that has two characters, and one more.
var tiny = vconsole.Font{
	Width: 8, Height: 2, Glyphs: []byte{0, 0, 0xc3, 0x81, 0x18, 0xff},
	Map: [][2]uint16{{' ', 0}, {0x391, 1}, {'A', 1}, {'ü', 2}},
}

// ppmOf draws lines of glyph numbers as QEMU dumps a screen.
func ppmOf(width, cell int, lines ...[]int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "P6\n%d %d\n255\n", width, len(lines)*tiny.Height)
	for _, line := range lines {
		for row := range tiny.Height {
			for x := range width {
				v := byte(0)
				if n, col := x/cell, x%cell; n < len(line) && col < 8 && tiny.Glyphs[line[n]*2+row]&(0x80>>col) != 0 {
					v = 0xaa
				}
				b.Write([]byte{v, v, v})
			}
		}
	}
	return b.Bytes()
}

// TestReadText reads a frame buffer, and a text screen, whose cells are nine pixels wide.
func TestReadText(t *testing.T) {
	for width, cell := range map[int]int{64: 8, vgaTextWidth: 9} {
		img, err := readPPM(bytes.NewReader(ppmOf(width, cell, []int{1, 0, 2}, nil, []int{2})))
		if err != nil {
			t.Fatal(err)
		}
		img.SetGray(cell, 2*tiny.Height, color.Gray{Y: 255}) // no glyph is like that
		if diff := cmp.Diff([]string{"A ü", "", "ü\ufffd"}, readText(img, tiny)); diff != "" {
			t.Errorf("%d pixels (-want +got):\n%s", width, diff)
		}
	}
}

func TestReadPPMErrors(t *testing.T) {
	good := ppmOf(64, 8, []int{1})
	for _, bad := range [][]byte{nil, good[:len(good)-1], []byte("P5\n1 1\n255\nx"), []byte("P6\n1 1\n65535\nxxxxxx"), []byte("P6\n99999 1\n255\n")} {
		if _, err := readPPM(bytes.NewReader(bad)); err == nil {
			t.Errorf("%.20q is no error", bad)
		}
	}
}
