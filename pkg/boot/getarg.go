package boot

import (
	"fmt"
	"os"

	"github.com/preroot/preroot/pkg/cmdline"
)

// Getarg is the program dracut-getarg, which dracut's shell function getarg calls: its one argument is KEY, KEY= or KEY=VALUE, the command
// line is the variable CMDLINE. It returns an exit status. All versions of dracut (059 to 112) have the same program.
func Getarg(args []string) int {
	p, ok := searched("dracut-getarg <KEY>[=[<VALUE>]]", args)
	if !ok {
		return 1
	}
	value, printed, ok := p.Lookup(args[0])
	if printed && ok {
		fmt.Println(value)
	}
	return status(ok)
}

// Getargs is the program dracut-getargs: it prints every value, one a line.
func Getargs(args []string) int {
	p, ok := searched("dracut-getargs <KEY>[=]", args)
	if !ok {
		return 1
	}
	lines := p.LookupAll(args[0])
	for _, l := range lines {
		fmt.Println(l)
	}
	return status(len(lines) > 0)
}

// searched is the command line to search, if the call is right.
func searched(usage string, args []string) (cmdline.Params, bool) {
	text, set := os.LookupEnv("CMDLINE")
	wrong := ""
	switch {
	case !set:
		wrong = "CMDLINE env not set"
	case len(args) != 1:
		wrong = "Number of arguments invalid"
	case args[0] == "" || args[0][0] == '=':
		wrong = "search key undefined"
	}
	if wrong != "" {
		fmt.Fprintf(os.Stderr, "ERROR: %s\nUsage: %s\n", wrong, usage)
		return cmdline.Params{}, false
	}
	return cmdline.Of(cmdline.Split(text)), true
}

func status(ok bool) int {
	if ok {
		return 0
	}
	return 1
}
