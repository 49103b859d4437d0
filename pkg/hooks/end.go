package hooks

import (
	"context"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/safe"
)

// Steps of ending a hook, from its beginning: processes that do not take TERM are killed, then the shell is, then it is left behind.
const (
	killAfter  = 500 * time.Millisecond
	shellAfter = 2 * time.Second
	leaveAfter = 5 * time.Second
)

// running is a hook under way: the session it runs in, and since when.
type running struct {
	sys      System
	name     string
	leader   int
	began    time.Time
	earlier  []int // children that the leader had before
	patience Patience
	asked    syscall.Signal // what asks the leader to end
}

// ended is why a wait is over: the hook is done, or we have stopped it, perhaps since it took too much of something.
type ended struct {
	stopped bool
	excess  Excess
}

// await waits until done yields or is closed, and ends the hook when the context is over, or the rule of Watch or that of resources says so.
func (r running) await(ctx context.Context, done <-chan struct{}) ended {
	watch := Watch{Report: r.patience.Report, Limit: r.patience.Limit}
	look := time.NewTicker(min(r.patience.Sample, r.patience.Report))
	defer look.Stop()
	seen := make(chan scan, 1)
	scanning := false
	var machine resources
	defer func() { r.hurry(machine.crowded, false) }()
	count := time.NewTimer(resourceFirst)
	defer count.Stop()
	for {
		select {
		case <-done:
			return ended{}
		case <-ctx.Done():
			r.end(done, NoExcess)
			return ended{stopped: true}
		case <-count.C:
			excess, again := r.lookAfter(&machine)
			if excess != NoExcess {
				r.end(done, excess)
				return ended{true, excess}
			}
			count.Reset(again)
		case <-look.C:
			if !scanning {
				scanning = true
				safe.Go("look at the processes of a hook", func(string, string) { seen <- scan{} }, func() { r.scan(seen) })
			}
		case s := <-seen:
			scanning = false
			if r.judge(&watch, s) {
				r.end(done, NoExcess)
				return ended{stopped: true}
			}
		}
	}
}

// scan is one look at the processes of a hook.
type scan struct {
	samples []Sample
	known   bool
}

// scan looks at the processes. It has a goroutine of its own: beside a crowd that wants the processor it takes seconds, and the count of that crowd must not wait for it.
func (r running) scan(seen chan<- scan) {
	samples, known := procs{r.sys.Proc}.family(r.leader)
	seen <- scan{samples, known}
}

// judge reports the hook if it is time, and says whether it is to be ended.
func (r running) judge(watch *Watch, s scan) (end bool) {
	so := time.Since(r.began)
	report, end := watch.Look(so, s.samples, s.known, r.patience.Expired())
	if report || end {
		r.patience.Slow(Slow{r.name, so, s.samples, end})
	}
	return end
}

// lookAfter looks at what the hook takes of the machine. Where there is a crowd we go before it, and while it is counted the hook's group stands still: beside some
// thousand processes that want the processor we would get a thousandth of it, and the memory would be gone before.
func (r running) lookAfter(machine *resources) (Excess, time.Duration) {
	stopped := false
	excess, again := machine.look(r.patience.Resources(), func() int {
		r.hurry(machine.crowded, true)
		stopped = r.sys.Signal(-r.leader, syscall.SIGSTOP) == nil
		return procs{r.sys.Proc}.session(r.leader)
	})
	r.hurry(machine.crowded, true)
	if stopped && excess != TooManyProcesses {
		_ = r.sys.Signal(-r.leader, syscall.SIGCONT)
	}
	return excess, again
}

// hurry makes us urgent beside a crowd, or no more so. It is said anew at each look: a thread that has begun since is not.
func (r running) hurry(crowded, urgent bool) {
	if crowded && r.sys.Urgent != nil {
		r.sys.Urgent(urgent)
	}
}

// end ends the processes of the hook: what it started is asked first, the leader by its own signal; then they are killed. Of a crowd nobody is asked, since one
// that is left makes the next: the kernel kills a process group as one, and lets none of it start another meanwhile (a fork with a signal to take is begun again,
// fork.c). The shell and what hooks before have left in its group go with it.
func (r running) end(done <-chan struct{}, why Excess) {
	if why == TooManyProcesses {
		_ = r.sys.Signal(-r.leader, syscall.SIGKILL)
		if wait(done, shellAfter) {
			return
		}
	}
	_ = r.sys.Signal(r.leader, r.asked)
	_ = r.sys.Signal(r.leader, syscall.SIGCONT)
	r.signal(syscall.SIGTERM, false)
	if wait(done, killAfter) {
		return
	}
	r.signal(syscall.SIGKILL, false)
	if wait(done, shellAfter-killAfter) {
		return
	}
	r.signal(syscall.SIGKILL, true)
	wait(done, leaveAfter)
}

// signal sends a signal to the processes of the session that the hook started, and to the leader where asked. A process whose argv[0] begins with @ is
// spared (it is to live on), and so is what earlier hooks started.
func (r running) signal(sig syscall.Signal, leader bool) {
	proc := procs{r.sys.Proc}
	list, ok := proc.family(r.leader)
	if !ok && leader {
		_ = r.sys.Signal(-r.leader, sig)
	}
	began := proc.ticks() - uint64(time.Since(r.began)/tick)
	for _, p := range list {
		if p.PID == r.leader || p.Start+1 < began || slices.Contains(r.earlier, p.PID) || strings.HasPrefix(p.Argv[0], "@") {
			continue
		}
		_ = r.sys.Signal(p.PID, sig)
	}
	if leader {
		_ = r.sys.Signal(r.leader, sig)
	}
}

func wait(done <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
