package hooks

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// badHook is a hook of bad character, and what must become of it. A status of -1 is any but 0.
type badHook struct {
	fault, text string
	end         End
	status      int
	message     string // part of the message
}

// any is a status that differs between shells.
const anyStatus = -1000

var badHooks = []badHook{
	{"K01 status 1", "false", Returned, 1, ""},
	{"K01 status 255", "return 255", Returned, 255, ""},
	{"K02 exit", "hello=bye; exit 7", Exited, 7, ""},
	{"K02 exit 0", "exit", Exited, 0, ""},
	{"K02 exit in a function, descriptors turned", "f() { exit 9; }; { f; } >/dev/full 2>&1 </dev/null", Exited, 9, ""},
	{"set -e", "set -e; false; hello=wrong", Exited, 1, ""},
	{"set -e left behind", "set -eu; :", Returned, 0, ""},
	{"set -u", "set -u; : $undefined_xyz; hello=wrong", Exited, anyStatus, "undefined_xyz"},
	{"options left behind", "set -fuxC; IFS=:; set -v", Returned, 0, ""},
	{"trap on EXIT", "trap 'echo gone >&2' EXIT; exit 4", Gone, 4, "gone"},
	{"trap left behind", "trap 'hello=trapped' EXIT USR1; :", Returned, 0, ""},
	{"ignored signals", "trap '' INT TERM HUP QUIT USR1 USR2; :", Returned, 0, ""},
	{"K03 syntax error", "hello=1\nif then\nfi\n", Exited, anyStatus, "hook.sh"},
	{"K03 open quote", "echo 'never closed\n", anyEnd, anyStatus, "hook.sh"},
	{"K03 missing file", ". /no/such/file.sh; hello=wrong", Exited, anyStatus, "/no/such/file.sh"},
	{"read-only", "readonly rflags=r; rflags=x; hello=wrong", Exited, anyStatus, "rflags"},
	{"K04 reads stdin", "cat; read -r x; :", Returned, 0, ""},
	{"K05 exec", "exec sh -c 'exit 5'", Gone, 5, ""},
	{"K05 exec of nothing", "exec /no/such/program", anyEnd, anyStatus, "/no/such/program"},
	{"kill", "kill $$; sleep 1", Gone, -15, ""},
	{"kill -9", "kill -9 $$", Gone, -9, ""},
	{"kill of the session", "kill -9 0", Gone, -9, ""},
	{"segmentation fault", "kill -SEGV $$", Gone, -11, ""},
	{"closed descriptors", "exec 0<&- 1>&- 2>&- 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-", Returned, 0, ""},
	{"descriptors left open", "exec 3>/dev/null 4<&0 9>/dev/null; exec >/dev/full 2>&1", Returned, 0, ""},
	{"K12 child that keeps descriptors", "sleep 600 & echo $! >> $T/children", Returned, 0, ""},
	{"K12 child that ignores", "(trap '' HUP TERM; exec sleep 600) & echo $! >> $T/children", Returned, 0, ""},
	{"K13 output", "dd if=/dev/zero bs=1000000 count=20 2>/dev/null | tr '\\0' '\\33'", Returned, 0, ""},
	{"K14 environment", "PATH=/nowhere; IFS=x; export LANG=xx_YY; PS4='$(exit 3)'; alias printf=false read=false; :", Returned, 0, ""},
	{"functions over builtins", "printf() { :; }; read() { exit 3; }; cd() { :; }; umask() { :; }; :", Returned, 0, ""},
	{"K15 interpreter", "#!/no/such/interpreter\nhello=sourced", Returned, 0, ""},
	{"loop control", "break; continue; break 5; :", Returned, 0, ""},
	{"positional arguments", "set -- a b; shift 2; :", Returned, 0, ""},
	{"own variables", "_pr_status=99; _pr_seq=4; _pr_kept=x; unset _pr_after; PWD=/wrong; :", anyEnd, 0, ""},
	{"bytes that are no text", "hello=$(printf '\\001\\200\\377')\n\001\377 2>/dev/null\n:", Returned, 0, ""},
	{"its own file", "rm -f $T/hook.sh; :", Returned, 0, ""},
	{"its directory", "rm -rf $T/shell; :", anyEnd, anyStatus, ""},
	{"deep recursion of sourcing", "n=$((${n-0} + 1)); [ $n -gt 50 ] || . $T/hook.sh; n=0", Returned, 0, ""},
}

// anyEnd is for hooks that attack what is ours: only the next hook counts.
const anyEnd End = -1

// TestBadHooks runs every bad hook in one shell after the other; after each, a good hook finds what was there.
func TestBadHooks(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		r.hook("root='block:/dev/x y'; export rootok=1")
		for _, bad := range badHooks {
			r.hook("unset hello rflags; PATH=/usr/sbin:/usr/bin:/sbin:/bin; exit 0")
			began := time.Now()
			got := r.hook(bad.text)
			if bad.end != anyEnd && got.End != bad.end || bad.status != anyStatus && got.Status != bad.status {
				t.Errorf("%s: end %d status %d, want %d %d (%q)", bad.fault, got.End, got.Status, bad.end, bad.status, got.Message)
			}
			if !strings.Contains(got.Message+got.Tail, bad.message) || got.Vars["hello"] == "wrong" {
				t.Errorf("%s: message %q, hello %q", bad.fault, got.Message, got.Vars["hello"])
			}
			good := r.hook("hello=$1$root", "good ")
			if good.End != Returned || good.Status != 0 || good.Vars["hello"] != "good block:/dev/x y" || good.Vars["rootok"] != "1" || strings.ContainsAny(good.Options, "efux") {
				t.Errorf("%s: the next hook: %+v", bad.fault, good)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%s took %v", bad.fault, took)
			}
		}
		r.killChildren()
	})
}

// killChildren ends what hooks left behind on purpose; their processes are named in a file.
func (r *rig) killChildren() {
	list, _ := os.ReadFile(filepath.Join(r.dir, "children"))
	for _, word := range strings.Fields(string(list)) {
		pid, _ := strconv.Atoi(word)
		_ = realSystem().Signal(pid, 9)
	}
}

// TestBadEnds are hooks that never end by themselves; the context ends them.
func TestBadEnds(t *testing.T) {
	endless := map[string]string{
		"child that hangs":          "hello=before; sleep 600; hello=wrong",
		"child that ignores":        "hello=before; (trap '' TERM; sleep 600; sleep 600); hello=wrong",
		"loop":                      "hello=before; while :; do :; done",
		"loop that ignores signals": "trap '' USR1 TERM; while :; do :; done",
		"exec":                      "exec sleep 600",
		"pipe":                      "hello=before; sleep 600 | cat",
		"waits for a FIFO":          "hello=before; mkfifo $T/p; read -r x < $T/p",
		"stopped":                   "hello=before; kill -STOP $$",
	}
	eachShell(t, func(t *testing.T, sh string) {
		for name, text := range endless {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, sh, nil)
				r.hook("root=r; sleep 600 & echo $! > $T/children; hello=$!")
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				began := time.Now()
				got, err := r.Run(ctx, Hook{Path: r.write("endless.sh", text)})
				if err != nil || got.End != Stopped || strings.HasPrefix(text, "hello=before") && got.Vars["hello"] != "before" || got.Vars["root"] != "r" {
					t.Errorf("%+v %v", got, err)
				}
				if took := time.Since(began); took > 6*time.Second {
					t.Errorf("it took %v", took)
				}
				good := r.hook("kill -0 $(cat $T/children) || root=ended; hello=$root")
				if good.End != Returned || good.Vars["hello"] != "r" {
					t.Errorf("the next hook: %+v", good)
				}
				r.killChildren()
			})
		}
	})
}

// TestKillBetweenHooks: a shell that dies while nobody asks costs nobody anything.
func TestKillBetweenHooks(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		for range 5 {
			r.hook("root=kept")
			_ = realSystem().Signal(r.live.PID(), 9)
			if got := r.hook("hello=$root"); got.End != Returned || got.Vars["hello"] != "kept" {
				t.Errorf("%+v", got)
			}
		}
	})
}

// TestManyHooks is K16's number: 500 hooks, some of them bad.
func TestManyHooks(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		path, bad := r.write("n.sh", "n=$((${n-0} + 1)); hello=$n"), r.write("bad.sh", "n=$(($n + 1)); hello=$n; exit 1")
		var got Result
		for i := range 500 {
			h := Hook{Path: path}
			if i%50 == 49 {
				h.Path = bad
			}
			var err error
			if got, err = r.Run(t.Context(), h); err != nil {
				t.Fatal(err)
			}
		}
		if got.Vars["hello"] != "500" {
			t.Errorf("%+v", got)
		}
	})
}

// TestClosedStreams: a standard stream that a hook has closed is there again for the next one, wherever it has led; one that it has turned elsewhere stays there, as under dracut.
func TestClosedStreams(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		r.hook("exec 0<&- 1>&- 2>&- 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-")
		got := r.hook(`echo out; echo err >&2; read -r hello; hello=$?; : > $T/new; echo more`)
		if got.End != Returned || got.Tail != "out\nerr\nmore\n" || got.Vars["hello"] != "1" {
			t.Errorf("after all were closed: %+v", got)
		}
		r.hook("exec 2>&-")
		if got := r.hook(`echo out; echo err >&2`); got.Tail != "out\nerr\n" {
			t.Errorf("after 2 was closed: %+v", got)
		}
		r.hook("exec > $T/elsewhere")
		if got := r.hook(`echo out; echo err >&2`); got.Tail != "err\n" {
			t.Errorf("after 1 was turned elsewhere: %+v", got)
		}
	})
}

// TestDirectoryRemoved: a hook removes what the hook shell needs, which ends with it; what the hooks before have set, and that one too, is there again.
func TestDirectoryRemoved(t *testing.T) {
	eachShell(t, func(t *testing.T, sh string) {
		r := newRig(t, sh, nil)
		r.hook("plain='a b'; root=old")
		if got := r.hook("root=new; rm -rf $T/shell/*; :"); got.End == Returned {
			t.Errorf("it returned: %+v", got)
		}
		if got := r.hook(`hello="$plain $root"`); got.Vars["hello"] != "a b new" || got.Vars["root"] != "new" {
			t.Errorf("the next hook finds %+v", got)
		}
	})
}
