package rescue

import (
	"strings"
	"testing"
)

func TestAsk(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for in, want := range map[string]string{
		"root=/dev/vda1 ro\n rd.debug \n.\nquiet\n": "root=/dev/vda1 ro rd.debug",
		"one\ntwo":                             "one two",
		"a=\"b  c\"\n\n.\n":                    "a=\"b  c\"",
		".\n":                                  "",
		"":                                     "",
		"..\n.\n":                              "..",
		"a\x1bb\x00\n.\n":                      "a b ",
		long + "\n" + long + "\nx\n.\n":        long + " x",
		"first\n" + strings.Repeat("y", 70000): "first",
	} {
		var out strings.Builder
		line := Ask(strings.NewReader(in), &out)
		if words, ok := Answer(line); words != want || !ok || len(line) >= maxRequest || strings.Contains(line, "\n") {
			t.Errorf("%.40q: %.60q", in, words)
		}
		if told := strings.Contains(out.String(), "left out"); told != (len(in) > 5000 && len(in) < 10000) {
			t.Errorf("%.40q: %s", in, &out)
		}
	}
	for _, line := range []string{"", "exit", "root=x"} {
		if _, ok := Answer(line); ok {
			t.Errorf("%q is taken for an answer", line)
		}
	}
}
