package faults

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// pages are made of the results; roots in LUKS volumes have one of their own.
var pages = []struct {
	path   string
	locked bool
}{{"../../docs/faults.md", false}, {"../../docs/faults-locked.md", true}}

// tableFiles writes the pages. One that lacks a result is left as it is.
func tableFiles() error {
	for _, p := range pages {
		var results []Result
		for _, name := range machineNames() {
			if _, is := lockedKinds[name]; is == p.locked {
				results = append(results, resultOf(scenario{id: "control", name: name}))
			}
		}
		for _, s := range catalogue() {
			if strings.HasPrefix(s.id, "L") == p.locked {
				results = append(results, resultOf(s))
			}
		}
		if slices.ContainsFunc(results, func(r Result) bool { return r.Commit == "" }) {
			continue
		}
		if err := os.WriteFile(p.path, []byte(table(results)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// resultOf is what is kept of a scenario.
func resultOf(s scenario) Result {
	r, err := readResult(s.String())
	if err != nil {
		r = Result{ID: s.id, Name: s.name, Fault: s.fault, Done: s.done}
	}
	return r
}

// table is the page: what was done to the machine and how it ended, one row a scenario.
func table(results []Result) string {
	var b strings.Builder
	b.WriteString("# What was broken, and how the boot ended\n\n" +
		"Written by `go test ./test/faults -table` from the results of the runs; not edited by hand. Each row is a machine under QEMU that was\n" +
		"broken in one way. A run passes only if it ends in the defined state that is wanted, in time, with its reason in the last line of the kernel log,\n" +
		"without a crash text, an unwanted shell or a changed disk, and, where it boots, from the right root (test/faults/oracle.go). The controls are the same machines, not broken.\n\n")
	passed, ids := 0, map[string]bool{}
	for _, r := range results {
		if r.passed() {
			passed++
		}
		if r.ID != "control" {
			ids[r.ID] = ids[r.ID] || !r.passed()
		}
	}
	good := 0
	for _, failed := range ids {
		if !failed {
			good++
		}
	}
	fmt.Fprintf(&b, "%d of %d faults end in the defined state (%d of %d runs, controls among them).\n\n", good, len(ids), passed, len(results))
	b.WriteString("| id | fault | done to the machine | ended | after | lines | at |\n|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %.1f s | %d | %s |\n", r.title(), cell(r.Fault), cell(r.Done), cell(r.outcome()), r.Seconds, r.Words, r.Commit)
	}
	return b.String()
}

func (r Result) passed() bool { return r.Commit != "" && len(r.Faults) == 0 }

func (r Result) title() string {
	if r.Name == "" {
		return r.ID
	}
	return r.ID + " " + r.Name
}

func (r Result) outcome() string {
	switch {
	case r.Commit == "":
		return "NOT RUN"
	case len(r.Faults) > 0:
		return "**FAILED**: " + strings.Join(r.Faults, "; ")
	case r.End == Booted:
		return string(Booted)
	}
	return string(r.End) + ": " + r.Reason
}

// cell makes text fit into a table.
func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", " ")
}
