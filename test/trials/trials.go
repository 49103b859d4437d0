// Package trials runs the same thing many times with different seeds, keeps each result in a file, and goes on where it was
// stopped: a result counts as long as what is tested has not changed.
package trials

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Set is one kind of trial.
type Set struct {
	Name  string
	Count int
	// Do makes trial n; what it draws it draws from r, so that a seed repeats it as far as time lets it.
	Do func(n int, r *rand.Rand) Result
}

// A Result is one line of the file of results.
type Result struct {
	Set  string `json:"set"`
	N    int    `json:"n"`
	Seed uint64 `json:"seed"`
	Key  string `json:"key"` // what was tested

	End     string             `json:"end"`           // how it ended, in a word or two
	Bad     string             `json:"bad,omitempty"` // what is wrong with it; "" for nothing
	Figures map[string]float64 `json:"figures,omitempty"`
	Seconds float64            `json:"seconds"` // wall-clock

	// Log is kept beside the results when the trial is bad.
	Log []string `json:"-"`
}

// A Runner runs sets.
type Runner struct {
	Dir string // results and logs
	Key string // what is tested; see Hash
	// Earlier are keys of builds whose good results count too: what was changed since does not touch what they show.
	Earlier []string
	Seed    uint64   // the seed of the whole run
	Jobs    int      // trials at once
	Only    []string // the sets to run, all if empty
	Out     io.Writer

	mu   sync.Mutex
	file *os.File
}

// Hash is a key made of the files that are tested.
func Hash(files ...string) (string, error) {
	h := sha256.New()
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

// Run makes the trials that are not in the file yet and returns the results of all.
func (r *Runner) Run(sets []Set) ([]Result, error) {
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return nil, err
	}
	results, err := r.read()
	if err != nil {
		return nil, err
	}
	r.file, err = os.OpenFile(r.path(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer r.file.Close()
	todo := r.missing(sets, results)
	fmt.Fprintf(r.Out, "seed %d, tested: %s; %d results are there, %d trials to make\n", r.Seed, r.Key, len(results), len(todo))
	return append(results, r.all(todo)...), nil
}

func (r *Runner) path() string { return filepath.Join(r.Dir, "results.jsonl") }

// read takes the results of the same key and seed. A line that was cut by a kill is passed over.
func (r *Runner) read() ([]Result, error) {
	data, err := os.ReadFile(r.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var results []Result
	for line := range strings.Lines(string(data)) {
		var one Result
		if json.Unmarshal([]byte(line), &one) == nil && r.counts(one) && one.Seed == r.seed(one.Set, one.N) && r.wanted(one.Set) {
			results = append(results, one)
		}
	}
	return results, err
}

func (r *Runner) counts(one Result) bool {
	return one.Key == r.Key || one.Bad == "" && slices.Contains(r.Earlier, one.Key)
}

func (r *Runner) wanted(set string) bool {
	for _, only := range r.Only {
		if ok, _ := filepath.Match(only, set); ok {
			return true
		}
	}
	return len(r.Only) == 0
}

type trial struct {
	set Set
	n   int
}

// missing lists what is to be done. The sets take turns, so that a run that is cut short has something of each.
func (r *Runner) missing(sets []Set, results []Result) []trial {
	there := map[string]bool{}
	for _, one := range results {
		there[fmt.Sprint(one.Set, one.N)] = true
	}
	var todo []trial
	for n, more := 0, true; more; n++ {
		more = false
		for _, s := range sets {
			if n >= s.Count || !r.wanted(s.Name) {
				continue
			}
			more = true
			if !there[fmt.Sprint(s.Name, n)] {
				todo = append(todo, trial{s, n})
			}
		}
	}
	return todo
}

func (r *Runner) all(todo []trial) []Result {
	queue := make(chan trial)
	var wg sync.WaitGroup
	var results []Result
	for range max(r.Jobs, 1) {
		wg.Go(func() {
			for t := range queue {
				one := r.one(t)
				r.mu.Lock()
				results = append(results, one)
				r.mu.Unlock()
			}
		})
	}
	for _, t := range todo {
		queue <- t
	}
	close(queue)
	wg.Wait()
	return results
}

func (r *Runner) one(t trial) Result {
	seed := r.seed(t.set.Name, t.n)
	start := time.Now()
	one := t.set.Do(t.n, rand.New(rand.NewPCG(seed, 0)))
	one.Set, one.N, one.Seed, one.Key, one.Seconds = t.set.Name, t.n, seed, r.Key, time.Since(start).Seconds()
	r.mu.Lock()
	defer r.mu.Unlock()
	line, err := json.Marshal(one)
	if err == nil {
		_, err = r.file.Write(append(line, '\n'))
	}
	if err != nil {
		fmt.Fprintf(r.Out, "the result is not kept: %v\n", err)
	}
	fmt.Fprintf(r.Out, "%s %d: %s (%.1f s)", one.Set, one.N, one.End, one.Seconds)
	if one.Bad != "" {
		log := filepath.Join(r.Dir, fmt.Sprintf("%s-%d-%s.log", one.Set, one.N, r.Key))
		fmt.Fprintf(r.Out, " BAD: %s; log in %s", one.Bad, log)
		if err := os.WriteFile(log, []byte(strings.Join(one.Log, "\n")+"\n"), 0o644); err != nil {
			fmt.Fprintf(r.Out, " (%v)", err)
		}
	}
	fmt.Fprintln(r.Out)
	return one
}

// seed is that of one trial: the run's, and the trial's place.
func (r *Runner) seed(set string, n int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %d", r.Seed, set, n)
	return h.Sum64()
}
