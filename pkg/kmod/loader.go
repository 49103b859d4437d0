package kmod

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Kernel is what a Loader needs of the kernel. Its methods are called from several goroutines at once.
type Kernel interface {
	// Insert loads the module file at path by finit_module(2), flags 0, or MODULE_INIT_COMPRESSED_FILE for a
	// file that the kernel shall unpack. The error is, or wraps, the errno.
	Insert(path, params string, compressed bool) error
	// InsertImage loads an unpacked module from memory by init_module(2).
	InsertImage(image []byte, params string) error
	// Loaded says whether a module ("-" written "_") is in the kernel and has finished its start.
	Loaded(name string) bool
}

// Options of a Loader. The zero value loads one module after the other.
type Options struct {
	// Spawn starts f beside the caller. Without it nothing runs in parallel.
	Spawn func(name string, f func())
	// Parallel bounds the modules that one call loads at the same time; zero means 8.
	Parallel int
	// Decompresses is the content of /sys/module/compression: "gzip", "xz", "zstd", or "" when the kernel
	// does not unpack modules.
	Decompresses string
	// Report takes each result when it happens, and may be called from several goroutines at once.
	Report func(Result)
}

// Result is one module that was tried, for the timeline.
type Result struct {
	Module   string
	Path     string // of its file, from the root directory
	For      string // the word, modalias or module that asked for it
	Start    time.Time
	Duration time.Duration
	Already  bool  // it was in the kernel before
	Err      error // a *LoadError, or nil
}

// Want is a module that the image should have had.
type Want struct {
	Module string
	For    string // the word, modalias or module that asked for it
}

// Loader puts modules into the kernel. Each module is tried once at a time, whoever asks; one that failed is
// tried again when it is asked for again. All methods may be called from several goroutines.
type Loader struct {
	ix     *Index
	policy Policy
	kernel Kernel
	opt    Options

	mu      sync.Mutex // guards flights, loaded, and the batches; never held while the kernel loads a module
	changed sync.Cond  // a flight ended, or a batch has something ready
	flights map[string]*flight
	loaded  map[string]bool

	missMu  sync.Mutex
	missing []Want
}

// NewLoader returns a Loader. ix may be nil: then every module is unknown.
func NewLoader(ix *Index, policy Policy, kernel Kernel, opt Options) *Loader {
	if opt.Parallel <= 0 {
		opt.Parallel = 8
	}
	opt.Decompresses = strings.TrimSpace(opt.Decompresses)
	l := &Loader{ix: ix, policy: policy, kernel: kernel, opt: opt, flights: map[string]*flight{}, loaded: map[string]bool{}}
	l.changed.L = &l.mu
	return l
}

// Load loads modules, given by name or alias, with all that they need and their soft dependencies, and returns
// when all are in or have failed. A module that is built in, or was loaded before, is a success; so is an alias
// whose modules are all blacklisted. Of an alias with several modules one that finds its device is enough. The
// error joins a *LoadError for each module that is not in, and for each word that means no module.
func (l *Loader) Load(words ...string) error { return l.load(words, false) }

// LoadAlias loads every module that matches the modaliases of devices. The blacklist holds, also for names. An
// alias without a module is no error, nor is a module that finds no device for itself (ENODEV); both are usual.
func (l *Loader) LoadAlias(modaliases ...string) error { return l.load(modaliases, true) }

// AddOptions adds parameters of a module that is not loaded yet.
func (l *Loader) AddOptions(module, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.policy.addOptions(canonical(module), text)
}

func (l *Loader) params(module, alias string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.policy.params(module, alias)
}

// Missing returns the modules that were wanted and whose files are not in the image, in the order of asking.
func (l *Loader) Missing() []Want {
	l.missMu.Lock()
	defer l.missMu.Unlock()
	return slices.Clone(l.missing)
}

func (l *Loader) miss(module, word string) {
	l.missMu.Lock()
	defer l.missMu.Unlock()
	w := Want{Module: module, For: word}
	if !slices.Contains(l.missing, w) {
		l.missing = append(l.missing, w)
	}
}

// Loading returns the modules that the kernel is loading now, each with its Start: who waits for all loads to
// end tells by it which one hangs.
func (l *Loader) Loading() []Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Result
	for _, f := range l.flights {
		if f.running {
			out = append(out, Result{Module: f.name, For: f.word, Start: f.start})
		}
	}
	slices.SortFunc(out, func(a, b Result) int { return a.Start.Compare(b.Start) })
	return out
}

// request is one word of a call with the modules that it means.
type request struct {
	word    string
	names   []string
	byAlias bool
	flights []*flight
}

func (l *Loader) load(words []string, device bool) error {
	requests := make([]*request, 0, len(words))
	var errs []error
	for _, word := range words {
		r := l.request(word, device)
		if len(r.names) == 0 && !r.byAlias {
			errs = append(errs, l.unknown(word))
			continue
		}
		requests = append(requests, r)
	}
	l.fly(requests)
	for _, r := range requests {
		for _, f := range r.failed(device) {
			if !slices.Contains(errs, f.err) {
				errs = append(errs, f.err)
			}
		}
	}
	return errors.Join(errs...)
}

// request resolves a word. Names that the blacklist holds back are left out and reported.
func (l *Loader) request(word string, device bool) *request {
	r := &request{word: word}
	if !device && l.isLoaded(canonical(word)) && len(l.policy.Aliases) == 0 {
		r.names = []string{canonical(word)}
		return r
	}
	r.names, r.byAlias = resolve(l.ix, &l.policy, word)
	if len(r.names) == 0 {
		_, off := l.policy.alias(word)
		r.byAlias = device || off
		return r
	}
	if r.byAlias || device {
		r.byAlias = true
		r.names = slices.DeleteFunc(slices.Clone(r.names), func(n string) bool { return l.heldBack(n, word) })
	}
	return r
}

// heldBack says whether the blacklist keeps an alias from loading a module, and reports it.
func (l *Loader) heldBack(name, word string) bool {
	if !l.policy.Blacklist[name] {
		return false
	}
	if !l.isLoaded(name) {
		err := &LoadError{Module: name, For: word, Err: fmt.Errorf("%w: it is blacklisted, only its own name loads it", ErrBlocked)}
		l.report(Result{Module: name, For: word, Start: time.Now(), Err: err})
	}
	return true
}

// Damage returns what was wrong with the index as far as it was read (Index.Err).
func (l *Loader) Damage() error { return l.ix.Err() }

// unknown is the error for a word that means nothing. A damaged index may be the reason.
func (l *Loader) unknown(word string) error {
	if !strings.Contains(word, ":") {
		l.miss(canonical(word), "")
	}
	err := ErrNotFound
	if damage := l.ix.Err(); damage != nil {
		err = fmt.Errorf("%w: %w", ErrNotFound, damage)
	}
	return &LoadError{For: word, Err: err}
}

// failed returns the flights of a request that its caller must hear of.
func (r *request) failed(device bool) []*flight {
	bad := slices.DeleteFunc(r.flights, func(f *flight) bool { return f.err == nil })
	if !device && !(r.byAlias && len(bad) < len(r.names)) {
		return bad
	}
	return slices.DeleteFunc(bad, func(f *flight) bool {
		return errors.Is(f.err, syscall.ENODEV) && !errors.Is(f.err, ErrDependency)
	})
}

func (l *Loader) isLoaded(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loaded[name]
}

func (l *Loader) report(r Result) {
	if l.opt.Report != nil {
		l.opt.Report(r)
	}
}
