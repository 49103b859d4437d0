package hooks

import (
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const mib = 1 << 20

// TestResourcesLook: what is left at each look, in MiB of a machine of 1024, with the number of processes where it is not 50, and what follows: when to look again,
// or the end.
func TestResourcesLook(t *testing.T) {
	for left, want := range map[string]string{
		"900 900 500 100 63":   "204ms 204ms 106ms 10ms memory", // 64 MiB are kept: a sixteenth
		"70 65 64 63":          "10ms 10ms 10ms 10ms",           // half of what is left at the start
		"40 30 20 19":          "10ms 10ms 10ms memory",         // little is left at the start: half of it
		"64 900 100 63":        "10ms 204ms 10ms memory",        // what hooks before have written is removed, and written again
		"900 899 898 897 896":  "204ms 203ms 203ms 203ms 203ms",
		"900 900/149 900/151":  "204ms 204ms 10ms",
		"900/400 900/1400":     "204ms 10ms",
		"900/400 900/1401:500": "204ms 204ms", // the others are not the hook's
		"900/400 900/1401:501": "204ms processes",
		"900/400:0 900/1401:0 900/2300:0 900/2402:501": "204ms 204ms 10ms processes", // of others first
		"900 700/200 63/600:100":                       "204ms 10ms memory",
		"900/3000 900/500 900/1501:501":                "204ms 204ms processes", // the crowd of a hook before was dying
		"900/3000 63/2000:101":                         "204ms processes",
		"900 700/200 100/600 63":                       "204ms 10ms 10ms memory",
		"900 700/200 63/600":                           "204ms 10ms processes", // they are where the memory went
	} {
		var m resources
		var got []string
		for word := range strings.FieldsSeq(left) {
			now, crowd := Resources{Memory: 1024 * mib, Processes: 50}, -1
			fmt.Sscanf(word, "%d/%d:%d", &now.MemoryLeft, &now.Processes, &crowd)
			now.MemoryLeft *= mib
			if crowd < 0 {
				crowd = now.Processes / 2
			}
			excess, again := m.look(now, func() int { return crowd })
			if excess != NoExcess {
				got = append(got, map[Excess]string{TooMuchMemory: "memory", TooManyProcesses: "processes"}[excess])
				break
			}
			got = append(got, again.Truncate(time.Millisecond).String())
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: got %s, want %s", left, text, want)
		}
	}
	var m resources
	if excess, again := m.look(Resources{}, nil); excess != NoExcess || again != resourceLatest {
		t.Errorf("nothing known: %v %v", excess, again)
	}
}

// TestExcess: a hook under which the memory goes, or that starts processes without end, is ended, and the next one runs.
func TestExcess(t *testing.T) {
	for _, c := range []struct {
		now    Resources
		excess Excess
		hook   string
	}{
		{Resources{10 * mib, 1024 * mib, 50}, TooMuchMemory, "hello=before; sleep 60; hello=wrong"},
		{Resources{500 * mib, 1024 * mib, 1100}, TooManyProcesses, "hello=before; i=0; while [ $i -lt 600 ]; do sleep 60 & i=$((i + 1)); done; sleep 60; hello=wrong"},
	} {
		var late atomic.Bool
		var looks atomic.Int64 // each finds as many processes more
		var urgent []bool
		r := newRig(t, "/bin/sh", func(config *Config) {
			config.System.Urgent = func(on bool) { urgent = append(urgent, on) }
			config.Resources = func() Resources {
				if late.Load() {
					now := c.now
					now.Processes *= int(looks.Add(1))
					return now
				}
				return Resources{500 * mib, 1024 * mib, 50}
			}
		})
		time.AfterFunc(200*time.Millisecond, func() { late.Store(true) })
		got := r.hook(c.hook)
		if got.End != Stopped || got.Excess != c.excess {
			t.Errorf("%+v", got)
		}
		if crowd := c.excess == TooManyProcesses; len(urgent) > 0 != crowd || crowd && (!urgent[0] || urgent[len(urgent)-1]) {
			t.Errorf("excess %v: urgent %v", c.excess, urgent)
		}
		late.Store(false)
		if got = r.hook("next=${hello-none}; hello=next; sleep 0.2"); got.End != Returned || got.Excess != NoExcess || got.Vars["hello"] != "next" {
			t.Errorf("the next hook: %+v", got)
		}
	}
}

// slowProc is a /proc whose first listing takes until hold is closed.
type slowProc struct {
	fs.FS
	hold   chan struct{}
	listed *atomic.Int64
}

func (p slowProc) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "." && p.listed.Add(1) == 1 {
		<-p.hold
	}
	return fs.ReadDir(p.FS, name)
}

// TestExcessWhileProcessesAreLookedAt: beside a crowd the look at each process of a hook took longer than the memory lasted, and its count waited for that look.
func TestExcessWhileProcessesAreLookedAt(t *testing.T) {
	proc := slowProc{hold: make(chan struct{}), listed: new(atomic.Int64)}
	looks := 0 // each finds as many processes more
	r := newRig(t, "/bin/sh", func(config *Config) {
		proc.FS = config.System.Proc
		config.System.Proc = proc
		config.Sample = 10 * time.Millisecond
		config.Resources = func() Resources {
			looks++
			return Resources{500 * mib, 1024 * mib, 50 + 1100*(looks-1)}
		}
	})
	defer close(proc.hold)
	got := r.hook("i=0; while [ $i -lt 600 ]; do sleep 60 & i=$((i + 1)); done; sleep 60")
	if got.End != Stopped || got.Excess != TooManyProcesses {
		t.Errorf("%+v", got)
	}
}
