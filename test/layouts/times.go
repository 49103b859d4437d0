package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// The bounds of the issue: ours is never slower than the stock init by more than this, and what is ours of it is at most a tenth of the stock init's whole time.
const (
	maxVirtual = 1.03
	maxWall    = 1.10
	maxOwn     = 0.10
)

// Times are those of one cell, in seconds from the start of /init to the real init.
type Times struct {
	Cell        string
	Key         string
	Init        string // the /init of ours
	Wall        bool   // seconds of the wall; otherwise of the machine's own clock, which counts instructions
	Stock, Ours []float64
	Splits      []Split
}

// A Split is where the time of one boot of ours went, in seconds. Each moment counts once: for a hook if one runs, else for a module that is loaded, else for
// udevd while it has something to do. Where a disk does not come, the pauses before the first job of initqueue/timeout are the clock's: rd.retry says how long
// everybody waits. What is left is ours.
type Split struct{ Hooks, Modules, Udevd, Clock, Own float64 }

// ratio is ours to stock's.
func (t Times) ratio() float64 { return median(t.Ours) / median(t.Stock) }

// own is the share of the stock init's time that is ours.
func (t Times) own() float64 {
	return median(t.part(func(s Split) float64 { return s.Own })) / median(t.Stock)
}

func (t Times) part(of func(Split) float64) []float64 {
	var list []float64
	for _, s := range t.Splits {
		list = append(list, of(s))
	}
	return list
}

// wrong is what is out of bounds, "" for nothing.
func (t Times) wrong() string {
	bound := maxVirtual
	if t.Wall {
		bound = maxWall
	}
	var list []string
	if t.ratio() > bound {
		list = append(list, fmt.Sprintf("slower than the stock init by more than %.0f %%", 100*(bound-1)))
	}
	if t.own() > maxOwn {
		list = append(list, fmt.Sprintf("our own part is more than %.0f %% of the stock init's time", 100*maxOwn))
	}
	return strings.Join(list, "; ")
}

// measured are the cells whose time is taken: local layouts with the newest dracut, and no cell twice.
func measured(todo []Cell) []Cell {
	return slices.DeleteFunc(slices.Clone(todo), func(c Cell) bool {
		return c.Dracut != newest || c.Shell != shellOfTheRest || c.HostOnly || c.Systemd || c.Module
	})
}

// measureAll takes the time of each cell, dracut's init and ours in turn.
func (r *rig) measureAll(todo []Cell, out io.Writer) error {
	fmt.Fprintln(out, timesHead)
	var bad []string
	for _, c := range measured(todo) {
		t, err := r.measure(c)
		if err != nil {
			fmt.Fprintf(out, "%-20s %v\n", c.Layout, err)
			bad = append(bad, c.Layout)
			continue
		}
		fmt.Fprintln(out, t)
		if t.wrong() != "" {
			bad = append(bad, c.Layout)
		}
	}
	if len(bad) > 0 {
		return errors.New("not as they must be: " + strings.Join(bad, ", "))
	}
	return nil
}

const timesHead = "layout               clock     stock s   ours s  ratio   hooks s modules s udevd s clock s   own s  own part"

// String is a line of the table.
func (t Times) String() string {
	clock := "virtual"
	if t.Wall {
		clock = "wall"
	}
	part := func(of func(Split) float64) float64 { return median(t.part(of)) }
	return fmt.Sprintf("%-20s %-8s %8.3f %8.3f %6.3f  %8.3f  %8.3f %7.3f %7.3f %7.3f   %5.1f %%  %s", strings.TrimSuffix(t.Cell, "-"+newest+"-"+shellOfTheRest), clock,
		median(t.Stock), median(t.Ours), t.ratio(), part(func(s Split) float64 { return s.Hooks }), part(func(s Split) float64 { return s.Modules }),
		part(func(s Split) float64 { return s.Udevd }), part(func(s Split) float64 { return s.Clock }), part(func(s Split) float64 { return s.Own }), 100*t.own(), t.wrong())
}

func (r *rig) timesFile(c Cell) string { return filepath.Join(r.o.results, "times-"+c.Name()+".json") }

// readTimes returns what was measured of a cell.
func (r *rig) readTimes(c Cell) (t Times, known bool) {
	data, err := os.ReadFile(r.timesFile(c))
	return t, err == nil && json.Unmarshal(data, &t) == nil
}

// measure takes the pairs of a cell that are not taken yet.
func (r *rig) measure(c Cell) (Times, error) {
	l, ok := layout(c.Layout)
	if !ok {
		return Times{}, fmt.Errorf("there is no layout %s", c.Layout)
	}
	stock, err := r.image(c, l)
	if err != nil {
		return Times{}, err
	}
	ours, err := r.withOurInit(c, stock)
	if err != nil {
		return Times{}, err
	}
	t := Times{Cell: c.Name(), Key: hash(r.init, stock), Wall: l.Wall}
	if old, known := r.readTimes(c); known && old.Key == t.Key {
		t = old
	}
	t.Init = r.init
	for len(t.Ours) < r.o.pairs {
		if err := r.pair(c, l, stock, ours, &t); err != nil {
			return t, err
		}
		if err := r.keepTimes(c, t); err != nil {
			return t, err
		}
	}
	return t, r.keepTimes(c, t)
}

func (r *rig) keepTimes(c Cell, t Times) error {
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(r.timesFile(c), append(data, '\n'), 0o644)
}

// pair boots both.
func (r *rig) pair(c Cell, l Layout, stock, ours string, t *Times) error {
	a, err := r.timed(c, l, stock)
	if err != nil {
		return fmt.Errorf("the stock init: %w", err)
	}
	b, err := r.timed(c, l, ours)
	if err != nil {
		return fmt.Errorf("our init: %w", err)
	}
	parts := split(b)
	typing := float64(len(l.Typed)) * typedAfter.Seconds() // no init's time; ours is inside a hook meanwhile
	a.InitSeconds, b.InitSeconds, parts.Hooks = a.InitSeconds-typing, b.InitSeconds-typing, parts.Hooks-typing
	fmt.Fprintf(r.errs, "%s: %.3f s, ours %.3f s\n", c.Name(), a.InitSeconds, b.InitSeconds)
	t.Stock, t.Ours, t.Splits = append(t.Stock, a.InitSeconds), append(t.Ours, b.InitSeconds), append(t.Splits, parts)
	return nil
}

// timed boots a cell once. Where instructions are counted the disks are fresh copies in memory: with a snapshot the times scatter (test/bench).
func (r *rig) timed(c Cell, l Layout, image string) (vm.Bench, error) {
	k, err := r.shop.Kernel(dracut(c.Dracut).Kernel)
	if err != nil {
		return vm.Bench{}, err
	}
	disks, err := r.machineDisks(c, l)
	if err != nil {
		return vm.Bench{}, err
	}
	shm, err := os.MkdirTemp("/dev/shm", "preroot-layouts-")
	if err != nil {
		return vm.Bench{}, err
	}
	defer os.RemoveAll(shm)
	for i := range disks {
		fresh := filepath.Join(shm, fmt.Sprint(i))
		if err := vm.Clone(disks[i].Path, fresh); err != nil {
			return vm.Bench{}, err
		}
		disks[i].Path, disks[i].Snapshot = fresh, false
	}
	s := r.spec(c, l, k, image, disks)
	s.Cmdline = "quiet log_buf_len=4M " + s.Cmdline
	s.Icount, s.Measured = !l.Wall, true
	end, err := r.served(c, l, s)
	if err != nil {
		return vm.Bench{}, err
	}
	bench, err := end.Bench()
	if err != nil {
		return bench, fmt.Errorf("%w:\n%s", err, end.Report())
	}
	return bench, nil
}

// kinds says what a span of the timeline counts for; the first that runs has the moment.
var kinds = []func(vm.Span) bool{
	func(s vm.Span) bool { return s.Kind == "hook" || s.Kind == "vote" },
	func(s vm.Span) bool { return s.Kind == "module" || s.Kind == "modules" },
	func(s vm.Span) bool { return s.Kind == "udevd" },
}

// split shares the time of a boot out.
func split(b vm.Bench) Split {
	until := int64(b.TotalSeconds * 1e6)
	from := until - int64(b.InitSeconds*1e6)
	var parts [3]float64
	var taken [][2]int64
	before := int64(0)
	for i, is := range kinds {
		for _, s := range b.Spans {
			s.Kind = strings.TrimSuffix(s.Kind, "!")
			if is(s) {
				taken = append(taken, [2]int64{max(from, s.StartUS), min(until, s.StartUS+s.DurationUS)})
			}
		}
		whole := covered(taken)
		parts[i] = float64(whole-before) / 1e6
		before = whole
	}
	clock := pauses(taken, from, firstTimeout(b.Spans))
	return Split{Hooks: parts[0], Modules: parts[1], Udevd: parts[2], Clock: float64(clock) / 1e6, Own: float64(until-from-before-clock) / 1e6}
}

// firstTimeout is when the first job of initqueue/timeout begins; 0 where none does.
func firstTimeout(spans []vm.Span) int64 {
	first := int64(0)
	for _, s := range spans {
		if s.Kind == "hook" && strings.Contains(s.Name, "/initqueue/timeout/") && (first == 0 || s.StartUS < first) {
			first = s.StartUS
		}
	}
	return first
}

// pause is how long nothing runs, in microseconds, before that is a wait and no work of ours.
const pause = 50_000

// pauses are the times between from and until in which nothing runs, the short ones not counted.
func pauses(taken [][2]int64, from, until int64) (sum int64) {
	taken = append(slices.Clone(taken), [2]int64{until, until})
	slices.SortFunc(taken, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	for _, t := range taken {
		if gap := min(t[0], until) - from; gap >= pause {
			sum += gap
		}
		from = max(from, t[1])
	}
	return sum
}

// covered is how long at least one of the intervals lasts.
func covered(list [][2]int64) (sum int64) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	end := int64(0)
	for _, i := range list {
		if start := max(i[0], end); i[1] > start {
			sum += i[1] - start
			end = i[1]
		}
	}
	return sum
}

// median of some values; 0 for none.
func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}
