package boot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCopyLines(t *testing.T) {
	long := strings.Repeat("x", maxLine+10)
	for _, tt := range []struct {
		in   string
		ends bool
		want []string
	}{
		{"a\n  b \t\n\nc", false, []string{"a", "b", "", "c"}},
		{"a\nDRACUT_LOG_END\nb\n", true, []string{"a"}},
		{"DRACUT_LOG_END", true, nil},
		{`back\slash` + "\n", false, []string{`back\slash`}},
		{long + "\nend\n", false, []string{long[:maxLine], long[maxLine:], "end"}},
	} {
		var kernel []string
		var log, console strings.Builder
		ends := copyLines(strings.NewReader(tt.in), func(l string) { kernel = append(kernel, l) }, &log, &console)
		if diff := cmp.Diff(tt.want, kernel); diff != "" || ends != tt.ends {
			t.Errorf("%.40q: ends %v\n%.500s", tt.in, ends, diff)
		}
		wantLog, wantConsole := "", ""
		for _, l := range tt.want {
			wantLog += l + "\n"
			wantConsole += "dracut: " + l + "\n"
		}
		if log.String() != wantLog || console.String() != wantConsole {
			t.Errorf("%.40q: log %.80q, console %.80q", tt.in, log.String(), console.String())
		}
	}
}
