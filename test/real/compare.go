package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A difference is a fact that preroot's boot tells in another way than both of
// the boots without it. A side that does not tell it at all is "-".
type difference struct{ question, key, theirs, ours string }

// report prints every difference and fails when the system is in another state
// than without preroot.
func report(reference string, ours answers, references []answers, out io.Writer) error {
	list := differences(ours, references)
	question := ""
	for _, d := range list {
		if d.question != question {
			question = d.question
			fmt.Fprintf(out, "-- %s\n", question)
		}
		fmt.Fprintf(out, "%s\n    %16s: %s\n    %16s: %s\n", d.key, reference, d.theirs, "preroot", d.ours)
	}
	fmt.Fprintf(out, "-- %d differences; state: %s; failed units: %s\n", len(list),
		strings.TrimSpace(ours["state"]), strings.TrimSpace(ours["failed"]))
	for _, q := range []string{"state", "failed"} {
		if ours[q] != references[0][q] {
			return fmt.Errorf("%s is %q, and %q without preroot", q, ours[q], references[0][q])
		}
	}
	return nil
}

// differences compares question by question. A fact about which the references
// differ from each other is no difference.
func differences(ours answers, references []answers) []difference {
	var list []difference
	ours = ours.renumber()
	references = slices.Clone(references)
	for i := range references {
		references[i] = references[i].renumber()
	}
	questions := map[string]bool{}
	for _, a := range append(references, ours) {
		for q := range a {
			questions[q] = true
		}
	}
	for _, q := range slices.Sorted(maps.Keys(questions)) {
		if slices.Contains(record, q) {
			continue
		}
		var theirs []facts
		for _, r := range references {
			theirs = append(theirs, factsOf(q, r[q]))
		}
		for _, d := range compareFacts(factsOf(q, ours[q]), theirs) {
			d.question = q
			list = append(list, d)
		}
	}
	return list
}

func compareFacts(ours facts, theirs []facts) []difference {
	keys := map[string]bool{}
	for _, f := range append(theirs, ours) {
		for k := range f {
			keys[k] = true
		}
	}
	var list []difference
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		a := told(theirs[0], k)
		if b := told(ours, k); !alike(a, b) && !slices.ContainsFunc(theirs, func(f facts) bool { return told(f, k) != a }) {
			list = append(list, difference{key: k, theirs: a, ours: b})
		}
	}
	return list
}

// told returns what is told about a key: "-" for nothing, "yes" for a fact
// without a value.
func told(f facts, key string) string {
	switch value, is := f[key]; {
	case !is:
		return "-"
	case value == "":
		return "yes"
	default:
		return value
	}
}

// sortedWords sorts lists in which udev keeps no order.
func sortedWords(key, value string) string {
	separator := " "
	switch key {
	case "DEVLINKS":
	case "TAGS", "CURRENT_TAGS":
		separator = ":"
	default:
		return value
	}
	words := strings.Split(value, separator)
	slices.Sort(words)
	return strings.Join(words, separator)
}

// alike tells whether two values are the same but for numbers that the kernel
// derives from the size of memory: it takes the initrd off first, so they are
// about a hundredth apart.
func alike(a, b string) bool {
	x, y := numbers.FindAllString(a, -1), numbers.FindAllString(b, -1)
	if numbers.ReplaceAllString(a, "") != numbers.ReplaceAllString(b, "") || len(x) != len(y) {
		return false
	}
	for i := range x {
		if !near(x[i], y[i]) {
			return false
		}
	}
	return true
}

func near(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return a == b || errX == nil && errY == nil && x > 4096 && math.Abs(x-y) < x/50
}

var numbers = regexp.MustCompile(`\d+`)
