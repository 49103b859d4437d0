package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// by says what found the defect.
func (f *found) by() string {
	switch {
	case !f.Found:
		return "nothing"
	case f.Seed != "":
		return "seed"
	}
	return fmt.Sprintf("%.1f s, %d executions", f.Seconds, f.Executions)
}

// writeTable writes a row for each target.
func writeTable(out io.Writer, results []result) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "target\texecutions\tblocks\tcrashes\tdefect found by\tdefect")
	for i := range results {
		one := &results[i]
		fmt.Fprintf(w, "%s\t%d\t%d of %d\t%d\t%s\t%s\n", one.Target, one.Executions, one.Reached, one.Blocks, one.crashes(), one.Defect.by(), one.Defect.What)
	}
	w.Flush()
}

// crashes counts: the first one ends a run.
func (r *result) crashes() int {
	if r.Crash != "" {
		return 1
	}
	return 0
}

// judge says what is wrong with the results.
func judge(results []result) error {
	var lines []string
	for i := range results {
		if bad := results[i].bad(); bad != "" {
			lines = append(lines, results[i].Target+": "+bad)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d targets are not as they must be\n%s", len(lines), len(results), strings.Join(lines, "\n"))
}

const preface = `# Fuzz targets

Written by ` + "`make fuzz FUZZ=-table`" + `. Every fuzz target of the tree ran for %v, from its own seeds; together they made %d executions.

- *Blocks reached* are the coverage blocks of the target's own package that the inputs reach which the run found, of all blocks of the
  package. A package has more than one target is for.
- *Seeded defect* is what is wrong in a copy of the package; the target must find it, again from its own seeds alone. *Found by* tells the
  time and the executions that this took, or "seed" where one of the seeds shows it. ` + "`test/fuzz/defects.go`" + ` has the defects; a target
  without one fails ` + "`make test`" + `.

| target | executions | blocks reached | crashes | seeded defect | found by |
|---|---|---|---|---|---|
`

// document is docs/fuzz.md; each is how long a target ran.
func document(results []result, each time.Duration) []byte {
	var b bytes.Buffer
	var sum int64
	for _, one := range results {
		sum += one.Executions
	}
	fmt.Fprintf(&b, preface, each, sum)
	for i := range results {
		one := &results[i]
		fmt.Fprintf(&b, "| %s | %d | %d of %d | %d | %s | %s |\n", one.Target, one.Executions, one.Reached, one.Blocks, one.crashes(),
			strings.ReplaceAll(one.Defect.What, "|", `\|`), one.Defect.by())
	}
	return b.Bytes()
}
