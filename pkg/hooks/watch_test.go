package hooks

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// watchCases are samples every 10 s of a hook with the rule of 30 and 90 s. A sample is a list of processes PID:CPU:WROTE, with t when it
// types; "?" is a session that cannot be looked at.
var watchCases = []struct {
	name    string
	limit   time.Duration
	expires int // from which second the deadline has passed, -1 never
	samples string
	want    string // what happens in which second
}{
	{"idle for ever, deadline passed", 90 * time.Second, 0, strings.Repeat("1:5:5,", 12), "30 report; 60 report; 90 report; 100 end"},
	{"idle, deadline later", 90 * time.Second, 115, strings.Repeat("1:5:5,", 13), "30 report; 60 report; 90 report; 120 report end"},
	{"idle, no deadline", 90 * time.Second, -1, strings.Repeat("1:5:5,", 13), "30 report; 60 report; 90 report; 120 report"},
	{"limit 0 is never", 0, 0, strings.Repeat("1:5:5,", 13), "30 report; 60 report; 90 report; 120 report"},
	{"CPU used once", 90 * time.Second, 0, strings.Repeat("1:5:5,", 5) + strings.Repeat("1:6:5,", 10), "30 report; 60 report; 90 report; 120 report; 150 report end"},
	{"writes", 90 * time.Second, 0, strings.Repeat("1:5:5,", 5) + strings.Repeat("1:5:6,", 10), "30 report; 60 report; 90 report; 120 report; 150 report end"},
	{"forks", 90 * time.Second, 0, strings.Repeat("1:5:5,", 5) + strings.Repeat("1:5:5 2:0:0,", 10), "30 report; 60 report; 90 report; 120 report; 150 report end"},
	{"a child ended", 90 * time.Second, 0, strings.Repeat("1:5:5 2:0:0,", 5) + strings.Repeat("1:5:5,", 5), "30 report; 60 report; 90 report; 100 end"},
	{"somebody may type", 90 * time.Second, 0, strings.Repeat("1:5:5 2:1:1:t,", 12), "30 report; 60 report; 90 report; 120 report"},
	{"not to be looked at", 90 * time.Second, 0, strings.Repeat("?,", 12), "30 report; 60 report; 90 report; 120 report"},
	{"limit of 10 s", 10 * time.Second, 0, strings.Repeat("1:5:5,", 2), "20 end"},
	{"always busy", 90 * time.Second, 0, "1:1:0,1:2:0,1:3:0,1:4:0,1:5:0,1:6:0,1:7:0,1:8:0,1:9:0,1:10:0,1:11:0,1:12:0,", "30 report; 60 report; 90 report; 120 report"},
}

func TestWatch(t *testing.T) {
	for _, c := range watchCases {
		w := Watch{Report: 30 * time.Second, Limit: c.limit}
		var got []string
		for i, text := range strings.Split(strings.TrimSuffix(c.samples, ","), ",") {
			second := (i + 1) * 10
			report, end := w.Look(time.Duration(second)*time.Second, readSamples(text), text != "?", c.expires >= 0 && second >= c.expires)
			if words := strings.Join(slices.DeleteFunc([]string{cond(report, "report"), cond(end, "end")}, func(s string) bool { return s == "" }), " "); words != "" {
				got = append(got, fmt.Sprintf("%d %s", second, words))
			}
			if end {
				break
			}
		}
		if text := strings.Join(got, "; "); text != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, text, c.want)
		}
	}
}

func cond(is bool, word string) string {
	if is {
		return word
	}
	return ""
}

func readSamples(text string) (list []Sample) {
	for _, word := range strings.Fields(text) {
		var s Sample
		if _, err := fmt.Sscanf(word, "%d:%d:%d", &s.PID, &s.CPU, &s.Wrote); err == nil {
			s.Typing = strings.HasSuffix(word, ":t")
			list = append(list, s)
		}
	}
	return list
}

// TestProcs reads a /proc that is made up.
func TestProcs(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	link := func(text string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(text), Mode: os.ModeSymlink | 0o777}
	}
	stat := func(name, state string, session, user, start int) *fstest.MapFile {
		return file(fmt.Sprintf("9 (%s) %s 1 7 %d 0 -1 0 0 0 0 0 %d 2 0 0 20 0 1 0 %d 0 0\n", name, state, session, user, start))
	}
	read := readCall[runtime.GOARCH]
	proc := procs{fstest.MapFS{
		"uptime": file("12.34 5.6\n"),
		"7/stat": stat("sh) S 1 (x", "S", 7, 3, 500), "7/cmdline": file("/bin/sh\x00-c\x00\x00"), "7/wchan": file("do_wait"), "7/task/7/children": file("8 12 "),
		"8/stat": stat("cat", "S", 7, 0, 501), "8/schedstat": file("123456 7 8\n"), "8/io": file("rchar: 1\nwchar: 99\n"), "8/syscall": file(read + " 0x0 0x7 0x1\n"), "8/fd/0": link("/dev/console"), "8/cmdline": file("cat\x00"),
		"9/stat": stat("cat", "S", 7, 0, 502), "9/syscall": file(read + " 0x3 0x7 0x1\n"), "9/fd/3": link("pipe:[5]"),
		"10/stat": stat("ask", "S", 7, 0, 503), "10/syscall": file(pollCalls[runtime.GOARCH][0] + " 0x1\n"), "10/fd/0": link("/dev/console"), "10/fd/4": link("/dev/tty1"),
		"11/stat": stat("settle", "S", 7, 0, 504), "11/syscall": file(pollCalls[runtime.GOARCH][0] + " 0x1\n"), "11/fd/0": link("/dev/console"), "11/wchan": file("do_epoll_wait"),
		"12/stat": stat("dd", "D", 7, 0, 505), "12/wchan": file("io_schedule"),
		// A shell for a person, in a session of its own on a terminal, and what it runs; a program that asks through another one.
		"16/stat": file("16 (sh) S 7 16 16 1025 16 0 0 0 0 0 1 2 0 0 20 0 1 0 506 0 0\n"), "17/stat": file("17 (vi) S 16 17 16 1025 17 0 0 0 0 0 1 2 0 0 20 0 1 0 507 0 0\n"),
		"18/stat": file("18 (daemon) S 7 18 18 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 508 0 0\n"), "19/stat": stat("plymouth", "S", 7, 0, 509), "19/cmdline": file("/usr/bin/plymouth\x00"),
		"13/stat": stat("dead", "Z", 7, 0, 505), "14/stat": stat("other", "S", 14, 0, 505), "15/stat": file("broken"), "self/stat": stat("x", "R", 7, 0, 1),
	}}
	list, ok := proc.family(7)
	if !ok {
		t.Fatal("not read")
	}
	var got []string
	for _, s := range list {
		got = append(got, fmt.Sprintf("%d %d %d %d %v %q %s", s.PID, s.Start, s.CPU, s.Wrote, s.Typing, s.Argv, s.Waits))
	}
	want := []string{
		`7 500 5 0 false ["/bin/sh" "-c" ""] do_wait`, `8 501 123456 99 true ["cat"] read of /dev/console`, `9 502 2 0 false ["[cat]"] read of pipe:[5]`,
		`10 503 2 0 true ["[ask]"] a key`, `11 504 2 0 false ["[settle]"] do_epoll_wait`, `12 505 2 0 false ["[dd]"] the kernel, not to be interrupted, io_schedule`,
		`16 506 3 0 true ["[sh]"] `, `17 507 3 0 true ["[vi]"] `, `18 508 3 0 false ["[daemon]"] `, `19 509 2 0 true ["/usr/bin/plymouth"] `,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := proc.ticks(); n != 1234 {
		t.Errorf("%d ticks", n)
	}
	if got := proc.children(7); !slices.Equal(got, []int{8, 12}) {
		t.Errorf("children %v", got)
	}
	if _, ok := (procs{fstest.MapFS{}}).family(7); ok {
		t.Error("an empty /proc was read")
	}
}

// TestSlowHooks: a real hook that waits is reported with its processes, and ended when the deadline has passed; one that works is not.
func TestSlowHooks(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		var mu sync.Mutex
		var seen []Slow
		r := newRig(t, sh, func(c *Config) {
			c.Patience = Patience{Report: 300 * time.Millisecond, Sample: 50 * time.Millisecond, Limit: 700 * time.Millisecond,
				Expired: func() bool { return true },
				Slow: func(s Slow) {
					mu.Lock()
					defer mu.Unlock()
					seen = append(seen, s)
				}}
		})
		got := r.hook("hello=before; sleep 600; hello=wrong")
		if got.End != Stopped || got.Vars["hello"] != "before" {
			t.Errorf("idle: %+v", got)
		}
		mu.Lock()
		if len(seen) < 2 || !seen[len(seen)-1].Ending || filepath.Base(seen[0].Hook) != "hook.sh" || !slices.ContainsFunc(seen[0].Processes, func(s Sample) bool {
			return strings.Join(s.Argv, " ") == "sleep 600" && s.Waits != ""
		}) {
			t.Errorf("reports: %+v", seen)
		}
		mu.Unlock()
		got = r.hook("end=$(($(date +%s) + 2)); while [ $(date +%s) -lt $end ]; do :; done; hello=worked")
		if got.End != Returned || got.Vars["hello"] != "worked" {
			t.Errorf("busy: %+v", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.Run(ctx, Hook{Path: "/x.sh"}); err == nil {
			// The turn may be taken before the context is looked at; then the hook is ended.
			t.Log("ran with a context that was over")
		}
	})
}
