package initrd

import (
	"strings"
	"testing"
)

// allSeen are results of every case, all with the same facts.
func allSeen(column string, facts ...string) (list []Result) {
	for _, c := range Cases() {
		list = append(list, Result{Case: c.Number, Column: column, Facts: facts})
	}
	return list
}

// TestPage: what is the same is not told twice; a difference has the letter of its note; one without, and a case that was not shown, are errors that name it.
func TestPage(t *testing.T) {
	oracle := allSeen("oracle", "root a", "memfree 1000")
	same, explained := allSeen("same", "root a", "memfree 900"), allSeen("explained", "root a", "mount /proc proc proc")
	strange, missing := allSeen("strange", "root b"), allSeen("missing", "root a")[1:]
	text, err := Page([][]Result{oracle, same, explained})
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{"| root | a | same | same |", "+/proc proc proc (a)", "- (a) The file systems", "| memory | 0 | 0 |  |"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	for _, c := range []struct {
		results []Result
		want    string
	}{{strange, `case 3, strange: no note explains "- root a"`}, {missing, "case 0: column 1 has not shown it"}} {
		if _, err := Page([][]Result{oracle, c.results}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// TestResults: what is kept is read again.
func TestResults(t *testing.T) {
	dir := t.TempDir()
	if err := (Result{Case: 7, Column: "oracle", Facts: Facts{"pid 1"}}).Keep(dir); err != nil {
		t.Fatal(err)
	}
	list, err := Results(dir)
	if err != nil || len(list) != 1 || list[0].Case != 7 || list[0].Facts[0] != "pid 1" {
		t.Errorf("%+v, %v", list, err)
	}
}
