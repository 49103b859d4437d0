package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/preroot/preroot/test/initrd"
)

// TestChoose: numbers in the order that they are given in, all without one, and one that is nobody's by name.
func TestChoose(t *testing.T) {
	all := initrd.Cases()
	for _, c := range []struct {
		words string
		want  []int
		err   string
	}{
		{"3 1", []int{3, 1}, ""},
		{"07", []int{7}, ""},
		{"99", nil, `"99"`},
		{"-1", nil, `"-1"`},
		{"two", nil, `"two"`},
	} {
		chosen, err := choose(all, strings.Fields(c.words))
		var got []int
		for _, one := range chosen {
			got = append(got, one.Number)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.words, diff)
		}
		if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v", c.words, err)
		}
	}
	if chosen, err := choose(all, nil); len(chosen) != len(all) || err != nil {
		t.Errorf("without a number: %d cases, %v", len(chosen), err)
	}
}

// TestBadWords: each ends with a line that names the word, and boots nothing.
func TestBadWords(t *testing.T) {
	for _, c := range []struct {
		words  string
		status int
		says   string
	}{
		{"-column nobody", 1, `"nobody"`},
		{"-column preroot-2.4", 1, `"2.4"`},
		{"-list 77", 1, `"77"`},
		{"-no-such-word", 2, "no-such-word"},
	} {
		var out, errs strings.Builder
		if got := run(strings.Fields(c.words), &out, &errs); got != c.status || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: %d, %q", c.words, got, errs.String())
		}
	}
}
