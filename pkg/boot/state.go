package boot

import (
	"io/fs"
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
	if err := b.m.Scratch.WriteFile(stateFile, []byte(stateText(s.counts))); err != nil && !s.blind {
		s.blind = true
		b.m.Log.Warnf("%s: %v; a second engine would not know what this one has done", stateFile, err)
	}
	if s.blind && b.m.Restarted {
		return s.counts[what] + 1
	}
	return s.counts[what]
}

// readState takes over what engines before this one have begun. A line that cannot be read counts as begun once.
func (b *Boot) readState() {
	if b.state.counts != nil {
		return
	}
	b.state.counts = map[string]int{}
	text, err := fs.ReadFile(b.m.Files, strings.TrimPrefix(stateFile, "/"))
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		n, what, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		count, err := strconv.Atoi(n)
		if err != nil || count < 1 {
			count = 1
		}
		b.state.counts[what] = count
	}
}

func stateText(counts map[string]int) string {
	var t strings.Builder
	for what, n := range counts {
		t.WriteString(strconv.Itoa(n) + " " + what + "\n")
	}
	return t.String()
}
