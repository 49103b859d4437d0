package main

import (
	"errors"
	"flag"
)

// parseAnywhere parses options before, between and after the other words, as dracut takes them.
func parseAnywhere(f *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		left := f.Args()
		if len(left) == 0 {
			return rest, nil
		}
		if stopped := len(args) - len(left) - 1; stopped >= 0 && args[stopped] == "--" {
			return append(rest, left...), nil
		}
		rest, args = append(rest, left[0]), left[1:]
	}
}

// joinIncludes makes one argument of the three words "--include SRC DST", dracut's form, which package flag does not
// know. A NUL parts the two: no argument can hold one.
func joinIncludes(args []string) (out []string, err error) {
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--":
			return append(out, args[i:]...), nil
		case a != "--include" && a != "-include":
			out = append(out, a)
		case i+2 >= len(args):
			return nil, errors.New("--include takes two words: --include SRC DST")
		default:
			out = append(out, "--include="+args[i+1]+"\x00"+args[i+2])
			i += 2
		}
	}
	return out, nil
}
