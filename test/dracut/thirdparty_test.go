package dracut

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/pkg/hooks"
)

var (
	hookLines   = flag.Int("hooklines", 0, "command lines to run each hook of dracut's modules with; 0 runs every eighth hook with one of them")
	hookOnly    = flag.String("hook", "", "run the hooks whose line in hooks.txt matches this regular expression alone")
	hookBox     = flag.String("hookbox", "", "the program test/dracut/hookbox, if it is built already")
	newHookList = flag.Bool("hooklist", false, "write hooks.txt anew, and run nothing")
)

// boxSpec and boxResult are those of test/dracut/hookbox.
type boxSpec struct {
	Image, Shell, Cmdline, Model, Stage, Hook string
	Args                                      []string
	Files, Vars                               map[string]string
	Exported                                  []string
}

type boxResult struct {
	Ended                             string
	Status                            int
	Set, Exported, Place, Output, Log string
	Files                             map[string]string
}

// outcome is what is compared.
type outcome struct {
	Ended     string
	Status    int
	Variables map[string]string
	Exported  []string
	Place     string
	Output    []string
	Log       []string
	Files     map[string]string
}

// TestThirdPartyHooks runs every hook of dracut's modules, and of other packages for dracut, under a model of dracut's init and under the hook shell of /init, in the same
// image: the same variables, exit status, files, calls of programs and lines must come of it.
func TestThirdPartyHooks(t *testing.T) {
	if *newHookList {
		writeHookList(t)
		return
	}
	box := buildHookBox(t)
	var table hookTable
	for _, suite := range []string{"bookworm", "trixie", "sid"} {
		t.Run(suite, func(t *testing.T) { compareHooks(t, newHookImage(t, suite), box, &table) })
	}
	table.finish(t)
}

func buildHookBox(t *testing.T) string {
	t.Helper()
	if *hookBox != "" {
		return *hookBox
	}
	box := filepath.Join(t.TempDir(), "hookbox")
	build := exec.Command("go", "build", "-o", box, "github.com/preroot/preroot/test/dracut/hookbox")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return box
}

// compareHooks runs the hooks of a suite.
func compareHooks(t *testing.T, image hookImage, box string, table *hookTable) {
	wanted := regexp.MustCompile(*hookOnly)
	var list []hookScript
	for h := range image.hooks {
		if wanted.MatchString(h.String()) {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, func(a, b hookScript) int { return strings.Compare(a.String(), b.String()) })
	queue := make(chan hookScript)
	var wait sync.WaitGroup
	for range 4 * runtime.NumCPU() {
		wait.Go(func() {
			for h := range queue {
				for _, line := range linesFor(h, list) {
					table.add(t, hookRow{h, line.name, image.version, image.compare(t, box, h, line)})
				}
			}
		})
	}
	for n, h := range list {
		if *hookLines > 0 || *hookOnly != "" || n%8 == 0 {
			queue <- h
		}
	}
	close(queue)
	wait.Wait()
	if *hookOnly == "" {
		image.findSeeded(t, box, list)
	}
}

// seededBoots are mistakes of a boot that the comparison must find.
var seededBoots = map[string]func(*boxSpec){
	"root is another":      func(s *boxSpec) { s.Vars["root"] += "x" },
	"root is not exported": func(s *boxSpec) { s.Exported = nil },
	"a file is left":       func(s *boxSpec) { s.Files["/run/left"] = "" },
}

// findSeeded has each mistake made under our shell, with a hook of a stage where root is exported.
func (i hookImage) findSeeded(t *testing.T, box string, list []hookScript) {
	t.Helper()
	n := slices.IndexFunc(list, func(h hookScript) bool { return h.stage == "pre-udev" })
	stock, err := i.spec(list[n], bootLines[0])
	must(t, err)
	stock.Model = i.model(list[n], stock)
	want, err := i.run(t.TempDir(), box, stock)
	must(t, err)
	for _, name := range sortedKeys(seededBoots) {
		s, err := i.spec(list[n], bootLines[0])
		must(t, err)
		seededBoots[name](&s)
		got, err := i.run(t.TempDir(), box, s)
		must(t, err)
		if cmp.Equal(want.outcome(), got.outcome()) {
			t.Errorf("%s: not found", name)
		}
	}
}

// linesFor are the command lines for a hook.
func linesFor(h hookScript, list []hookScript) []bootLine {
	if *hookLines == 0 {
		n := slices.Index(list, h) % len(bootLines)
		return bootLines[n : n+1]
	}
	return bootLines[:min(*hookLines, len(bootLines))]
}

// compare runs a hook under both, and gives the difference.
func (i hookImage) compare(t *testing.T, box string, h hookScript, line bootLine) (difference string) {
	s, err := i.spec(h, line)
	if err != nil {
		t.Error(err)
		return err.Error()
	}
	ours, err := i.run(t.TempDir(), box, s)
	if err != nil {
		t.Errorf("%s, %s, under our shell: %v", h, line.name, err)
		return err.Error()
	}
	s.Model = i.model(h, s)
	stock, err := i.run(t.TempDir(), box, s)
	if err != nil {
		t.Errorf("%s, %s, under the model of dracut's init: %v", h, line.name, err)
		return err.Error()
	}
	want, got := stock.outcome(), ours.outcome()
	if strings.Contains(line.cmdline, "rd.debug") { // the trace is one of the functions too, and those are not the same
		want.Output, got.Output = nil, nil
	}
	sameCommandLine(want, &got)
	return cmp.Diff(want, got)
}

// sameCommandLine passes over how the variable CMDLINE differs on purpose: ours is set before each hook, dracut's when a hook calls getarg outside of $(...); and
// there is a blank at its end, before the fourth source, which the old versions have not.
func sameCommandLine(want outcome, got *outcome) {
	theirs, known := want.Variables["CMDLINE"]
	switch {
	case !known:
		delete(got.Variables, "CMDLINE")
		got.Exported = slices.DeleteFunc(got.Exported, func(name string) bool { return name == "CMDLINE" })
	case strings.TrimSuffix(got.Variables["CMDLINE"], " '")+"'" == theirs:
		got.Variables["CMDLINE"] = theirs
	}
}

// laterVars are the variables that the boot has set when the stages after cmdline run.
func laterVars(line bootLine, stage string) (vars map[string]string, exported []string) {
	vars = map[string]string{"root": line.root}
	if stage == "cmdline" {
		vars["root"] = ""
		for _, word := range strings.Fields(line.cmdline) {
			if value, is := strings.CutPrefix(word, "root="); is {
				vars["root"] = strings.Trim(value, `"`)
			}
		}
		return vars, nil
	}
	vars["rootok"] = "1"
	for name, value := range map[string]string{"netroot": line.netroot, "fstype": line.fstype, "rflags": line.rflags} {
		if value != "" {
			vars[name] = value
		}
	}
	exported = []string{"root", "netroot", "fstype", "rflags"}
	if strings.HasPrefix(stage, "initqueue") {
		vars["main_loop"], vars["RDRETRY"] = "7", "360"
		exported = append(exported, "main_loop", "RDRETRY")
	}
	return vars, exported
}

func (i hookImage) spec(h hookScript, line bootLine) (boxSpec, error) {
	text, err := os.ReadFile(i.hooks[h])
	if err != nil {
		return boxSpec{}, err
	}
	s := boxSpec{Image: i.root, Shell: "dash", Cmdline: line.cmdline, Stage: h.stage, Hook: h.name, Files: map[string]string{}}
	if first, _, _ := strings.Cut(string(text), "\n"); strings.Contains(first, "bash") {
		s.Shell = "bash"
	}
	for name, text := range line.files {
		s.Files[name] = text
	}
	for _, stage := range hooks.Stages {
		s.Files[filepath.Join(i.hookdir, stage, ".keep")] = ""
	}
	s.Files[filepath.Join(i.hookdir, h.stage, h.name)] = string(text)
	if line.fails {
		s.Files["/.fails"] = ""
	}
	s.Vars, s.Exported = laterVars(line, h.stage)
	switch h.stage {
	case "initqueue/online", "netroot":
		s.Args = []string{"eth0"}
	case "shutdown":
		s.Args = []string{""}
	}
	return s, nil
}

// run runs a box.
func (i hookImage) run(work, box string, s boxSpec) (r boxResult, err error) {
	in, err := json.Marshal(s)
	if err != nil {
		return r, err
	}
	var out, diagnostics bytes.Buffer
	cmd := exec.Command(box, work)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &diagnostics
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC}
	namespace(cmd.SysProcAttr)
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("%w: %.500s", err, diagnostics.String())
	}
	return r, json.Unmarshal(out.Bytes(), &r)
}

// outcome takes from a result what differs between two runs of one and the same thing.
func (r boxResult) outcome() outcome {
	o := outcome{
		Ended: r.Ended, Status: r.Status, Variables: map[string]string{}, Place: r.Place,
		Output: printedLines(r.Output), Log: printedLines(r.Log), Files: map[string]string{},
	}
	for _, entry := range entries(r.Set) {
		name, value, _ := strings.Cut(entry, "=")
		if hooks.IsName(name) && !ownOfShell(name) {
			o.Variables[name] = normal(value)
		}
	}
	for _, entry := range entries(r.Exported) {
		name, _, _ := strings.Cut(entry[strings.LastIndexByte(strings.SplitN(entry, "=", 2)[0], ' ')+1:], "=")
		if !ownOfShell(name) {
			o.Exported = append(o.Exported, name)
		}
	}
	slices.Sort(o.Exported)
	for _, name := range sortedKeys(r.Files) {
		text := r.Files[name]
		if strings.HasPrefix(name, "run/initramfs/preroot") || strings.HasSuffix(name, "/.keep") || strings.HasPrefix(text, "d") && slices.Contains(ownDirectories, name) {
			continue
		}
		if name == "run/initramfs/rdsosreport.txt" { // the machine outside is in it
			text = ""
		}
		name = normal(name)
		for ; o.Files[name] != ""; name += " and another" { // two jobs that differ by the process number alone
		}
		o.Files[name] = normal(text)
	}
	if r.Ended == "hung" { // where it stood is a matter of time
		return outcome{Ended: "hung"}
	}
	return o
}

// entries cuts the output of set into one text for each variable: a newline inside quotes belongs to its value.
func entries(text string) (list []string) {
	begin, quote := 0, byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote == 0 && c == '\n':
			list, begin = append(list, text[begin:i]), i+1
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
			if c == '\'' && i > 0 && text[i-1] == '$' {
				quote = '$'
			}
		case c == '\\' && quote != '\'':
			i++
		case c == quote || quote == '$' && c == '\'':
			quote = 0
		}
	}
	return list
}

// ownVariables are those of the shell itself, of the model, and of the loops of dracut's init in which hooks stand.
var ownVariables = strings.Fields(`_ IFS OPTIND OPTERR PPID PWD OLDPWD LINENO FUNCNAME RANDOM SRANDOM SECONDS EPOCHSECONDS EPOCHREALTIME UID EUID GROUPS SHELLOPTS BASHOPTS
	DIRSTACK PIPESTATUS HISTCMD SHLVL POSIXLY_CORRECT HOSTNAME HOSTTYPE MACHTYPE OSTYPE TERM job f hook dir pattern _dir PS4`)

func ownOfShell(name string) bool {
	return slices.Contains(ownVariables, name) || strings.HasPrefix(name, "_pr_") || strings.HasPrefix(name, "_st_") || strings.HasPrefix(name, "BASH")
}

var (
	processNumber = regexp.MustCompile(`(^|[^0-9])4[0-9]{4}([^0-9]|$)`)
	whereInShell  = regexp.MustCompile(`^[^ ]*: (line )?[0-9]+: `)
)

// ownDirectories are those in which the files of the hook shell lie.
var ownDirectories = []string{"run", "run/initramfs"}

// normal takes process numbers out of a text.
func normal(s string) string {
	for processNumber.MatchString(s) {
		s = processNumber.ReplaceAllString(s, "${1}PID${2}")
	}
	return s
}

// printedLines are what was printed, without the trace of rd.debug and the place in the text that a shell names in its messages.
func printedLines(text string) (list []string) {
	for line := range strings.Lines(text) {
		line = whereInShell.ReplaceAllString(strings.TrimRight(line, "\n"), "")
		if strings.HasPrefix(line, "//") { // so the old versions write the path of a hook
			line = line[1:]
		}
		if !strings.HasPrefix(line, "+") {
			list = append(list, normal(line))
		}
	}
	return list
}

// model is what dracut's init does around a hook of that stage, in our words: the version's own library and functions are used.
func (i hookImage) model(h hookScript, s boxSpec) string {
	var b strings.Builder
	b.WriteString(`_st_end() {
	{ set +efuvxC; trap - 0; } 2> /dev/null
	printf '%s\n' "$1" > /.box/end
	printf '%s\n' "$2" > /.box/status
	. /.box/dump
	exit 0
}
NEWROOT=/sysroot
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
RD_DEBUG=
. /lib/dracut-lib.sh
setdebug
trap '_st_end exited "$?"' 0
. /usr/lib/initrd-release
source_conf /etc/conf.d
export NEWROOT
`)
	if strings.HasPrefix(i.version, "059") {
		b.WriteString("export UDEVRULESD=/run/udev/rules.d\n")
	}
	for _, name := range sortedKeys(s.Vars) {
		b.WriteString(name + "=" + quote(s.Vars[name]) + "\n")
		if slices.Contains(s.Exported, name) {
			b.WriteString("export " + name + "\n")
		}
	}
	path := quote(filepath.Join(i.hookdir, h.stage, h.name))
	switch h.stage {
	case "initqueue", "initqueue/settled", "initqueue/timeout":
		b.WriteString("for job in " + path + "; do\n\tjob=$job . \"$job\"\n\t_st_status=$?\ndone\n")
	case "mount":
		b.WriteString("for f in " + path + "; do\n\t[ -f \"$f\" ] && . \"$f\"\n\t_st_status=$?\ndone\n")
	case "initqueue/finished", "shutdown":
		b.WriteString("( . " + path + " \"$@\" )\n_st_status=$?\n")
	default:
		b.WriteString("source_hook " + h.stage + " \"$@\"\n_st_status=$?\n")
	}
	b.WriteString("_st_end returned \"$_st_status\"\n")
	return b.String()
}
