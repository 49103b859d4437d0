package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/test/trials"
)

// fourEnds are the words of the last line.
var fourEnds = []string{"BOOTED", "REBOOTED", "POWERED OFF", "HELD"}

// spoken judges a machine by its console: one end of the four, no crash, no limit.
func spoken(r vm.Result, err error) trials.Result {
	ends := endings(r.Lines)
	one := trials.Result{End: strings.Join(ends, " and "), Figures: map[string]float64{}, Log: append(r.Lines, "by hand: "+r.Spec.Shell())}
	if err == nil {
		err = r.Err()
	}
	switch {
	case err != nil:
		one.Bad = err.Error()
	case len(ends) == 0:
		one.End, one.Bad = "none", "neither booted nor ended with a reason"
	case len(ends) > 1 || !slices.Contains(fourEnds, ends[0]):
		one.Bad = "not one end of the four"
	}
	if starts := strings.Count(strings.Join(r.Lines, "\n"), "preroot: the engine ended"); starts > 0 {
		one.End += fmt.Sprintf(" after %d engines ended", starts)
	}
	return one
}

func endings(lines []string) []string {
	var list []string
	for _, l := range lines {
		if _, text, ok := strings.Cut(l, "preroot: end: "); ok {
			word, _, _ := strings.Cut(text, ":")
			list = append(list, word)
		}
		if strings.HasPrefix(l, "BENCH init_s=") {
			list = append(list, "BOOTED")
		}
	}
	return list
}

// silent judges a machine that says nothing: it ends by itself, and the mark of the real init is in its disk or not.
func silent(r vm.Result, err error, disk string, wantRoot bool) trials.Result {
	one := trials.Result{End: "ended without root", Figures: map[string]float64{}, Log: append(r.Lines, "by hand: "+r.Spec.Shell())}
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		one.Bad = err.Error()
		return one
	}
	reached, err := vm.FileInRoot(disk, "/reached")
	if err != nil {
		one.Bad = err.Error()
	}
	if reached {
		one.End = "BOOTED"
	}
	if one.Bad == "" && reached != wantRoot {
		one.Bad = fmt.Sprintf("root was reached: %t, wanted %t", reached, wantRoot)
	}
	return one
}
