package dracut

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var calls = flag.Int("calls", 25, "calls of initqueue to compare with dracut's own, for each version and shell")

// shellPackages are the shells beside dash that an image may have.
var shellPackages = []string{"bash", "busybox-static", "libtinfo6"}

// generateCall makes the arguments of the call of initqueue with this number.
func generateCall(number int) []string {
	r := rand.New(rand.NewPCG(36, uint64(number)))
	var args []string
	for range r.IntN(5) {
		switch r.IntN(5) {
		case 0, 1:
			args = append(args, pick(r, []string{"--settled", "--finished", "--timeout", "--online", "--onetime", "--unique"}))
		case 2:
			args = append(args, "--name", pick(r, jobNames))
		case 3:
			args = append(args, "--env", pick(r, envLines))
		case 4:
			args = append(args, "--onetime", "--unique")
		}
	}
	if r.IntN(40) > 0 {
		args = append(args, pick(r, commands))
	}
	for range r.IntN(5) {
		args = append(args, pick(r, arguments))
	}
	return args
}

var (
	jobNames = []string{"", "x", "00resume", "cryptroot-ask-sda1", "x9", "a/b", "a/", `dev\x2fsda`, "-x", "é", "a b", "*", "x\ny"}
	envLines = []string{"netif=eth0", "netif=eth0", "-n", "-n x", "-e", `a=x\ty`, `a=x\\y`, `\0101`, `\c`, "", "x='1 2'", "a=1\nb=2", "\xff", "--"}
	commands = strings.Split(`/sbin/lvm_scan|/sbin/lvm_scan|lvm_scan|modprobe|echo|echo|source_hook|getarg|info|wait_for_dev|true|[|[[|.|:|printf|source|let|if|in|{|}|`+
		`time|function|select|caller|type|ls|mv|udevadm|/sbin|sbin|/|./sbin/lvm_scan|sbin/lvm_scan|/etc/plain|plain|twice|nothing|/nothing|-n|-v|--|--nothing||two words|`+
		`back\\slash|back\slash|new`+"\n"+`line|é`, "|")
	arguments = strings.Split(`8:1|8:1|>|/sys/power/resume|'q q'|"|'|$job|`+"`id`"+`|a\tb|a\\b|\x2f|\x2f|\c|\0101|-n|-e||  |é|`+"\xff|a\nb"+`|*|;|&&|--onetime|--name`, "|")
)

// executables are what the little image holds, and plain files that are none.
var (
	executables = []string{"sbin/lvm_scan", "usr/sbin/modprobe", "bin/echo", "bin/[", "bin/twice", "usr/bin/two words", `bin/back\\slash`, `bin/back\slash`, "bin/new\nline", "usr/bin/é", "bin/time", "bin/info"}
	plainFiles  = []string{"etc/plain", "usr/bin/plain", "usr/sbin/twice", "proc/cmdline"}
)

// newQueue is a root folder with dracut's initqueue, ours beside it, and a shell of its own.
func newQueue(t *testing.T, suite, shell, init string) *tool {
	t.Helper()
	d := newTool(t, suite)
	more := fetch(t, suite, "-shells", shellPackages)
	d.copy(t, filepath.Join(d.root, "bin/sh"), "bin/dash")
	d.copy(t, only(t, more, "bin/bash", "usr/bin/bash"), "bin/bash")
	d.copy(t, only(t, more, "bin/busybox", "usr/bin/busybox"), "bin/busybox")
	d.copy(t, only(t, more, "lib/*/libtinfo.so.6", "usr/lib/*/libtinfo.so.6"), "lib/libtinfo.so.6")
	d.copy(t, only(t, fetch(t, suite, "", packages), "usr/lib/dracut/modules.d/*/initqueue.sh"), "sbin/initqueue")
	for _, name := range executables {
		d.copy(t, filepath.Join(d.root, "bin/dash"), name)
	}
	for _, name := range plainFiles {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(d.root, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(d.root, name), nil, 0o644))
	}
	must(t, os.Remove(filepath.Join(d.root, "bin/sh")))
	must(t, os.Symlink(shell, filepath.Join(d.root, "bin/sh")))
	for _, name := range []string{"mv", "rm", "mkdir", "ln", "sed", "cat"} {
		must(t, os.Symlink("busybox", filepath.Join(d.root, "bin", name)))
	}
	must(t, os.MkdirAll(filepath.Join(d.root, "tmp"), 0o777))
	d.copy(t, init, "ours/initqueue")
	return d
}

// buildInit builds our /init.
func buildInit(t *testing.T) string {
	t.Helper()
	built := filepath.Join(t.TempDir(), "init")
	build := exec.Command("go", "build", "-o", built, "github.com/preroot/preroot/cmd/init")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return built
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// queued is what a call of initqueue did.
type queued struct {
	OK    bool
	Out   string
	Files map[string]string // below initqueue; PID for the process number
}

// call runs a program in the root folder with empty queues, and returns what lies in them.
func (d *tool) call(t *testing.T, hookdir string, argv ...string) queued {
	t.Helper()
	top := filepath.Join(d.root, hookdir, "initqueue")
	must(t, os.RemoveAll(top))
	for _, q := range []string{"settled", "finished", "timeout", "online"} {
		must(t, os.MkdirAll(filepath.Join(top, q), 0o755))
	}
	var out bytes.Buffer
	cmd := exec.Command(argv[0])
	cmd.Args = argv
	cmd.Dir, cmd.Stdout = "/", &out
	cmd.Env = []string{"PATH=/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: d.root}
	namespace(cmd.SysProcAttr)
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatalf("%q: %v", argv, err)
	}
	q := queued{OK: err == nil, Out: out.String(), Files: map[string]string{}}
	pid := fmt.Sprint(cmd.Process.Pid)
	must(t, filepath.WalkDir(top, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		info, _ := e.Info()
		name, _ := filepath.Rel(top, p)
		if base, ok := strings.CutSuffix(name, pid+".sh"); ok {
			name = base + "PID.sh"
		}
		q.Files[name] = fmt.Sprintf("%v %s", info.Mode(), text)
		return err
	}))
	return q
}

// TestInitqueue compares file names, modes, texts and results of our initqueue with those of dracut's, in each shell.
func TestInitqueue(t *testing.T) {
	init := buildInit(t)
	for _, suite := range []string{"bookworm", "trixie", "sid"} {
		for _, shell := range []string{"dash", "bash", "busybox"} {
			t.Run(suite+"/"+shell, func(t *testing.T) { compareCalls(t, suite, shell, init) })
		}
	}
}

// hookdir is where that version writes its hooks.
func (d *tool) hookdir() string {
	if lib, _ := os.ReadFile(filepath.Join(d.root, "lib/dracut-lib.sh")); bytes.Contains(lib, []byte("\nhookdir=/var/lib/dracut/hooks\n")) {
		return "var/lib/dracut/hooks"
	}
	return "lib/dracut/hooks"
}

func compareCalls(t *testing.T, suite, shell, init string) {
	d := newQueue(t, suite, shell, init)
	hookdir := d.hookdir()
	same, accepted, slashes, different := 0, 0, 0, 0
	for i := range *calls {
		args := generateCall(i)
		want := d.call(t, hookdir, append([]string{"/bin/sh", "/sbin/initqueue"}, args...)...)
		got := d.call(t, hookdir, append([]string{"/ours/initqueue"}, args...)...)
		if want.OK {
			accepted++
		}
		if !want.OK && want.Out == "" {
			got.Out = "" // dash dies at a shift too many where there is no command, before the message
		}
		switch diff := cmp.Diff(want, got); {
		case diff == "":
			same++
		case !got.OK && len(got.Files) == 0 && noJob(want):
			slashes++ // dracut cannot write the file either, and does not say so
		default:
			if different++; different <= 10 {
				t.Errorf("dracut %s, %s: initqueue %+q (-dracut +ours):\n%s", d.version, shell, args, diff)
			}
		}
	}
	t.Logf("dracut %s, %s: %d calls, %d accepted: %d same, %d where both write nothing and only ours says so, %d different", d.version, shell, *calls, accepted, same, slashes, different)
	if accepted*3 < *calls {
		t.Error("too few calls were valid")
	}
}

// noJob says whether a call of dracut's initqueue has left no job.
func noJob(q queued) bool {
	delete(q.Files, "work")
	return q.OK && len(q.Files) == 0
}
