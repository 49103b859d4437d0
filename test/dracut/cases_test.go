package dracut

import (
	"math/rand/v2"
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
)

// sourceNames are the four kinds of source in dracut's order, one file of each.
var sourceNames = [4]string{"/etc/cmdline.d/10-a.conf", "/etc/cmdline", "/proc/cmdline", "/run/initramfs/cmdline.d/a.conf"}

// testCase is one generated command line, spread over four files, and what is asked about it.
type testCase struct {
	texts     [4]string
	questions []question
}

// question is one call of a shell function.
type question struct {
	function string // getarg, getargs, getargbool, getargnum
	args     []string
}

// shell is the call as shell text; getargnum may end its shell, so it gets one of its own.
func (q question) shell() string {
	call := q.function
	for _, a := range q.args {
		call += " " + quote(a)
	}
	if q.function == "getargnum" {
		return "(" + call + ")"
	}
	return call
}

func (c testCase) sources() []cmdline.Source {
	var s []cmdline.Source
	for i, text := range c.texts {
		s = append(s, cmdline.Source{Name: sourceNames[i], Text: text})
	}
	return s
}

// oldText is the text that the versions before 107 would search, the lines of the fourth file, which they
// do not know, put behind those of /proc/cmdline. No blank follows the last line.
func (c testCase) oldText() string {
	return shellLines(c.texts[0]) + " " + shellLines(c.texts[1]) + " " + shellLines(c.texts[2]) + shellLines(c.texts[3])
}

// shellLines is what getcmdline's loop of `read -r` makes of a file.
func shellLines(text string) string {
	all := ""
	for line := range strings.Lines(text) {
		trimmed := strings.Trim(line, " \t\n")
		if strings.HasSuffix(line, "\n") || trimmed != "" {
			all += " " + trimmed
		}
	}
	return all
}

// loneQuote reports whether the last word of a text is a single quote: the versions before 107 read before
// the beginning of an empty string there, and die.
func loneQuote(text string) bool {
	rest, ok := strings.CutSuffix(text, `"`)
	if !ok {
		return false
	}
	before := cmdline.Split(rest)
	all := cmdline.Split(text)
	return len(all) == len(before)+1 && all[len(all)-1].String() == ""
}

// pieces is the alphabet of the tokeniser, the likely pieces more than once.
var pieces = strings.Split(`a|a|a|b|b|a-b|a_b|rd.x|rd.x|=|=|=|=|=|"|"|"|"| | | | |  |`+
	"\t|\n|\v|\f|\r|\xa0|--|-|_|\\|\\\"|'|$a|`|*|#|;|é|\x80|\xff|0|1|no|off|10|07|08|99999999999999999999|0x1|v|v", "|")

var (
	keys   = []string{"a", "a", "b", "a-b", "a_b", "rd.x", "v", `a"`, "--", "é", "=a", ""}
	values = []string{"", "", "0", "1", "v", "no", `"`, "a", " ", "b=v"}
)

// generate makes the case with this number: the same one always.
func generate(number int) testCase {
	r := rand.New(rand.NewPCG(112, uint64(number)))
	var c testCase
	for i := range c.texts {
		if r.IntN(3) > 0 {
			c.texts[i] = text(r, r.IntN(14))
		}
	}
	c.questions = []question{ask(r)}
	return c
}

func text(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(pick(r, pieces))
		if r.IntN(4) == 0 {
			b.WriteString(" " + pick(r, keys) + "=" + pick(r, pieces))
		}
	}
	if r.IntN(2) == 0 {
		b.WriteByte('\n')
	}
	return b.String()
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

func ask(r *rand.Rand) question {
	switch r.IntN(4) {
	case 0:
		return question{"getarg", options(r)}
	case 1:
		return question{"getargbool", append([]string{pick(r, []string{"0", "1"})}, options(r)...)}
	case 2:
		args := []string{asked(r)}
		for r.IntN(3) == 0 {
			if r.IntN(2) == 0 {
				args = append(args, "-d")
			}
			args = append(args, asked(r))
		}
		return question{"getargs", args}
	}
	bounds := [][]string{{"5", "0", "100"}, {"7", "7", "9"}, {"1", "0", "9223372036854775807"}}
	arg := pick(r, keys[:6]) + pick(r, []string{"", "="})
	return question{"getargnum", append(append([]string{}, bounds[r.IntN(3)]...), arg)}
}

// asked is k, k= or k=v.
func asked(r *rand.Rand) string {
	switch r.IntN(3) {
	case 0:
		return pick(r, keys)
	case 1:
		return pick(r, keys) + "="
	}
	return pick(r, keys) + "=" + pick(r, values)
}

// options are names for getarg with its options -d, -y and -n.
func options(r *rand.Rand) []string {
	var args []string
	for {
		if r.IntN(3) == 0 {
			args = append(args, "-d")
		}
		switch r.IntN(5) {
		case 0:
			args = append(args, "-y")
		case 1:
			args = append(args, "-n")
		}
		args = append(args, asked(r))
		if r.IntN(2) == 0 {
			return args
		}
	}
}
