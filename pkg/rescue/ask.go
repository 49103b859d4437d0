package rescue

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// AskName is the argv[0] by which this program asks for kernel parameters on a console (rd.cmdline=ask).
const AskName = "preroot-ask"

// asked begins the line that answers on RequestFD: what follows are the parameters, and may be nothing.
const asked = "+"

// Ask reads lines of kernel parameters from a terminal, until one that is a dot or the end of input (dracut.cmdline(7), rd.cmdline=ask), and gives the line for
// RequestFD. The terminal edits lines itself. What would be more than a request takes is told and left out.
func Ask(in io.Reader, out io.Writer) string {
	fmt.Fprint(out, "Kernel parameters to add, as many lines as you like; a line with one dot (or Ctrl-D) ends them and goes on:\n> ")
	lines, words := bufio.NewScanner(in), ""
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "." {
			break
		}
		if more := strings.TrimSpace(words + " " + line); len(more) < maxRequest-len(asked)-1 {
			words = more
		} else {
			fmt.Fprintf(out, "That is more than %d bytes in all: this line is left out.\n", maxRequest)
		}
		fmt.Fprint(out, "> ")
	}
	return asked + words
}

// Answer reads the line of Ask; asked is false for every other line.
func Answer(line string) (words string, ok bool) {
	words, ok = strings.CutPrefix(line, asked)
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, words), ok
}
