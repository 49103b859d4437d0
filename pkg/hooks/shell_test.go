package hooks

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSharing: hooks share what sourced scripts share.
func TestSharing(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		if err := r.Set(t.Context(), Var{Name: "root", Value: "it's\n$(reboot)`reboot`\\", Export: true}); err != nil {
			t.Fatal(err)
		}
		got := r.hook("local a=1\nplain=x; export rootok=1; f() { hello=$plain; }; cd /usr; umask 077\nhello=\"$1|$2|$#\"\nreturn 3", "one", "t w o")
		if got.End != Returned || got.Status != 3 || got.Vars["hello"] != "one|t w o|2" || got.Dir != "/usr" {
			t.Errorf("first: %+v", got)
		}
		if got.Vars["root"] != "it's\n$(reboot)`reboot`\\" {
			t.Errorf("root is %q", got.Vars["root"])
		}
		got = r.hook("f; rflags=$(umask)$#; [ \"${job+x}\" ] && rflags=job; env | grep -q '^rootok=1' && NEWROOT=exported; printf 'no newline'")
		if got.Vars["hello"] != "x" || !strings.HasSuffix(got.Vars["rflags"], "0770") || got.Vars["NEWROOT"] != "exported" || got.Status != 0 {
			t.Errorf("second: %+v", got)
		}
		if !strings.HasSuffix(r.printed(), "no newline") || got.Tail != "no newline" {
			t.Errorf("printed %q", r.printed())
		}
		got, err := r.Call(t.Context(), "lib_hello", "you; exit")
		if err != nil || got.Status != 4 || got.Vars["hello"] != "lib you; exit" {
			t.Errorf("call: %+v %v", got, err)
		}
	})
}

func TestJobAndVotes(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		path := r.write("a job.sh", "hello=$job; rflags=$(env | grep ^job=)\nrm \"$job\"")
		got, err := r.Run(t.Context(), Hook{Path: path, Job: true})
		if err != nil || got.Vars["hello"] != path || got.Vars["rflags"] != "job="+path {
			t.Errorf("job: %+v %v", got, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("a job could not remove itself")
		}
		for text, want := range map[string]int{"true": 0, "false": 1, "exit 0": 0, "exit 9": 9, "return 4": 4, "local a; [ -e /usr ]": 0, "hello=voted; set -e; false": 1} {
			got, err := r.Vote(t.Context(), Hook{Path: r.write("vote.sh", text), Job: true})
			if err != nil || got.End != Returned || got.Status != want || got.Vars["hello"] != path {
				t.Errorf("vote %q: %+v %v", text, got, err)
			}
		}
		got, err = r.Vote(t.Context(), Hook{Path: r.write("count.sh", "[ \"$main_loop\" = 10 ] && env | grep -q ^main_loop=10"), Set: []Var{{Name: "main_loop", Value: "10", Export: true}}})
		if err != nil || got.End != Returned || got.Status != 0 {
			t.Errorf("a vote that counts: %+v %v", got, err)
		}
		got, err = r.Vote(t.Context(), Hook{Path: "/no/such.sh"})
		if err != nil || got.End != Returned || got.Status == 0 {
			t.Errorf("missing vote: %+v %v", got, err)
		}
	})
}

// TestSetAndUnset: before the shell runs, while it does, and against a hook that made the variable read-only.
func TestSetAndUnset(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		set := func(v Var) {
			t.Helper()
			if err := r.Set(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
		set(Var{Name: "rflags", Value: "early"})
		if got := r.hook(":"); got.Vars["rflags"] != "early" {
			t.Errorf("early: %+v", got)
		}
		set(Var{Name: "rflags", Value: "late"})
		set(Var{Name: "hello", Value: ""})
		got := r.hook("readonly rflags")
		if v, is := got.Vars["hello"]; got.Vars["rflags"] != "late" || !is || v != "" {
			t.Errorf("late: %+v", got)
		}
		set(Var{Name: "rflags", Value: "again"})
		set(Var{Name: "hello", Unset: true})
		got = r.hook(":")
		if _, is := got.Vars["hello"]; got.Vars["rflags"] != "again" || is {
			t.Errorf("read-only: %+v", got)
		}
		if err := r.Set(t.Context(), Var{Name: "a;reboot"}); err == nil {
			t.Error("a name that is none was taken")
		}
	})
}

// TestStateAfterRestart: what is put back, for every way in which a shell can go.
func TestStateAfterRestart(t *testing.T) {
	ways := map[string]string{"exit": "exit 0", "kill": "kill -9 $$", "exec": "exec true", "trap": "trap 'exit 3' EXIT; exit 1"}
	eachShell(t, func(t *testing.T, sh string) {
		for way, text := range ways {
			r := newRig(t, sh, nil)
			r.hook("plain=\"a'b\nexport fake=1\"; empty=; export exported=\"x  $(printf '\\001\\377')\"; export rootok=yes; root=block:/dev/x; readonly ro=5; cd /usr/bin; umask 027; unset RD_DEBUG")
			r.hook(text)
			got := r.hook("printf '%s' \"$plain|${empty-unset}|$ro|${fake-none}\" > $T/plain; env > $T/env; rflags=$(umask); ro=6; lib_hello again")
			plain, _ := os.ReadFile(filepath.Join(r.dir, "plain"))
			if string(plain) != "a'b\nexport fake=1||5|none" {
				t.Errorf("%s: plain variables are %q", way, plain)
			}
			env, _ := os.ReadFile(filepath.Join(r.dir, "env"))
			if !strings.Contains(string(env), "\nexported=x  \001\377\n") || strings.Contains(string(env), "\nplain=") || !strings.Contains(string(env), "rootok=yes") {
				t.Errorf("%s: environment is %q", way, env)
			}
			if got.End != Returned || got.Dir != "/usr/bin" || got.Vars["root"] != "block:/dev/x" || !strings.HasSuffix(got.Vars["rflags"], "027") || got.Vars["hello"] != "lib again" {
				t.Errorf("%s: %+v", way, got)
			}
		}
	})
}

// TestStateNotWritten: where the files of the state cannot be written (no space), what the reports told is put back.
func TestStateNotWritten(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		r.hook("export root=old rootok=1; rflags=gone")
		r.hook("rm -f $T/shell/state.*; mkdir $T/shell/state.0 $T/shell/state.1; root=new; unset rflags; plain=lost")
		if got := r.hook("kill -9 $$"); got.End != Gone || got.Vars["root"] != "new" {
			t.Errorf("killed: %+v", got)
		}
		got := r.hook("hello=${plain-lost}${rflags-unset}")
		if got.End != Returned || got.Vars["root"] != "new" || got.Vars["rootok"] != "1" || got.Vars["hello"] != "lostunset" {
			t.Errorf("%+v", got)
		}
	})
}

// TestDescriptors: what hooks start has plain blocking descriptors, and none of ours.
func TestDescriptors(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		got := r.hook("hello=$(sh -c 'for f in /proc/$$/fd/*; do echo \"${f##*/} $(readlink $f)\"; done')")
		for line := range strings.Lines(got.Vars["hello"]) {
			if number, file, _ := strings.Cut(strings.TrimSpace(line), " "); strings.Contains(file, r.dir) && number != "2" {
				t.Errorf("descriptor %s is %s", number, file)
			}
		}
		got = r.hook("rflags=$(grep -h ^flags /proc/self/fdinfo/2)")
		if flags := strings.TrimSpace(strings.TrimPrefix(got.Vars["rflags"], "flags:")); !strings.HasSuffix(flags, "100002") {
			t.Errorf("flags of standard error are %q, want O_RDWR|O_LARGEFILE", flags)
		}
	})
}

func TestShellThatDoesNotStart(t *testing.T) {
	r := newRig(t, "/no/such/shell", nil)
	if _, err := r.Run(t.Context(), Hook{Path: "/x.sh"}); err == nil {
		t.Error("no error")
	}
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		r.write("lib.sh", "echo 'lib broken' >&2; exit 3")
		_, err := r.Run(t.Context(), Hook{Path: "/x.sh"})
		if err == nil || !strings.Contains(err.Error(), "lib broken") {
			t.Errorf("error is %v", err)
		}
		r.write("lib.sh", "readonly rflags=lib")
		if err := r.Set(t.Context(), Var{Name: "plain", Value: "p"}); err != nil {
			t.Fatal(err)
		}
		r.hook("hello=before; exit")
		if got := r.hook("rootok=$hello$plain"); got.Vars["rootok"] != "beforep" || got.Vars["rflags"] != "lib" {
			t.Errorf("after a library with a read-only variable: %+v", got)
		}
	})
}

// TestTrace: with rd.debug hooks are traced, the loop is not.
func TestTrace(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		r.hook("RD_DEBUG=yes; PS4='+ '")
		got := r.hook("hello=traced")
		if got.End != Returned || !strings.Contains(got.Tail, "+ hello=traced") || strings.Contains(got.Tail, "printf") || strings.Contains(got.Tail, "_pr_tell") {
			t.Errorf("%+v", got)
		}
	})
}

// TestWithoutConsole: where the console cannot be opened (console=null) hooks read nothing, but run.
func TestWithoutConsole(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, func(c *Config) { c.Input = "/dev/no-such-console" })
		if got := r.hook("hello=$(readlink /proc/self/fd/0)"); got.Vars["hello"] != "/dev/null" {
			t.Errorf("%+v", got)
		}
	})
}

// TestOneAtATime: requests from many goroutines are served one by one, and a context ends the wait for the turn.
func TestOneAtATime(t *testing.T) {
	r := newRig(t, shellPath(t, "dash"), nil)
	path := r.write("count.sh", "n=$((${n-0} + 1)); hello=$n")
	done := make(chan error)
	for range 20 {
		go func() {
			_, err := r.Run(context.Background(), Hook{Path: path})
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := r.hook(":"); got.Vars["hello"] != "20" {
		t.Errorf("%+v", got)
	}
	<-r.turn
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Run(ctx, Hook{Path: path}); err == nil {
		t.Error("a turn was given twice")
	}
	r.give()
}
