package boot

import (
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/preroot/preroot/pkg/initqueue"
	"github.com/preroot/preroot/pkg/switchroot"
)

// watchful is a PID 1 that counts signs of life.
type watchful struct {
	alive int
	dogs  []string
}

func (w *watchful) HandOver(switchroot.Record) error { return nil }
func (w *watchful) Wait(string, time.Duration)       {}
func (w *watchful) Policy(string)                    {}
func (w *watchful) End(string, string) error         { return nil }
func (w *watchful) Alive()                           { w.alive++ }
func (w *watchful) Watchdog(device string)           { w.dogs = append(w.dogs, device) }

// TestSignsOfLife: outside a wait the process answers, during one the loop; a loop that stands still gives no answer.
func TestSignsOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		questions, pid1 := make(chan struct{}, 1), &watchful{}
		b := engineOn(ramRun{MapFS: fstest.MapFS{}}, false)
		b.m.Asked, b.m.Parent = questions, pid1
		b.events, b.over = make(chan initqueue.Event), make(chan struct{})
		b.finder = newFinder(b)
		go b.answer()
		ask := func(want int, when string) {
			questions <- struct{}{}
			synctest.Wait()
			if pid1.alive != want {
				t.Errorf("%s: %d answers, wanted %d", when, pid1.alive, want)
			}
		}
		ask(1, "outside a wait")
		end := b.beginWait()
		ask(1, "the loop stands still")
		b.finder.Handle(<-b.events)
		if pid1.alive != 2 {
			t.Error("the loop does not answer")
		}
		ask(2, "the loop stands still again")
		end()
		synctest.Wait()
		if pid1.alive != 3 {
			t.Error("the end of the wait does not answer")
		}
		close(questions)
	})
}

// TestFindWatchdogs: only one that runs is fed.
func TestFindWatchdogs(t *testing.T) {
	run := ramRun{MapFS: fstest.MapFS{
		"sys/class/watchdog/watchdog0/state": {Data: []byte("inactive\n")},
		"sys/class/watchdog/watchdog1/state": {Data: []byte("active\n")},
		"sys/class/watchdog/watchdog2/other": {},
	}}
	b, pid1 := engineOn(run, false), &watchful{}
	b.m.Parent = pid1
	b.findWatchdogs()
	if len(pid1.dogs) != 1 || pid1.dogs[0] != "/dev/watchdog1" {
		t.Errorf("%q", pid1.dogs)
	}
}
