package qemu

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

var resultsDir = flag.String("results", "../../build/matrix", "where the whole matrix keeps the result of each cell, and the grid")

// An outcome is what is kept of a cell.
type outcome struct {
	Seconds float64 // from /init to the real init
	Failed  bool
	Absent  string // a driver that the kernel has not
	Report  string // of a boot: its console and how to do it by hand
}

// String is the outcome in a column of the grid.
func (o outcome) String() string {
	switch {
	case o.Absent != "":
		return "no " + o.Absent
	case o.Failed:
		return "FAILED"
	case o.Seconds > 0:
		return fmt.Sprintf("%.2f", o.Seconds)
	}
	return "not yet"
}

func (c cell) file() string {
	name := fmt.Sprintf("%s-%s-%s-%s", c.fs, or(c.table, "bare"), c.bus, c.firmware)
	return filepath.Join(*resultsDir, c.kernel, name)
}

var stamps sync.Map // kernel's name -> func() (string, error)

// stamp stands for all that a result depends on: /init, the builder, the kernel.
func stamp(t *testing.T, k vm.Kernel) string {
	t.Helper()
	once, _ := stamps.LoadOrStore(k.Name, sync.OnceValues(func() (string, error) {
		h := sha256.New()
		fmt.Fprintln(h, k.Version)
		for _, path := range []string{initFor(k.Arch), *builtBuilder} {
			data, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			h.Write(data)
		}
		return fmt.Sprintf("%.8x", h.Sum(nil)), nil
	}))
	s, err := once.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// record keeps an outcome of the whole matrix: one line, then the report.
func (c cell) record(t *testing.T, o outcome) {
	t.Helper()
	if !*wholeMatrix {
		return
	}
	line := fmt.Sprintf("%s %.6f %t %s\n", stamp(t, kernel(t, c.kernel)), o.Seconds, o.Failed, or(o.Absent, "-"))
	err := os.MkdirAll(filepath.Dir(c.file()), 0o755)
	if err == nil {
		err = os.WriteFile(c.file()+".new", []byte(line+o.Report), 0o644)
	}
	if err == nil {
		err = os.Rename(c.file()+".new", c.file())
	}
	if err != nil {
		t.Error(err)
	}
}

// recorded returns the outcome that an earlier run kept, if it is of the same
// programs and kernel.
func (c cell) recorded(t *testing.T) outcome {
	t.Helper()
	text, err := os.ReadFile(c.file())
	if err != nil || !*wholeMatrix {
		return outcome{}
	}
	var o outcome
	var of string
	n, _ := fmt.Sscan(string(text), &of, &o.Seconds, &o.Failed, &o.Absent)
	if n != 4 || of != stamp(t, kernel(t, c.kernel)) {
		return outcome{}
	}
	o.Absent = strings.TrimPrefix(o.Absent, "-")
	return o
}

// printGrid writes what is known of each cell to the file grid.txt.
func printGrid(t *testing.T) {
	var b strings.Builder
	b.WriteString("seconds from /init to the real init, emulated; tables take turns; behind UEFI one file system for each bus\n\n")
	count := map[string]int{}
	for _, name := range matrixKernels {
		k, err := shop.Kernel(name)
		if err != nil {
			fmt.Fprintf(&b, "%s: cannot be had: %v\n\n", name, err)
			count["failed"]++
			continue
		}
		fmt.Fprintln(&b, k)
		printKernel(t, &b, name, count)
	}
	fmt.Fprintf(&b, "%d booted, %d failed, %d without a driver in that kernel, %d not yet\n",
		count["booted"], count["failed"], count["absent"], count["not yet"])
	if err := os.WriteFile(filepath.Join(*resultsDir, "grid.txt"), []byte(b.String()), 0o644); err != nil {
		t.Error(err)
	}
}

// printKernel writes the rows of one kernel and counts the kinds of outcomes.
func printKernel(t *testing.T, b *strings.Builder, name string, count map[string]int) {
	rows := map[string]map[vm.Bus]string{}
	for _, c := range everyCell(t, name, 0) {
		o := c.recorded(t)
		count[o.kind()]++
		row, text := c.fs, o.String()
		if c.firmware == vm.UEFI {
			row, text = "UEFI", c.fs+" "+text
		}
		if rows[row] == nil {
			rows[row] = map[vm.Bus]string{}
		}
		rows[row][c.bus] = text
	}
	fmt.Fprintf(b, "%-10s", "")
	for _, bus := range vm.Buses() {
		fmt.Fprintf(b, "%-19s", bus)
	}
	for _, row := range append(vm.Filesystems(), "UEFI") {
		fmt.Fprintf(b, "\n%-10s", row)
		for _, bus := range vm.Buses() {
			fmt.Fprintf(b, "%-19s", rows[row][bus])
		}
	}
	b.WriteString("\n\n")
}

func (o outcome) kind() string {
	switch {
	case o.Absent != "":
		return "absent"
	case o.Failed:
		return "failed"
	case o.Seconds > 0:
		return "booted"
	}
	return "not yet"
}
