package faults

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

var (
	builtInit    = flag.String("init", "../../build/init", "the program that becomes /init")
	builtBuilder = flag.String("preroot", "../../build/preroot", "the builder of images")
	resume       = flag.Bool("resume", false, "pass over what has passed at this commit")
	writeTable   = flag.Bool("table", false, "write docs/faults.md from all results")
	watch        = flag.Bool("watch", false, "show the consoles as they come")
	seededRuns   = flag.Bool("seeded", false, "build and boot the seeded defects")
)

// A scenario is one fault of the catalogue, done to one machine.
type scenario struct {
	id    string // as in the catalogue
	name  string // tells scenarios of one id apart; "" where there is one
	fault string // what is broken
	done  string // what was done to the machine
	on    string // the healthy machine, which is the control

	broken func(r *rig)
	during func(r *rig, m *vm.Machine) error
	want   Want
}

func (s scenario) String() string {
	if s.name == "" {
		return s.id
	}
	return s.id + "-" + s.name
}

// catalogue is every fault that is provoked.
func catalogue() []scenario {
	return slices.Concat(faultsD, faultsR, faultsO, faultsX, faultsS, faultsL)
}

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "preroot-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shop.Dir = dir
	_, _ = commit() // before anybody goes on with the source
	status := m.Run()
	os.RemoveAll(dir)
	if *writeTable {
		if err := tableFiles(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// TestControls boots each machine of the table without a fault.
func TestControls(t *testing.T) {
	for _, name := range machineNames() {
		s := scenario{id: "control", name: name, fault: "none", on: name, want: Want{End: Booted}}
		t.Run(name, func(t *testing.T) { runAndKeep(t, s) })
	}
}

func machineNames() []string {
	var names []string
	for name := range machines {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestFaults does each fault to its machine.
func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range catalogue() {
		if seen[s.String()] || machines[s.on] == nil {
			t.Fatalf("%s: there are two of that name, or there is no machine %q", s, s.on)
		}
		seen[s.String()] = true
		t.Run(s.String(), func(t *testing.T) { runAndKeep(t, s) })
	}
}

// runAndKeep runs a scenario and keeps its result.
func runAndKeep(t *testing.T, s scenario) {
	commit, err := commit()
	if err != nil {
		t.Fatal(err)
	}
	if old, err := readResult(s.String()); *resume && err == nil && old.Commit == commit && len(old.Faults) == 0 {
		t.Logf("has passed at %s", commit)
		return
	}
	v, run := execute(t, s, *builtInit)
	result := Result{
		ID: s.id, Name: s.name, Fault: s.fault, Done: s.done, Commit: commit,
		End: v.End, Reason: v.Reason, Seconds: v.Seconds, Words: v.Words, Faults: v.Faults,
	}
	if err := result.write(s.String()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s after %.1f s: %s", v.End, v.Seconds, v.Reason)
	if len(v.Faults) > 0 {
		t.Fatalf("%s\n%s", strings.Join(v.Faults, "\n"), run.Report())
	}
}

// execute puts the machine together, breaks it, runs it and judges.
func execute(t *testing.T, s scenario, init string) (Verdict, vm.Result) {
	t.Helper()
	r := newRig(t, init)
	machines[s.on](r)
	if s.broken != nil {
		s.broken(r)
	}
	spec := r.build()
	var before []string
	for _, d := range spec.Disks {
		before = append(before, digest(t, d.Path))
	}
	var console io.Writer
	if *watch {
		console = os.Stderr
	}
	m, err := vm.Start(spec, console)
	if err != nil {
		t.Fatal(err)
	}
	var during error
	if s.during != nil {
		during = s.during(r, m)
	}
	held := make(chan bool, 1)
	go attend(m, s.want, strings.Contains(spec.Cmdline, "rd.shell=0"), held)
	result := m.Wait()
	run := Run{Lines: result.Lines, Err: result.Exit, Expired: result.Expired, Silent: r.silent, Leaves: strings.Contains(spec.Cmdline, "console=hvc0"), Root: rootLine(result.Lines)}
	if <-held { // the harness has ended it
		run.Err = nil
	}
	for i, d := range spec.Disks {
		run.Disks = append(run.Disks, DiskState{d.Serial, before[i], digest(t, d.Path), r.may[i]})
	}
	if r.silent {
		run.Root = rootOnDisk(spec.Disks[0].Path)
	}
	v := Judge(s.want, run)
	if during != nil {
		v.fault("what was to be done to the machine could not be done: %v", during)
	}
	return v, result
}

// probe is what is typed where a shell might be.
const probe = "\necho SHELL-$((40+2))\n"

// grace is how long a machine that is held is watched.
const grace = 3 * time.Second

// attend types the probe at a prompt that stays, and where none may open; and ends a machine that is held.
func attend(m *vm.Machine, w Want, never bool, held chan<- bool) {
	defer close(held)
	switch {
	case w.End == Held:
		if _, err := m.Await(endWord + string(Held)); err != nil {
			return
		}
		m.Type(probe)
		time.Sleep(grace)
		held <- true
		m.Kill()
	case w.Stays || w.Until != "":
		if _, err := m.Await(cmp.Or(w.Until, "ROOT at=")); err == nil {
			held <- true
			m.Kill()
		}
	case never:
		if _, err := m.Await("preroot: boot stopped"); err == nil {
			m.Type(probe)
		}
	}
}

func rootLine(lines []string) string {
	for _, l := range lines {
		if strings.HasPrefix(l, "ROOT at=") {
			return l
		}
	}
	return ""
}

// rootOnDisk reads root.c's line from a bare ext4 image.
func rootOnDisk(image string) string {
	out, err := exec.Command("/usr/sbin/debugfs", "-R", "cat /reached", image).Output()
	if err != nil {
		return ""
	}
	return rootLine(strings.Split(string(out), "\n"))
}

// resultDir holds a file for each scenario.
const resultDir = "../../build/faults"

// A Result is how a scenario ended.
type Result struct {
	ID, Name, Fault, Done string
	Commit                string
	End                   End
	Reason                string
	Seconds               float64
	Words                 int
	Faults                []string
}

func (r Result) write(name string) error {
	if err := os.MkdirAll(resultDir, 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(resultDir, name+".json"), append(data, '\n'), 0o644)
}

func readResult(name string) (r Result, err error) {
	data, err := os.ReadFile(filepath.Join(resultDir, name+".json"))
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	return r, err
}

// commit names the product when the runs begin: the last commit that touched it. One with changes is no commit, and its results are
// never taken over.
var commit = sync.OnceValues(func() (string, error) {
	product := []string{"--", "../../cmd", "../../pkg", "../../internal", "../../go.mod"}
	id, err := exec.Command("git", append([]string{"log", "-1", "--format=%h", "--abbrev=12"}, product...)...).Output()
	changed, err2 := exec.Command("git", append([]string{"status", "--porcelain"}, product...)...).Output()
	name := strings.TrimSpace(string(id))
	if len(changed) > 0 {
		name += fmt.Sprintf("+%d", time.Now().Unix())
	}
	return name, errors.Join(err, err2)
})
