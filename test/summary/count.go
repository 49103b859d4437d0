package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An event is one line of go test -json (go doc test2json).
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// A count is the result of one or more runs.
type count struct {
	Passed  []string
	Skipped []string
	Failed  map[string]string // name -> output

	running map[string]bool
	output  map[string]*strings.Builder
}

func newCount() *count {
	return &count{Failed: map[string]string{}, running: map[string]bool{}, output: map[string]*strings.Builder{}}
}

func (e event) name() string {
	if e.Package == "" {
		return e.ImportPath
	}
	return strings.TrimSuffix(e.Package+" "+e.Test, " ")
}

// add takes one event. A package has no result of its own, unless it fails
// and no test of it did: a build that failed, a crash, a timeout.
func (c *count) add(e event) {
	name := e.name()
	switch e.Action {
	case "run":
		c.running[name] = true
	case "output", "build-output":
		if c.output[name] == nil {
			c.output[name] = &strings.Builder{}
		}
		c.output[name].WriteString(e.Output)
	case "pass", "skip", "fail":
		delete(c.running, name)
		c.end(e, name)
	}
}

func (c *count) end(e event, name string) {
	switch {
	case e.Test == "" && e.Action == "fail":
		c.packageFailed(e, name)
	case e.Test == "":
	case e.Action == "pass":
		c.Passed = append(c.Passed, name)
	case e.Action == "skip":
		c.Skipped = append(c.Skipped, name)
	default:
		c.fail(name)
	}
}

func (c *count) packageFailed(e event, name string) {
	for test := range c.running {
		if strings.HasPrefix(test, e.Package+" ") {
			c.fail(test)
			delete(c.running, test)
		}
	}
	for test := range c.Failed {
		if strings.HasPrefix(test, e.Package+" ") {
			return
		}
	}
	c.fail(name)
}

func (c *count) fail(name string) {
	text := ""
	if b := c.output[name]; b != nil {
		text = b.String()
	}
	c.Failed[name] = text
}

// note records that a whole run failed, if no test of it says so.
func (c *count) note(name string, failure error) {
	if len(c.Failed) == 0 {
		c.Failed[name] = failure.Error() + "\n"
	}
}

func (c *count) save(path string) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// load adds a saved count.
func (c *count) load(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var more count
	if err := json.Unmarshal(data, &more); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	c.Passed = append(c.Passed, more.Passed...)
	c.Skipped = append(c.Skipped, more.Skipped...)
	for name, text := range more.Failed {
		c.Failed[name] = text
	}
	return nil
}

func (c *count) printFailures(out io.Writer) {
	var names []string
	for name := range c.Failed {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(out, "\n--- FAILED: %s\n%s", name, c.Failed[name])
	}
	for _, name := range c.Skipped {
		fmt.Fprintf(out, "\n--- SKIPPED: %s\n", name)
	}
}
