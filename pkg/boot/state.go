package boot

import (
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"sync"
)

// state is what a boot remembers beyond the life of an engine: an engine that crashes must not give away a second try of a passphrase, a
// second resume from an image that is stale by then, or another round of the countdown. It lies in /run, where the next engine finds it.
type state struct {
	mu     sync.Mutex
	counts map[string]int // nil until it is read
	blind  bool           // it could not be written: the next engine will not know
}

// spareState holds the same where /run is full: hooks may have done that.
const spareState = hookDirectory + "/spare"

// stateFile holds one line for each thing that was begun: how often, a blank, its name.
const stateFile = Directory + "/state"

// first says whether a thing is begun for the first time in this boot, engines before this one included, and records that before
// it returns. Where nothing can be recorded, a second engine gets no.
func (b *Boot) first(what string) bool { return b.count(what) == 1 }

// count records that a thing is begun once more and gives how often that is by now, engines before this one included.
func (b *Boot) count(what string) int {
	s := &b.state
	s.mu.Lock()
	defer s.mu.Unlock()
	b.readState()
	what = strings.ReplaceAll(what, "\n", " ")
	s.counts[what]++
	b.writeState()
	if s.blind && b.m.Restarted {
		return s.counts[what] + 1
	}
	return s.counts[what]
}

// counted is how often a thing was begun so far.
func (b *Boot) counted(what string) int {
	b.state.mu.Lock()
	defer b.state.mu.Unlock()
	b.readState()
	return b.state.counts[what]
}

// recorded says whether anything was begun whose name begins so.
func (b *Boot) recorded(prefix string) bool {
	b.state.mu.Lock()
	defer b.state.mu.Unlock()
	b.readState()
	for what := range b.state.counts {
		if strings.HasPrefix(what, prefix) {
			return true
		}
	}
	return false
}

// forget lets a thing count as never begun.
func (b *Boot) forget(what string) {
	b.state.mu.Lock()
	defer b.state.mu.Unlock()
	b.readState()
	if b.state.counts[what] > 0 {
		delete(b.state.counts, what)
		b.writeState()
	}
}

// forgetAll does the same with all things of which which says so.
func (b *Boot) forgetAll(which func(what string, times int) bool) {
	b.state.mu.Lock()
	defer b.state.mu.Unlock()
	b.readState()
	before := len(b.state.counts)
	maps.DeleteFunc(b.state.counts, which)
	if len(b.state.counts) < before {
		b.writeState()
	}
}

func (b *Boot) writeState() {
	s := &b.state
	text := []byte(stateText(s.counts))
	err := b.m.Scratch.WriteFile(stateFile, text)
	if err != nil && b.hooks != nil && b.hooks.discard != nil {
		err = b.m.Scratch.WriteFile(spareState, text)
	}
	if err != nil && !s.blind {
		s.blind = true
		b.m.Log.Warnf("%s: %v; a second engine would not know what this one has done", stateFile, err)
	}
}

// readState takes over what engines before this one have begun. A line that cannot be read counts as begun once.
func (b *Boot) readState() {
	if b.state.counts != nil {
		return
	}
	b.state.counts = map[string]int{}
	b.readStateFile(stateFile)
	b.readStateFile(spareState)
}

// readStateFile takes over the larger numbers.
func (b *Boot) readStateFile(path string) {
	text, err := fs.ReadFile(b.m.Files, strings.TrimPrefix(path, "/"))
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		n, what, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		count, err := strconv.Atoi(n)
		if err != nil || count < 1 {
			count = 1
		}
		b.state.counts[what] = max(count, b.state.counts[what])
	}
}

func stateText(counts map[string]int) string {
	var t strings.Builder
	for what, n := range counts {
		t.WriteString(strconv.Itoa(n) + " " + what + "\n")
	}
	return t.String()
}
