package unpack

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

const usage = `usage: unpack FILE DEVICE                    unpack FILE onto a block device, or a file as large as one
       unpack --size [--limit BYTES] FILE    print how many bytes FILE unpacks to (more than BYTES are an error; default 4 GiB)
`

// defaultLimit bounds --size, in bytes: no RAM disk is larger.
const defaultLimit = 4 << 30

// Command is the program unpack with these arguments. Its status is 0, or 1
// with one line on stderr, or 2 for arguments that make no sense.
func Command(args []string, stdout, stderr io.Writer) int {
	size, limit := false, int64(defaultLimit)
	for len(args) > 0 && strings.HasPrefix(args[0], "--") {
		word := args[0]
		args = args[1:]
		if word == "--" {
			break
		}
		value, inline := strings.CutPrefix(word, "--limit=")
		switch {
		case word == "--size":
			size = true
			continue
		case word == "--limit" && len(args) > 0:
			value, args = args[0], args[1:]
		case !inline:
			return misuse(stderr, fmt.Sprintf("%q is no option", word))
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return misuse(stderr, fmt.Sprintf("--limit %q: write a number of bytes", value))
		}
		limit = n
	}
	switch {
	case size && len(args) == 1:
		return done(stderr, printSize(stdout, args[0], limit))
	case !size && len(args) == 2:
		_, err := Device(args[0], args[1])
		return done(stderr, err)
	}
	return misuse(stderr, fmt.Sprintf("%d words are not what it takes", len(args)))
}

func printSize(w io.Writer, file string, limit int64) error {
	n, err := Size(file, limit)
	if err == nil {
		_, err = fmt.Fprintln(w, n)
	}
	return err
}

func done(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(w, "unpack:", strings.ReplaceAll(err.Error(), "\n", " "))
	return 1
}

func misuse(w io.Writer, what string) int {
	fmt.Fprintf(w, "unpack: %s\n%s", what, usage)
	return 2
}
