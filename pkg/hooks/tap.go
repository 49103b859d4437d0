package hooks

import (
	"sync"

	"github.com/preroot/preroot/internal/safe"
)

// tap takes what comes through a channel as it comes. drain takes what is there now: what a process wrote before it told us
// something else through another channel is then known.
type tap struct {
	channel Channel
	mu      sync.Mutex
	buf     [16 << 10]byte
	take    func([]byte)
}

func newTap(name string, channel Channel, take func([]byte)) *tap {
	t := &tap{channel: channel, take: take}
	safe.Go(name, nil, func() {
		for t.channel.Await() == nil {
			t.drain()
		}
	})
	return t
}

// drain is bounded: who writes without end must not keep the caller.
func (t *tap) drain() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for range 64 {
		n, err := t.channel.TryRead(t.buf[:])
		if n <= 0 || err != nil {
			return
		}
		t.take(t.buf[:n])
	}
}

// output is what hooks print: passed on up to a limit for each hook, the end of it kept.
type output struct {
	mu     sync.Mutex
	pass   func([]byte)
	passed int
	tail   []byte
	lost   int
}

func (o *output) take(data []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail = append(o.tail, data...)
	if n := len(o.tail) - maxTail; n > 0 {
		o.tail = append(o.tail[:0], o.tail[n:]...)
	}
	fits := min(len(data), maxOutput-o.passed)
	o.passed += fits
	o.lost += len(data) - fits
	if o.pass != nil && fits > 0 {
		o.pass(data[:fits])
	}
}

// next begins the output of another hook.
func (o *output) next() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.passed, o.lost, o.tail = 0, 0, o.tail[:0]
}

// ended gives the last that a hook printed, and how many bytes were not passed on.
func (o *output) ended() (tail string, lost int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.tail), o.lost
}
