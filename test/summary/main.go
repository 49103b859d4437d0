// Command summary runs the steps of make test, keeps their results in a
// folder, and sums them up.
//
//	summary -dir DIR check NAME COMMAND...    one result, by the exit status
//	summary -dir DIR gotest NAME COMMAND...   a go test -json: one result a test
//	summary -dir DIR total                    failures in full, then the sum
//
// A step that fails leaves its record and exit status 0, so that the steps
// after it run too; total exits 1 if anything failed or was skipped.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	f := flag.NewFlagSet("summary", flag.ContinueOnError)
	f.SetOutput(errs)
	dir := f.String("dir", "build/test", "folder for the results")
	if err := f.Parse(args); err != nil {
		return 2
	}
	args = f.Args()
	var err error
	switch {
	case len(args) > 2 && args[0] == "check":
		err = check(*dir, args[1], args[2:], out)
	case len(args) > 2 && args[0] == "gotest":
		err = gotest(*dir, args[1], args[2:], out)
	case len(args) == 1 && args[0] == "total":
		return total(*dir, out, errs)
	default:
		err = fmt.Errorf("write: check NAME COMMAND..., gotest NAME COMMAND... or total")
	}
	if err != nil {
		fmt.Fprintf(errs, "summary: %v\n", err)
		return 2
	}
	return 0
}

// check runs a command and records it as one test.
func check(dir, name string, command []string, out io.Writer) error {
	fmt.Fprintf(out, "== %s\n", name)
	text, failure := exec.Command(command[0], command[1:]...).CombinedOutput()
	c := newCount()
	c.add(event{Action: "run", Package: "check", Test: name})
	c.add(event{Action: "output", Package: "check", Test: name, Output: string(text)})
	action := "pass"
	if failure != nil {
		action = "fail"
		fmt.Fprintf(out, "%s%s: %v\n", text, name, failure)
		c.add(event{Action: "output", Package: "check", Test: name, Output: failure.Error() + "\n"})
	}
	c.add(event{Action: action, Package: "check", Test: name})
	return c.save(filepath.Join(dir, name+".json"))
}

// gotest runs a go test -json and follows its events.
func gotest(dir, name string, command []string, out io.Writer) error {
	fmt.Fprintf(out, "== %s\n", name)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c := newCount()
	c.read(pipe, out)
	failure := cmd.Wait()
	if failure == nil && len(c.Passed) == 0 {
		failure = errors.New("no test ran")
	}
	if failure != nil {
		c.note(name, failure)
	}
	return c.save(filepath.Join(dir, name+".json"))
}

// read takes the events of a run and shows those of whole packages and of
// slow or failed tests.
func (c *count) read(in io.Reader, out io.Writer) {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil && e.Action != "" {
			c.add(e)
			e.show(out)
		} else if len(line) > 0 {
			c.add(event{Action: "output", Output: string(line)})
			out.Write(line)
		}
		if err != nil {
			return
		}
	}
}

// slow is what a reader of the log may want to know about.
const slow = 5 * time.Second

func (e event) show(out io.Writer) {
	took := time.Duration(e.Elapsed * float64(time.Second))
	switch {
	case e.Action == "build-output":
		fmt.Fprint(out, e.Output)
	case e.Action != "pass" && e.Action != "fail" && e.Action != "skip":
	case e.Test == "" && e.Action != "skip", e.Test != "" && (e.Action != "pass" || took >= slow):
		fmt.Fprintf(out, "%-4s %6.1f s  %s %s\n", e.Action, e.Elapsed, e.Package, e.Test)
	}
}

// total prints what failed, then the sum alone on the last line.
func total(dir string, out, errs io.Writer) int {
	files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	sum := newCount()
	for _, f := range files {
		if err := sum.load(f); err != nil {
			fmt.Fprintf(errs, "summary: %v\n", err)
			return 2
		}
	}
	sum.printFailures(out)
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", len(sum.Passed), len(sum.Failed), len(sum.Skipped))
	if len(sum.Passed) == 0 || len(sum.Failed)+len(sum.Skipped) > 0 {
		return 1
	}
	return 0
}
