package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// result is what is kept of a target, one file each.
type result struct {
	Target     string  `json:"target"`
	Key        string  `json:"key"`     // what was tested; see tree.key
	Seconds    float64 `json:"seconds"` // of the clean run
	Executions int64   `json:"executions"`
	Corpus     int     `json:"corpus"`          // inputs, the seeds included
	Reached    int     `json:"reached"`         // blocks of the package that they reach,
	Blocks     int     `json:"blocks"`          // of so many
	Crash      string  `json:"crash,omitempty"` // what an input broke
	Defect     found   `json:"defect"`
	Fault      string  `json:"fault,omitempty"` // why there is no result
}

// found says how the seeded defect was found.
type found struct {
	What       string  `json:"what"`
	Found      bool    `json:"found"`
	Seed       string  `json:"seed,omitempty"` // the seed that found it
	Seconds    float64 `json:"seconds"`
	Executions int64   `json:"executions"`
	Fault      string  `json:"fault,omitempty"` // what the target said
}

// bad says what is wrong with a result, "" for nothing.
func (r *result) bad() string {
	switch {
	case r.Crash != "":
		return "crash: " + r.Crash
	case r.Fault != "":
		return r.Fault
	case !r.Defect.Found:
		return "the seeded defect was not found: " + r.Defect.What
	}
	return ""
}

// runner runs targets one after the other.
type runner struct {
	time, limit time.Duration
	jobs        int
	dir         string
	out         io.Writer

	tree tree
	work string // binaries, corpora and profiles
}

// all gives the results of the targets, of those that were run when ctx is done.
func (r *runner) all(ctx context.Context, targets []target) (results []result, err error) {
	r.work = filepath.Join(r.dir, "work")
	defer os.RemoveAll(r.work)
	if r.tree, err = copyTree(".", filepath.Join(r.work, "tree")); err != nil {
		return nil, err
	}
	for _, t := range targets {
		one, err := r.one(ctx, t)
		if err != nil {
			return results, fmt.Errorf("%s: %w", t.id(), err)
		}
		if ctx.Err() != nil {
			return results, errors.New("stopped; the next run goes on from here")
		}
		results = append(results, one)
	}
	return results, nil
}

func (r *runner) one(ctx context.Context, t target) (result, error) {
	d, err := defectOf(t)
	if err != nil {
		return result{}, err
	}
	key, err := r.tree.key(t, fmt.Sprint(r.time, r.limit), d)
	if err != nil {
		return result{}, err
	}
	if kept, ok := r.kept(t, key); ok {
		return kept, nil
	}
	one := result{Target: t.id(), Key: key, Defect: found{What: d.what}}
	if err := r.try(ctx, t, d, &one); err != nil {
		one.Fault = err.Error()
	}
	if ctx.Err() != nil {
		return one, nil
	}
	r.tell(&one)
	return one, r.keep(&one)
}

// try makes the three steps of a target.
func (r *runner) try(ctx context.Context, t target, d defect, one *result) error {
	corpus := filepath.Join(r.work, "corpus")
	if err := os.RemoveAll(corpus); err != nil {
		return err
	}
	if err := r.clean(ctx, t, corpus, one); err != nil {
		return fmt.Errorf("clean run: %w", err)
	}
	if err := r.blocks(ctx, t, corpus, one); err != nil && one.Crash == "" {
		return fmt.Errorf("blocks: %w", err)
	}
	if err := r.seeded(ctx, t, d, one); err != nil {
		return fmt.Errorf("seeded defect: %w", err)
	}
	return nil
}

// clean runs the target as it is.
func (r *runner) clean(ctx context.Context, t target, corpus string, one *result) error {
	bin, err := r.build(ctx, t, "-fuzz="+t.name)
	if err != nil {
		return err
	}
	start := time.Now()
	o, err := r.fuzz(ctx, bin, t, corpus, r.time)
	one.Seconds, one.Executions, one.Corpus = time.Since(start).Seconds(), o.execs, o.corpus
	switch {
	case o.failed && !o.ended(err):
		one.Crash = o.fault
		return r.keepCrash(t, &o)
	case !o.ended(err):
		return fmt.Errorf("%w\n%s", err, o.text)
	}
	return nil
}

// build makes a test binary of the target's package, instrumented by flag.
func (r *runner) build(ctx context.Context, t target, flag string) (bin string, err error) {
	bin = filepath.Join(r.work, "test")
	cmd := exec.CommandContext(ctx, "go", "test", "-c", flag, "-o", bin, "./"+t.pkg)
	cmd.Dir = r.tree.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("it does not build: %w\n%s", err, out)
	}
	return bin, nil
}

// fuzz runs a binary as go test -run '^$' -fuzz does, with two differences. The corpus is its own instead of that in go's cache: what a
// run finds does not depend on those before it. And inputs are not made smaller: Go takes up to a minute for each one that reaches
// something new, in which a target with large inputs (those of blkid) does nothing else; nor would it say how many executions a
// failure took.
func (r *runner) fuzz(ctx context.Context, bin string, t target, corpus string, limit time.Duration) (outcome, error) {
	// A worker that hangs is killed at the end of its time, unless it takes its coordinator with it.
	ctx, cancel := context.WithTimeout(ctx, limit+time.Minute)
	defer cancel()
	args := []string{"-test.run=^$", "-test.fuzz=^" + t.name + "$", "-test.fuzztime=" + limit.String(), "-test.fuzzminimizetime=0x", "-test.fuzzcachedir=" + corpus}
	if r.jobs > 0 {
		args = append(args, "-test.parallel="+strconv.Itoa(r.jobs))
	}
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Dir = filepath.Join(r.tree.dir, t.pkg)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return outcome{}, err
	}
	cmd.Stderr = cmd.Stdout
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return outcome{}, err
	}
	o, readErr := parseOutput(out, func() time.Duration { return time.Since(start) })
	return o, errors.Join(cmd.Wait(), readErr)
}

// keepCrash saves the input that broke the target, and what the target said.
func (r *runner) keepCrash(t target, o *outcome) error {
	to := filepath.Join(r.dir, "crashes", t.id())
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "%s: CRASH; kept in %s\n%s", t.id(), to, o.text)
	if err := os.WriteFile(filepath.Join(to, "output"), []byte(o.text), 0o644); err != nil || o.input == "" {
		return err
	}
	input, err := os.ReadFile(filepath.Join(r.tree.dir, t.pkg, o.input))
	if err != nil {
		return err
	}
	fmt.Fprintf(r.out, "the input:\n%s", input)
	if err := os.WriteFile(filepath.Join(to, filepath.Base(o.input)), input, 0o644); err != nil {
		return err
	}
	return os.Remove(filepath.Join(r.tree.dir, t.pkg, o.input)) // else it is a seed of the next steps
}

// blocks runs the corpus through the target and counts the blocks that it reaches.
func (r *runner) blocks(ctx context.Context, t target, corpus string, one *result) error {
	seeds := filepath.Join(r.tree.dir, t.pkg, "testdata/fuzz")
	kept := seeds + ".kept" // what the tree has there already
	if err := os.Rename(seeds, kept); err == nil {
		defer func() { _ = os.Rename(kept, seeds) }()
	}
	defer os.RemoveAll(seeds)
	for _, from := range []string{filepath.Join(kept, t.name), filepath.Join(corpus, t.name)} {
		if err := os.CopyFS(filepath.Join(seeds, t.name), os.DirFS(from)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	bin, err := r.build(ctx, t, "-cover")
	if err != nil {
		return err
	}
	profile := filepath.Join(r.work, "profile")
	cmd := exec.CommandContext(ctx, bin, "-test.run=^"+t.name+"$", "-test.coverprofile="+profile)
	cmd.Dir = filepath.Join(r.tree.dir, t.pkg)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	text, err := os.ReadFile(profile)
	if err == nil {
		one.Reached, one.Blocks, err = countBlocks(string(text))
	}
	return err
}

// countBlocks counts the blocks of a cover profile: "file:1.2,3.4 statements count", each block once.
func countBlocks(profile string) (reached, all int, err error) {
	blocks := map[string]bool{}
	for line := range strings.Lines(profile) {
		if strings.HasPrefix(line, "mode:") {
			continue
		}
		words := strings.Fields(line)
		if len(words) != 3 {
			return 0, 0, fmt.Errorf("no line of a cover profile: %q", line)
		}
		blocks[words[0]] = blocks[words[0]] || words[2] != "0"
	}
	for _, hit := range blocks {
		if hit {
			reached++
		}
	}
	return reached, len(blocks), nil
}

// seeded builds the package with its defect and lets the target look for it, with nothing but the seeds to start from.
func (r *runner) seeded(ctx context.Context, t target, d defect, one *result) error {
	undo, err := d.seed(r.tree.dir)
	if err != nil {
		return err
	}
	defer undo()
	bin, err := r.build(ctx, t, "-fuzz="+t.name)
	if err != nil {
		return err
	}
	corpus := filepath.Join(r.work, "seeded")
	defer os.RemoveAll(corpus)
	o, err := r.fuzz(ctx, bin, t, corpus, r.limit)
	if o.input != "" {
		defer os.Remove(filepath.Join(r.tree.dir, t.pkg, o.input))
	}
	if !o.failed && !o.ended(err) {
		return fmt.Errorf("%w\n%s", err, o.text)
	}
	one.Defect.Found = o.failed && !o.ended(err)
	one.Defect.Seed, one.Defect.Seconds, one.Defect.Executions, one.Defect.Fault = o.seed, o.after.Seconds(), o.execs, o.fault
	return nil
}

func (r *runner) file(id string) string { return filepath.Join(r.dir, id+".json") }

// kept is the result of an earlier run of the same sources, unless it failed otherwise than by a crash.
func (r *runner) kept(t target, key string) (one result, ok bool) {
	data, err := os.ReadFile(r.file(t.id()))
	ok = err == nil && json.Unmarshal(data, &one) == nil && one.Key == key && (one.bad() == "" || one.Crash != "")
	return one, ok
}

func (r *runner) keep(one *result) error {
	data, err := json.MarshalIndent(one, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.file(one.Target), append(data, '\n'), 0o644)
}

// tell says in a line how a target did.
func (r *runner) tell(one *result) {
	fmt.Fprintf(r.out, "%s: %d executions, %d of %d blocks, defect found by %s", one.Target, one.Executions, one.Reached, one.Blocks, one.Defect.by())
	if bad := one.bad(); bad != "" {
		fmt.Fprintf(r.out, " BAD: %s", bad)
	}
	fmt.Fprintln(r.out)
}
