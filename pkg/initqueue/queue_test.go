package initqueue

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shell is a machine without a shell: hooks are functions by name, "j/NAME", "s/NAME", "f/NAME", "t/NAME" for the four directories.
type shell struct {
	files   map[string]uint64
	stamp   uint64
	hooks   map[string]func(*shell) bool
	work    bool
	busy    bool
	changes uint64
	counted time.Duration
	loop    int
	retry   int
	trace   []string
}

func newShell(names ...string) *shell {
	s := &shell{files: map[string]uint64{}, hooks: map[string]func(*shell) bool{}, retry: 360}
	s.add(names...)
	return s
}

func (s *shell) add(names ...string) {
	for _, n := range names {
		s.stamp++
		s.files[n] = s.stamp
	}
}

func (s *shell) remove(name string) { delete(s.files, name) }

func (s *shell) on(name string, f func(*shell) bool) *shell {
	s.hooks[name] = f
	return s
}

func (s *shell) list(dir string) []File {
	var list []File
	for n, stamp := range s.files {
		if path.Dir(n) == dir {
			list = append(list, File{n, stamp})
		}
	}
	slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return list
}

func (s *shell) Look() Known {
	return Known{Jobs: s.list("j"), Settled: s.list("s"), Finished: s.list("f"), Timeout: s.list("t"), Work: s.work}
}

func (s *shell) known() Known {
	k := s.Look()
	k.Idle, k.Changes, k.Counted, k.Retry = !s.busy, s.changes, s.counted, s.retry
	return k
}

// call runs a hook. One without a function is a job that deletes itself (--onetime), or a vote against.
func (s *shell) call(name string) bool {
	if f := s.hooks[name]; f != nil {
		return f(s)
	}
	if path.Dir(name) != "f" {
		s.remove(name)
	}
	return false
}

// run does what the queue says until it leaves, gives up or waits longer than limit.
func (s *shell) run(q *Queue, limit time.Duration) Kind {
	for range 1_000_000 {
		switch st := q.Next(s.known()); st.Kind {
		case StepVote:
			s.trace = append(s.trace, st.File.Path+"?")
			q.Voted(s.call(st.File.Path))
		case StepSource:
			s.trace = append(s.trace, st.File.Path)
			s.loop = st.MainLoop
			s.call(st.File.Path)
			q.Ran(s.loop)
		case StepDelete:
			s.trace = append(s.trace, "rm "+st.File.Path)
			s.remove(st.File.Path)
		case StepDeleteWork:
			s.trace = append(s.trace, "rm work")
			s.work = false
		case StepStopped:
			s.trace = append(s.trace, "stopped "+st.File.Path)
		case StepWait:
			if st.Until > limit {
				s.trace = append(s.trace, "wait")
				return StepWait
			}
			if st.Until <= s.counted {
				panic(fmt.Sprintf("waits for %v at %v", st.Until, s.counted))
			}
			s.counted = st.Until
		case StepGiveUp:
			s.trace = append(s.trace, "give up")
			return StepGiveUp
		case StepLeave:
			s.trace = append(s.trace, "leave")
			return StepLeave
		}
	}
	s.trace = append(s.trace, "spins")
	return 0
}

func yes(*shell) bool { return true }
func no(*shell) bool  { return false }

func TestOrder(t *testing.T) {
	for _, tt := range []struct {
		name  string
		shell *shell
		rule  Rule
		want  string
	}{
		{"nothing at all", newShell(), DeleteTrue, "leave"},
		{"finished at once, jobs do not run", newShell("f/a", "j/b").on("f/a", yes), DeleteTrue, "f/a? rm f/a leave"},
		{"059 deletes nothing", newShell("f/a", "j/b").on("f/a", yes), KeepTrue, "f/a? leave"},
		{"059 stops at the first no", newShell("f/a", "f/b", "f/c").on("f/a", yes), KeepTrue, "f/a? f/b? wait"},
		{"later ones look at all", newShell("f/a", "f/b", "f/c").on("f/a", yes).on("f/c", yes), DeleteTrue, "f/a? rm f/a f/b? f/c? rm f/c wait"},
		{"jobs, then settled, votes after each", newShell("f/a", "j/1", "j/2", "s/3").on("f/a", no), DeleteTrue,
			"f/a? j/1 f/a? j/2 f/a? s/3 f/a? wait"},
		{"the first true vote ends it", newShell("f/a", "j/1", "j/2").on("j/1", func(s *shell) bool { s.on("f/a", yes); return true }), KeepTrue,
			"f/a? j/1 f/a? leave"},
		{"nothing waited for: jobs run once", newShell("j/1", "s/2"), DeleteTrue, "j/1 s/2 leave"},
		{"nothing waited for: a job that stays runs once", newShell("j/1", "s/2").on("j/1", yes).on("s/2", yes), DeleteTrue, "j/1 s/2 leave"},
		{"nothing waited for: what a job queues runs too", newShell("j/b").on("j/b", func(s *shell) bool { s.remove("j/b"); s.add("j/a"); s.work = true; return true }), DeleteTrue,
			"j/b rm work j/a leave"},
		{"nothing waited for: a job that queues itself", newShell("j/1").on("j/1", func(s *shell) bool { s.add("j/1"); s.work = true; return true }), DeleteTrue,
			"j/1 leave"},
		{"nothing waited for: a job adds a finished hook", newShell("j/1").on("j/1", func(s *shell) bool { s.remove("j/1"); s.add("f/a"); return true }), DeleteTrue,
			"j/1 f/a? f/a? wait"},
		{"work is deleted before the jobs", func() *shell { s := newShell("f/a", "j/1"); s.work = true; return s }(), DeleteTrue,
			"f/a? rm work j/1 f/a? wait"},
		{"a job that is deleted meanwhile is passed over", newShell("f/a", "j/1", "j/2", "j/3").on("j/1", func(s *shell) bool { s.remove("j/1"); s.remove("j/2"); return true }), DeleteTrue,
			"f/a? j/1 f/a? j/3 f/a? wait"},
		{"a busy udev ends the round", newShell("f/a", "j/1", "s/2").on("j/1", func(s *shell) bool { s.remove("j/1"); s.busy = true; return true }), DeleteTrue,
			"f/a? j/1 f/a? f/a? wait"},
	} {
		q := Queue{Rule: tt.rule}
		tt.shell.run(&q, 100*time.Millisecond)
		if got := strings.Join(tt.shell.trace, " "); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestWakeUps: what ends a wait, and what is done then.
func TestWakeUps(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*shell)
		want   string
	}{
		{"nothing", func(*shell) {}, "wait"},
		{"a uevent", func(s *shell) { s.changes++ }, "f/devexists-a? wait"},
		{"a uevent that is still under way", func(s *shell) { s.changes++; s.busy = true }, "f/devexists-a? wait"},
		{"a job", func(s *shell) { s.add("j/1"); s.work = true }, "f/devexists-a? rm work j/1 f/devexists-a? wait"},
		{"a settled job", func(s *shell) { s.add("s/1") }, "f/devexists-a? s/1 f/devexists-a? wait"},
		{"work alone", func(s *shell) { s.work = true }, "f/devexists-a? rm work wait"},
		{"the finished hook is deleted", func(s *shell) { s.remove("f/devexists-a") }, "leave"},
		{"a device", func(s *shell) { s.changes++; s.on("f/devexists-a", yes) }, "f/devexists-a? rm f/devexists-a leave"},
	} {
		s, q := newShell("f/devexists-a", "j/0"), Queue{}
		s.run(&q, time.Minute)
		s.trace = nil
		tt.change(s)
		s.run(&q, time.Minute)
		if got := strings.Join(s.trace, " "); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestQueuedAgain: the same job, queued from outside while nothing runs, is run at once; work that a job has left is looked at after half
// a second.
func TestQueuedAgain(t *testing.T) {
	s, q := newShell("f/devexists-a", "j/ifup-eth0"), Queue{}
	s.run(&q, time.Minute)
	s.trace = nil
	s.add("j/ifup-eth0")
	s.run(&q, s.counted+lookAgain/2)
	if got := strings.Join(s.trace, " "); got != "f/devexists-a? j/ifup-eth0 f/devexists-a? wait" {
		t.Error(got)
	}
	s, q = newShell("f/devexists-a", "s/1"), Queue{}
	s.on("s/1", func(s *shell) bool { s.remove("s/1"); s.work = true; return true })
	s.run(&q, time.Minute)
	if s.work || s.counted != lookAgain {
		t.Errorf("work stays after %v: %q", s.counted, s.trace)
	}
}

func TestClock(t *testing.T) {
	s, q := newShell("f/devexists-a", "t/1", "t/2").on("t/1", yes), Queue{}
	if got := s.run(&q, 119*time.Second); got != StepWait {
		t.Fatalf("%v before two thirds: %q", got, s.trace)
	}
	s.trace = nil
	if got := s.run(&q, time.Hour); got != StepGiveUp || s.counted != 180*time.Second {
		t.Errorf("%v at %v, want to give up at 180 s", got, s.counted)
	}
	once, often := 0, 0
	for _, l := range s.trace {
		switch l {
		case "t/1":
			often++
		case "t/2":
			once++
		}
	}
	if once != 1 || often != 121 {
		t.Errorf("the one-time job of timeout ran %d times, the other %d times", once, often)
	}
	before := s.counted
	if got := s.run(&q, time.Hour); got != StepGiveUp || s.counted != before+lookAgain {
		t.Errorf("%v after %v: the shell opens again after the next idle round", got, s.counted-before)
	}
}

// TestMainLoop: jobs see main_loop and may set it.
func TestMainLoop(t *testing.T) {
	s, q := newShell("f/devexists-a", "t/1"), Queue{}
	var seen []int
	s.on("t/1", func(s *shell) bool {
		if seen = append(seen, s.loop); len(seen) == 1 {
			s.loop = 0
		}
		return true
	})
	if got := s.run(&q, time.Hour); got != StepGiveUp || s.counted != 300*time.Second {
		t.Errorf("%v at %v, want to give up 180 s after the first job of timeout set main_loop=0", got, s.counted)
	}
	if seen[0] != 240 || seen[1] != 240 || seen[len(seen)-1] != 360 {
		t.Errorf("main_loop was %v", seen)
	}
}

// TestTimeoutResets: a job of timeout that makes udev busy or touches work starts the clock again.
func TestTimeoutResets(t *testing.T) {
	for name, f := range map[string]func(*shell){
		"busy": func(s *shell) { s.busy = true },
		"work": func(s *shell) { s.work = true },
	} {
		s, q := newShell("f/devexists-a", "t/1"), Queue{}
		s.on("t/1", func(s *shell) bool { s.remove("t/1"); f(s); return true })
		s.run(&q, 150*time.Second)
		s.busy = false
		if got := s.run(&q, time.Hour); got != StepGiveUp || s.counted != 300*time.Second {
			t.Errorf("%s: %v at %v", name, got, s.counted)
		}
	}
}

// TestBusyForEver: an udev that never gets idle does not keep the boot from ending, nor the jobs of timeout from running.
func TestBusyForEver(t *testing.T) {
	s, q := newShell("f/devexists-a", "t/1", "s/1"), Queue{}
	s.busy = true
	if got := s.run(&q, time.Hour); got != StepGiveUp || s.counted != 180*time.Second {
		t.Errorf("%v at %v", got, s.counted)
	}
	if !slices.Contains(s.trace, "t/1") || slices.Contains(s.trace, "s/1") {
		t.Errorf("ran %q", s.trace)
	}
	s, q = newShell("j/1", "s/1"), Queue{}
	s.busy = true
	if got := s.run(&q, time.Hour); got != StepLeave || s.counted > settleLimit {
		t.Errorf("nothing waited for: %v at %v", got, s.counted)
	}
}

func TestRetryZero(t *testing.T) {
	s, q := newShell("f/a", "t/1"), Queue{}
	s.retry = 0
	s.run(&q, 0)
	if got := strings.Join(s.trace, " "); got != "f/a? t/1 give up" {
		t.Error(got)
	}
}

// TestOpaque: a finished hook that may look at anything is asked each half second, devexists by events alone.
func TestOpaque(t *testing.T) {
	for name, want := range map[string]int{"f/dhcp.sh": 21, "f/devexists-x.sh": 1} {
		s, q := newShell(name), Queue{}
		s.run(&q, 10*time.Second)
		n := 0
		for _, l := range s.trace {
			if l == name+"?" {
				n++
			}
		}
		if n != want {
			t.Errorf("%s was asked %d times in 10 s, want %d", name, n, want)
		}
	}
}

// TestEndlessJobs: jobs that queue themselves or each other are run at dracut's pace, MaxRuns times without a change from outside.
func TestEndlessJobs(t *testing.T) {
	requeue := func(of, next string) func(*shell) bool {
		return func(s *shell) bool {
			s.remove(of)
			s.add(next)
			s.work = true
			return true
		}
	}
	for name, s := range map[string]*shell{
		"itself":                  newShell("f/devexists-a", "j/1.sh").on("j/1.sh", requeue("j/1.sh", "j/1.sh")),
		"itself under new names":  newShell("f/devexists-a", "j/x-1.sh").on("j/x-1.sh", requeue("j/x-1.sh", "j/x-2.sh")).on("j/x-2.sh", requeue("j/x-2.sh", "j/x-1.sh")),
		"work alone":              newShell("f/devexists-a", "s/1.sh").on("s/1.sh", func(s *shell) bool { s.work = true; return true }),
		"another, which does so":  newShell("f/devexists-a", "j/a.sh").on("j/a.sh", requeue("j/a.sh", "s/b.sh")).on("s/b.sh", requeue("s/b.sh", "j/a.sh")),
		"itself as a settled job": newShell("f/devexists-a", "s/a.sh").on("s/a.sh", requeue("s/a.sh", "s/a.sh")),
	} {
		s.retry = 100_000
		q := Queue{}
		if got := s.run(&q, 10*time.Hour); got != StepWait {
			t.Errorf("%s: %v: %.300q", name, got, s.trace[len(s.trace)-10:])
			continue
		}
		runs, stopped := 0, 0
		for _, l := range s.trace {
			switch {
			case strings.HasPrefix(l, "stopped"):
				stopped++
			case l[0] == 'j' || l[0] == 's':
				runs++
			}
		}
		if stopped != 1 || runs < MaxRuns || runs > 2*MaxRuns {
			t.Errorf("%s: %d runs, stopped %d times", name, runs, stopped)
		}
		if s.counted < 499*time.Second {
			t.Errorf("%s: all runs within %v", name, s.counted)
		}
		s.trace = nil
		s.changes++
		if s.run(&q, s.counted+10*time.Second); !slices.ContainsFunc(s.trace, func(l string) bool { return l[0] == 'j' || l[0] == 's' }) {
			t.Errorf("%s: not run again after a change: %q", name, s.trace)
		}
	}
}

// TestJobThatStays is no endless job however often it runs.
func TestJobThatStays(t *testing.T) {
	s, q := newShell("f/devexists-a", "s/1.sh").on("s/1.sh", yes), Queue{}
	s.retry = 100_000
	s.run(&q, 2000*time.Second)
	if slices.Contains(s.trace, "stopped s/1.sh") || len(s.trace) < 4000 {
		t.Errorf("%d steps", len(s.trace))
	}
}

// TestRandomMachines: whatever hooks do, the loop leaves, gives up in time, or waits for a time that comes.
func TestRandomMachines(t *testing.T) {
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(5, seed))
		s := newShell()
		names := []string{"j/1", "j/2", "s/1", "s/2", "t/1", "f/a", "f/devexists-b"}
		for _, n := range names {
			if r.IntN(2) == 0 {
				s.add(n)
			}
			s.on(n, func(s *shell) bool {
				switch other := names[r.IntN(len(names))]; r.IntN(8) {
				case 0:
					s.add(other)
				case 1:
					s.remove(other)
				case 2, 3:
					s.remove(n)
				case 4:
					s.work = true
				case 5:
					s.busy = !s.busy
				case 6:
					s.changes++
				}
				return r.IntN(4) == 0
			})
		}
		q := Queue{Rule: Rule(r.IntN(2))}
		s.retry = r.IntN(50)
		switch s.run(&q, 24*time.Hour) {
		case 0:
			t.Fatalf("seed %d spins: %q", seed, s.trace[len(s.trace)-20:])
		case StepWait:
			t.Fatalf("seed %d waits for ever", seed)
		}
	}
}

func TestKey(t *testing.T) {
	want := map[string]string{"d/1234.sh": "d/", "d/ifup-eth0.sh": "d/ifup-eth", "d/lvm_scan.sh": "d/lvm_scan"}
	got := map[string]string{}
	for p := range want {
		got[p] = key(File{Path: p})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
