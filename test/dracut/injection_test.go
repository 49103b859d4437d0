package dracut

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/pkg/boot"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/rescue"
	"github.com/preroot/preroot/pkg/timeline"
)

var injections = flag.Int("injections", 100, "hostile values to send through everything that is written")

// alarm is a command that shows that a value was run as code: a line more in the file that canary names.
const alarm = "echo x>>CANARY"

// hostilePieces are what values are made of. There is no word among them that a shell could run, but the alarm: what is executed by mistake does no harm.
var hostilePieces = []string{
	"$(" + alarm + ")", "`" + alarm + "`", ";" + alarm + ";", "';" + alarm + ";'", `";` + alarm + `;"`, "\n" + alarm + "\n", "&&" + alarm + "&&", "||" + alarm + "||", "|" + alarm,
	"&" + alarm + "&", "${q:-$(" + alarm + ")}", "$((q[$(" + alarm + ")]))", "'$(" + alarm + ")'", `"$(` + alarm + `)"`, "\\'$(" + alarm + ")", "\r" + alarm, "\n" + alarm + " #",
	"'\n" + alarm + "\n'", "$'\\'" + alarm, ")" + alarm + "(", "}" + alarm + "{", "\x00" + alarm,
	"'", "'", `"`, "\\", "\\'", "`", "$", "$(", ")", "${", "}", ";", "&", "|", "<", ">", "(", "#", "!", "*", "?", "[", "]", "~", "=", "%s", "%n", "%", "\\x27", "\\0047", "\\x2f", "\\c", "$env{q}", "%E{q}",
	"\n", "\r", "\t", " ", " ", "\v", "\f", "\b", "\x1b[2J", "\x1b]0;q\a", "\x7f", "\u0080", "\u202e", "\u200b", "\xff", "\xc3", "\xc3\x28", "\xf0\x9f", "\u00e9", "\u20ac", "--", "-q", "q", "Q", "9", "a=b", "_pr_end='1'",
	"<0>q", "\n<0>q: ", "DRACUT_LOG_END", "EOF", "\nEOF\n",
}

// hostileValue is the value with this number; its alarm writes to canary.
func hostileValue(number int, canary string) string {
	r := rand.New(rand.NewPCG(77, uint64(number)))
	var b strings.Builder
	for range 1 + r.IntN(8) {
		b.WriteString(pick(r, hostilePieces))
	}
	if number%97 == 0 {
		piece := pick(r, hostilePieces) // no longer than a variable of a process can be, 128 KiB (execve(2))
		b.WriteString(strings.Repeat(piece, 3000/len(piece)))
	}
	return strings.ReplaceAll(b.String(), "CANARY", canary)
}

func hostileValues(canary string) (list []string) {
	for i := range *injections {
		list = append(list, hostileValue(i, canary))
	}
	return list
}

// alarms says how often an alarm ran.
func alarms(t *testing.T, canary string) int {
	t.Helper()
	text, err := os.ReadFile(canary)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Count(string(text), "x")
}

// beforeNUL is as much of a value as a shell can hold.
func beforeNUL(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}

// assigned has a shell read assignments written with quote; it counts alarms, and values that came out as another.
func assigned(t *testing.T, d *tool, values []string, quote func(string) string) (executed, changed int) {
	t.Helper()
	_ = os.Remove(filepath.Join(d.root, "canary"))
	for begin := 0; begin < len(values); begin += 500 {
		part := values[begin:min(begin+500, len(values))]
		var script strings.Builder
		for _, v := range part {
			// A file of its own for each value: a syntax error costs one.
			fmt.Fprintf(&script, "v=\n(\n. /v/%d 2>/null\nprintf '%%s\\0' \"$v\" >&3\n) || printf '\\0' >&3\n", begin)
			d.write(t, fmt.Sprintf("v/%d", begin), "v="+quote(v)+"\n")
			begin++
		}
		begin -= len(part)
		_, read := d.shell(t, script.String())
		got := strings.Split(read, "\x00")
		for i, v := range part {
			if i >= len(got) || got[i] != beforeNUL(v) {
				changed++
			}
		}
	}
	return alarms(t, filepath.Join(d.root, "canary")), changed
}

// badQuotes are defects of Quote that the test must find.
var badQuotes = map[string]func(string) string{
	"forgets every quote but the first": func(s string) string { return "'" + strings.Replace(beforeNUL(s), "'", `'\''`, 1) + "'" },
	"escapes by a backslash":            func(s string) string { return "'" + strings.ReplaceAll(beforeNUL(s), "'", `\'`) + "'" },
	"uses double quotes":                func(s string) string { return `"` + strings.ReplaceAll(beforeNUL(s), `"`, `\"`) + `"` },
	"quotes only what has a blank": func(s string) string {
		if strings.ContainsAny(s, " \n") {
			return hooks.Quote(s)
		}
		return beforeNUL(s)
	},
}

// TestInjectionQuote: what Quote writes is the value again in each shell, and nothing of it runs; a Quote with a defect is found.
func TestInjectionQuote(t *testing.T) {
	values := hostileValues("/canary")
	for _, shell := range shellNames() {
		d := ownTool(t, shell)
		executed, changed := assigned(t, d, values, hooks.Quote)
		t.Logf("%s: %d values, %d executed, %d changed", shell, len(values), executed, changed)
		if executed+changed > 0 {
			t.Errorf("%s: %d executed, %d changed", shell, executed, changed)
		}
		for _, name := range sortedKeys(badQuotes) {
			executed, changed := assigned(t, d, values[:min(50, len(values))], badQuotes[name])
			if executed+changed == 0 {
				t.Errorf("%s: a Quote that %s is not found: %d executed, %d changed", shell, name, executed, changed)
			}
		}
	}
}

// TestInjectionShell: values as variables, exported or not, as arguments, as names of hooks, in the state that is put back after a kill, and in what the hook reports.
func TestInjectionShell(t *testing.T) {
	for _, name := range []string{"dash", "bash", "busybox"} {
		t.Run(name, func(t *testing.T) { t.Parallel(); injectShell(t, name) })
	}
}

func injectShell(t *testing.T, name string) {
	program, err := exec.LookPath(name)
	must(t, err)
	dir := t.TempDir()
	sh, canary := filepath.Join(dir, "sh"), filepath.Join(dir, "canary")
	must(t, os.Symlink(program, sh))
	must(t, os.MkdirAll(filepath.Join(dir, "hooks"), 0o755))
	shell, err := hooks.New(hooks.Config{
		System: *boot.Real(klog.New(nil, false)).Hooks, Shell: sh, Dir: filepath.Join(dir, "shell"), Report: []string{"root", "plain", "argument", "child", "number"},
		Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, Input: "/dev/null",
	})
	must(t, err)
	defer func() { must(t, shell.Close(context.Background())) }()
	for i, value := range hostileValues(canary) {
		file := hookFile(value)
		show := filepath.Join(dir, "hooks", file)
		must(t, os.WriteFile(show, []byte(`argument=$1 number=$#; child=$(sh -c 'printf "%s." "$root"')`), 0o644))
		must(t, shell.Set(t.Context(), hooks.Var{Name: "root", Value: value, Export: true}, hooks.Var{Name: "plain", Value: value}))
		if i%5 == 0 {
			_, err := shell.Call(t.Context(), "kill", "-9", "0") // its own session
			must(t, err)
		}
		r, err := shell.Run(t.Context(), hooks.Hook{Path: show, Args: []string{value, file}})
		must(t, err)
		must(t, os.Remove(show))
		v := beforeNUL(value)
		if r.End != hooks.Returned || r.Vars["root"] != v || r.Vars["plain"] != v || r.Vars["argument"] != v || r.Vars["child"] != v+"." || r.Vars["number"] != "2" {
			t.Fatalf("%+q: %+v", value, r)
		}
		if alarms(t, canary) > 0 {
			t.Fatalf("%+q was executed", value)
		}
	}
}

// hookFile is the name of a hook made of a value.
func hookFile(value string) string {
	value = strings.ReplaceAll(beforeNUL(value), "/", "_")
	return value[:min(len(value), 200)] + ".sh"
}

// TestInjectionPrograms: values in the environment and in the files of hooks that are programs.
func TestInjectionPrograms(t *testing.T) {
	dir := t.TempDir()
	must(t, syscall.Mount("none", dir, "tmpfs", 0, "")) // what lies on / itself is read-only for programs
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	canary := filepath.Join(dir, "canary")
	program := filepath.Join(dir, "hook")
	must(t, os.WriteFile(program, []byte("#!/bin/sh\ncd "+hooks.Quote(dir)+"\n[ \"${root+set}\" ] || exec cp env/root environment # too long for a variable\nprintf '%s' \"$root\" > environment\ncmp environment env/root || echo differ >> canary\n"), 0o755))
	var printed []string
	programs := hooks.Programs{System: *boot.Real(klog.New(nil, false)).Hooks, Dir: dir, EnvDir: filepath.Join(dir, "env"), Line: func(l string) { printed = append(printed, l) }}
	for _, value := range hostileValues(canary) {
		v := beforeNUL(value)
		must(t, programs.Values(map[string]string{"root": v}))
		r, err := programs.Run(t.Context(), program, value[:min(len(v), 100)])
		must(t, err)
		got, err := os.ReadFile(filepath.Join(dir, "environment"))
		must(t, err)
		if r.End != hooks.Returned || r.Status != 0 || string(got) != v || len(printed) > 0 {
			t.Fatalf("%+q: %+v %q %q", value, r, got, printed)
		}
	}
	if _, err := os.Stat(canary); err == nil {
		t.Error("a value was executed, or a file differs from the environment")
	}
}

// sink takes records of the log.
type sink struct{ bytes.Buffer }

// Close is nothing.
func (*sink) Close() error { return nil }

// terminalCode says what a terminal could take for more than text; "" for nothing.
func terminalCode(s string) string {
	if !utf8.ValidString(s) {
		return "not UTF-8"
	}
	for _, r := range s {
		if r != '\n' && r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e {
			return fmt.Sprintf("%+q", r)
		}
	}
	return ""
}

// ownRecord is a record of the log as we write it.
var ownRecord = regexp.MustCompile(`^<4>preroot: [^\n]*$`)

// TestInjectionLog: what is told of values, in the log, the report and the record of the boot, is text and nothing else; nobody can write a record of his own.
func TestInjectionLog(t *testing.T) {
	var out sink
	log := klog.New(func() (io.WriteCloser, error) { return &out, nil }, false)
	go log.Serve()
	for _, value := range hostileValues("/canary") {
		out.Reset()
		log.Warnf("a disk: %s", value)
		log.Flush(time.Minute)
		if out.Len() == 0 {
			t.Fatalf("%+q: the log has nothing", value)
		}
		for line := range strings.Lines(out.String()) {
			if !ownRecord.MatchString(strings.TrimSuffix(line, "\n")) || terminalCode(line) != "" {
				t.Fatalf("%+q: the log has %+q", value, line)
			}
		}
		r := rescue.Report{Stage: "mount", Reason: value, Awaited: value, Hints: []string{value}, KernelLog: "<3>" + value, CommandLine: value, Damaged: value, Refused: []string{value},
			Undriven: []string{value}, Unready: []string{value}, Dropped: value, Devices: []*device.Device{{Name: value, Node: value}}, Sections: []rescue.Section{{Title: value, Text: value}}}
		if code := terminalCode(r.Text()); code != "" {
			t.Fatalf("%+q: the report has %s", value, code)
		}
		for _, line := range r.Lines() {
			if code := terminalCode(klog.Record(klog.Err, line)); code != "" {
				t.Fatalf("%+q: the screen has %s", value, code)
			}
		}
		spans := timeline.New(0)
		spans.Start("hook", value)(nil)
		list, err := timeline.Parse(spans.Text())
		if err != nil || len(list) != 1 || terminalCode(spans.Text()) != "" {
			t.Fatalf("%+q: the timeline is %+q: %v", value, spans.Text(), err)
		}
	}
}

// TestInjectionReport: the applets rdsosreport and loginit over the same values.
func TestInjectionReport(t *testing.T) {
	d := &tool{root: t.TempDir()}
	init := buildInit(t)
	d.copy(t, init, "sbin/rdsosreport")
	values := strings.Join(hostileValues("/canary"), "\n")
	for _, name := range []string{"proc/cmdline", "etc/cmdline", "etc/cmdline.d/a.conf", "proc/mounts", "etc/conf.d/a.conf", "proc/mdstat", "run/initramfs/init.log"} {
		d.write(t, name, values)
	}
	for i := range min(*injections, 1000) {
		dir := filepath.Join(d.root, "dev/disk/by-label")
		must(t, os.MkdirAll(dir, 0o755))
		_ = os.Symlink(hookFile(hostileValue(i, "/canary")), filepath.Join(dir, hookFile(hostileValue(i, "/canary"))))
	}
	if got := d.program(t, nil, "/sbin/rdsosreport"); got.Status != 0 {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(filepath.Join(d.root, "run/initramfs/rdsosreport.txt"))
	must(t, err)
	if code := terminalCode(string(text)); code != "" || len(text) < len(values) {
		t.Errorf("the report has %s in %d bytes", code, len(text))
	}
	if alarms(t, filepath.Join(d.root, "canary")) > 0 {
		t.Error("a value was executed")
	}
}

// libraryWriters are the functions of the hook library that write a value into a script which is sourced later.
var libraryWriters = []string{`wait_for_dev "$v"`, `wait_for_dev "$v" 5`, `wait_for_mount "$v"`, `(die "$v")`, `set_systemd_timeout_for_dev "$v" 5`}

// longestName bounds what the functions get, in bytes: to replace each of 3,000 backslashes takes bash hours.
const longestName = 300

// TestInjectionLibrary: the scripts that our library writes do not run what they were given.
func TestInjectionLibrary(t *testing.T) {
	for _, shell := range shellNames() {
		t.Run(shell, func(t *testing.T) { t.Parallel(); injectLibrary(t, ownTool(t, shell)) })
	}
}

func injectLibrary(t *testing.T, d *tool) {
	for _, dir := range []string{"initqueue/finished", "initqueue/timeout", "emergency", "shutdown-emergency"} {
		must(t, os.MkdirAll(filepath.Join(d.root, "var/lib/dracut/hooks", dir), 0o755))
	}
	d.write(t, "proc/cmdline", "rd.shell=0\n")
	d.write(t, "null", "")
	n := 0
	for values := range slices.Chunk(hostileValues("/canary"), 500) {
		var script strings.Builder
		script.WriteString("export hookdir=/var/lib/dracut/hooks\n. /lib/dracut-lib.sh >/null 2>&1\nwarn() { :; }\n")
		for i, value := range values {
			d.write(t, fmt.Sprintf("v/%d", i), "v="+hooks.Quote(value[:min(len(value), longestName)])+"\n")
			fmt.Fprintf(&script, "{ . /v/%d\n%s\n} >/null 2>&1 </null\nfor f in $hookdir/*/*.sh $hookdir/*/*/*.sh; do [ -e \"$f\" ] || continue; ( . \"$f\" ) >/null 2>&1 </null; rm -f \"$f\"; done\n",
				i, strings.Join(libraryWriters, "\n"))
		}
		if out, _ := d.shell(t, script.String()+"printf done >&3\n"); out != "" {
			t.Fatalf("it printed %q", out)
		}
		n += len(values)
	}
	if got := alarms(t, filepath.Join(d.root, "canary")); got > 0 {
		t.Errorf("%d executed", got)
	}
	t.Logf("%d values through %d functions", n, len(libraryWriters))
}

// TestInjectionInitqueue: the arguments of initqueue are shell text by contract. What dracut's own executes of them, when the job is queued and when it is sourced, is what ours does.
func TestInjectionInitqueue(t *testing.T) {
	init := buildInit(t)
	for _, suite := range []string{"bookworm", "trixie", "sid"} {
		t.Run(suite, func(t *testing.T) { injectInitqueue(t, newQueue(t, suite, "dash", init)) })
	}
}

func injectInitqueue(t *testing.T, d *tool) {
	hookdir := d.hookdir()
	canary := filepath.Join(d.root, "canary")
	texts := map[string][]string{}
	programs := map[string][]string{"dracut": {"/bin/sh", "/sbin/initqueue"}, "ours": {"/ours/initqueue"}}
	for i := range *injections {
		args := hostileCall(i)
		for _, side := range []string{"dracut", "ours"} {
			q := d.call(t, hookdir, append(programs[side][:len(programs[side]):len(programs[side])], args...)...)
			if alarms(t, canary) > 0 {
				t.Fatalf("%s initqueue %+q has executed a value when it was called", side, args)
			}
			text := ""
			for name, t := range q.Files {
				if _, body, is := strings.Cut(t, " "); is && name != "work" {
					text += body
				}
			}
			texts[side] = append(texts[side], text)
		}
	}
	dracut, ours := d.sourced(t, texts["dracut"]), d.sourced(t, texts["ours"])
	total, different := [2]int{}, 0
	for i := range dracut {
		total[0] += dracut[i]
		total[1] += ours[i]
		if dracut[i] != ours[i] {
			if different++; different < 5 {
				t.Errorf("initqueue %+q: dracut's executes %d, ours %d\n%q\n%q", hostileCall(i), dracut[i], ours[i], texts["dracut"][i], texts["ours"][i])
			}
		}
	}
	t.Logf("%s: %d calls; executed when sourced: dracut's %d, ours %d; %d different", d.version, *injections, total[0], total[1], different)
	if total[0] == 0 {
		t.Error("nothing was executed: the canary is dead")
	}
}

// hostileCall are arguments of initqueue made of values.
func hostileCall(number int) []string {
	r := rand.New(rand.NewPCG(78, uint64(number)))
	value := func() string { return beforeNUL(hostileValue(r.IntN(1<<30)*2+1, "/canary")) }
	args := []string{pick(r, []string{"--settled", "--finished", "--timeout", "--onetime", "--unique"})}
	if r.IntN(3) == 0 {
		args = append(args, "--name", strings.ReplaceAll(value(), "/", "_"))
	}
	if r.IntN(3) == 0 {
		args = append(args, "--env", value())
	}
	args = append(args, pick(r, []string{"echo", "true", "/sbin/lvm_scan", "info"}))
	for range r.IntN(4) {
		args = append(args, value())
	}
	return args
}

// sourced sources jobs, each in a subshell and in a directory of its own, since what one leaves there another may read, and says how many alarms each gave.
func (d *tool) sourced(t *testing.T, jobs []string) (counts []int) {
	t.Helper()
	must(t, errors.Join(os.RemoveAll(filepath.Join(d.root, "canary")), os.RemoveAll(filepath.Join(d.root, "jobs"))))
	var script strings.Builder
	for i, text := range jobs {
		d.write(t, fmt.Sprintf("jobs/%d", i), text)
		must(t, os.Mkdir(filepath.Join(d.root, fmt.Sprintf("jobs/%d.d", i)), 0o755))
		// The pipe is closed when all that the job has started has ended, in the background too.
		fmt.Fprintf(&script, "( cd /jobs/%d.d; job=/jobs/%d; . $job ) </jobs/none 2>&1 | while read -r _; do :; done\necho '<end>' >>/canary\n", i, i)
	}
	d.write(t, "jobs/none", "")
	d.write(t, "jobs/all", script.String())
	cmd := exec.Command("/bin/sh", "/jobs/all")
	cmd.Dir, cmd.Env = "/", []string{"PATH=/bin", "LD_LIBRARY_PATH=/lib"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: d.root}
	namespace(cmd.SysProcAttr)
	must(t, cmd.Run())
	text, err := os.ReadFile(filepath.Join(d.root, "canary"))
	must(t, err)
	for job := range strings.SplitSeq(strings.TrimSuffix(string(text), "<end>\n"), "<end>\n") { // between the ends a job may have written anything
		n := 0
		for line := range strings.Lines(job) {
			if strings.HasPrefix(line, "x") {
				n++
			}
		}
		counts = append(counts, n)
	}
	if len(counts) != len(jobs) {
		t.Fatalf("%d of %d jobs", len(counts), len(jobs))
	}
	return counts
}
