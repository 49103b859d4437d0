package hooks

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed loop.sh
var loop []byte

// Config is a hook shell as it is to be.
type Config struct {
	System System
	// Shell is the program, /bin/sh if empty.
	Shell string
	// Dir is where its files and FIFOs lie, a directory of its own.
	Dir string
	// Library are the files that are sourced first, those that exist (/lib/dracut-lib.sh).
	Library []string
	// Before is a function of the library that is called before each hook, "" for none.
	Before string
	// Report names the variables that each result tells (root, rflags, ...).
	Report []string
	// Env is its environment.
	Env []string
	// Input is standard input of hooks, /dev/console if empty.
	Input string
	// Output takes what hooks print, at most 1 MiB of each; it must not block. It may be nil.
	Output func([]byte)
	Patience
}

// Shell is the hook shell. Its process is started by the first request.
type Shell struct {
	c    Config
	turn chan struct{} // holds one token; who has it is served
	out  output
	// What follows belongs to whoever has the turn.
	tap      *tap // of the output; made once
	live     *process
	seq      uint64
	vars     map[string]variable // as they are put back at the next start
	reported map[string]string
	unset    []string
	dir      string
	umask    string
	opts     string
	kept     string // suffix of the newest state file, and the number of the request after which it was written
	keptSeq  uint64
	began    uint64 // number of the first state that this process has written
}

// Errors of requests.
var (
	// ErrShell means that no shell could be started.
	ErrShell = errors.New("the hook shell does not start")
	// ErrName is a variable or function that no shell could have.
	ErrName = errors.New("not a name in a shell")
)

// New gives a shell that is not started yet. An error is ErrName in Config.Report.
func New(c Config) (*Shell, error) {
	c.Patience = c.withDefaults()
	for _, name := range c.Report {
		if !IsName(name) {
			return nil, fmt.Errorf("%w: %q", ErrName, name)
		}
	}
	if c.Shell == "" {
		c.Shell = "/bin/sh"
	}
	if c.Input == "" {
		c.Input = "/dev/console"
	}
	s := &Shell{c: c, turn: make(chan struct{}, 1), vars: map[string]variable{}, reported: map[string]string{}}
	s.out.pass = c.Output
	s.turn <- struct{}{}
	return s, nil
}

// take waits for the turn.
func (s *Shell) take(ctx context.Context) error {
	select {
	case <-s.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Shell) give() { s.turn <- struct{}{} }

// file is a path in the shell's directory.
func (s *Shell) file(name string) string { return path.Join(s.c.Dir, name) }

// start starts the process with its state put back and waits until it is ready. A library that makes a variable read-only which is put back stops a
// shell: then it is put back before the library only.
func (s *Shell) start(ctx context.Context) (err error) {
	for _, twice := range []bool{true, false} {
		if err = s.startOnce(ctx, twice); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (s *Shell) startOnce(ctx context.Context, twice bool) error {
	s.out.next()
	p, err := s.launch(s.startText(twice))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrShell, err)
	}
	s.live, s.began = p, s.seq
	r, _ := s.answer(ctx, s.running(s.c.Shell), p.done)
	if r != nil && r.kind == "ready" {
		s.learn(r)
		s.unset = nil
		return nil
	}
	wait(p.gone, shellAfter)
	message := s.message("")
	s.bury()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: status %d: %s", ErrShell, p.exitStatus(), message)
}

// launch writes the files, makes the FIFOs anew (what the last process left in them is gone with it) and starts the process.
func (s *Shell) launch(start string) (*process, error) {
	if err := errors.Join(s.writeFile("loop", loop), s.writeFile("start", []byte(start))); err != nil {
		return nil, err
	}
	request, err := s.c.System.Channel(s.file("request"))
	if err != nil {
		return nil, err
	}
	answers, err := s.c.System.Channel(s.file("report"))
	if err != nil {
		request.Close()
		return nil, err
	}
	child, err := s.begin()
	if err != nil {
		request.Close()
		answers.Close()
		return nil, err
	}
	return follow(child, request, answers), nil
}

// begin starts the program. The console may be one that cannot be opened (console=null), and a hook may have removed the FIFO for output: who has the
// old one open is still listened to.
func (s *Shell) begin() (child Process, err error) {
	c := Command{Argv: []string{s.c.Shell, "-c", `. "$1/loop"`, "sh", s.c.Dir}, Env: s.c.Env, Dir: "/", Input: s.c.Input, Output: s.file("output")}
	for range 3 {
		if err = s.listen(); err != nil {
			return nil, err
		}
		if child, err = s.c.System.Start(c); err == nil {
			return child, nil
		}
		var failed *fs.PathError
		switch {
		case errors.As(err, &failed) && failed.Path == c.Output:
			s.tap = nil
		case failed != nil && failed.Path == c.Input:
			c.Input = "/dev/null"
		default:
			return nil, err
		}
	}
	return nil, err
}

// listen makes the FIFO for what hooks print, once.
func (s *Shell) listen() error {
	if s.tap != nil {
		return nil
	}
	channel, err := s.c.System.Channel(s.file("output"))
	if err == nil {
		s.tap = newTap("output of hooks", channel, s.out.take)
	}
	return err
}

// running is what is known of a hook that is about to begin. Children that the shell has by then are not the hook's.
func (s *Shell) running(name string) running {
	pid := s.live.PID()
	return running{
		sys: s.c.System, name: name, leader: pid, began: time.Now(), earlier: procs{s.c.System.Proc}.children(pid),
		patience: s.c.Patience, asked: syscall.SIGUSR1,
	}
}

// answer waits for the report on a request, or for the end of the process: then the report is nil.
func (s *Shell) answer(ctx context.Context, run running, done <-chan struct{}) (*report, ended) {
	how := run.await(ctx, done)
	return s.live.answered(), how
}

// bury closes what belonged to a process that has ended, or that cannot be ended.
func (s *Shell) bury() {
	if !s.live.ended() {
		_ = s.c.System.Signal(s.live.PID(), syscall.SIGKILL)
		wait(s.live.gone, shellAfter)
	}
	s.live.request.Close()
	s.live.answers.channel.Close()
	s.live, s.kept = nil, ""
}

// startText is the file that the shell reads first: how to report, what is put back, the library, and once more what is put back, since the library may set it.
func (s *Shell) startText(twice bool) string {
	var b strings.Builder
	b.WriteString("_pr_seq=" + strconv.FormatUint(s.seq, 10) + "\n")
	b.WriteString("_pr_tell() {\n\t{\n\t\tcommand printf '%s\\0' \"$_pr_seq\" \"$1\" \"$2\" \"$_pr_kept\" \"d$PWD\" \"o$-\"")
	for _, name := range s.c.Report {
		fmt.Fprintf(&b, " ${%s+\"%s=$%s\"}", name, name, name)
	}
	b.WriteString("\n\t\tcommand umask\n\t\tcommand printf '\\0\\0'\n\t} > \"$_pr_dir/report\"\n}\n_pr_calm\n")
	back := s.backText()
	b.WriteString(back)
	for _, file := range s.c.Library {
		fmt.Fprintf(&b, "if [ -f %s ]; then . %s; fi\n", Quote(file), Quote(file))
	}
	if twice {
		b.WriteString(back)
	}
	return b.String()
}

// backText puts variables, directory and umask back.
func (s *Shell) backText() string {
	var b strings.Builder
	for _, name := range s.unset {
		b.WriteString("unset " + name + "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(s.vars)) {
		b.WriteString(assignment(name, s.vars[name]))
	}
	if s.umask != "" {
		b.WriteString("command umask " + s.umask + "\n")
	}
	if s.dir != "" {
		b.WriteString("command cd " + Quote(s.dir) + " 2> /dev/null || command cd /\n")
	}
	return b.String()
}

// assignment is the line that sets a variable whose name is one.
func assignment(name string, v variable) string {
	text := ""
	if v.set {
		text = name + "=" + Quote(v.value) + "\n"
	}
	if v.exported {
		text += "export " + name + "\n"
	}
	return text
}

// learn takes over what a report tells.
func (s *Shell) learn(r *report) {
	s.reported, s.dir, s.umask, s.opts = r.vars, r.dir, r.umask, r.opts
	if r.kept != s.kept {
		s.kept, s.keptSeq = r.kept, r.seq
	}
}

// recover reads what a process that is gone has kept, so that the next one gets it. Where the file is not whole (no space was left) it is what was kept before that, or put back last, with
// the variables of the last report.
func (s *Shell) recover() {
	text, _ := s.c.System.Files.ReadFile(s.file("state." + s.kept))
	if usable(string(text), s.keptSeq) {
		s.vars, _ = parseState(string(text), strconv.FormatUint(s.keptSeq, 10))
	} else if text, number, _ := s.newestState(); text != "" && number >= s.began {
		s.vars, _ = parseState(text, strconv.FormatUint(number, 10))
		if number == s.seq { // the hook has removed the others, and could not report
			s.reported = s.reportOf(s.vars)
		}
	}
	for _, name := range s.c.Report {
		value, set := s.reported[name]
		if !restorable(name) {
			continue
		}
		if v := s.vars[name]; set {
			s.vars[name] = variable{value, true, v.exported}
		} else {
			delete(s.vars, name)
			s.unset = append(s.unset, name)
		}
	}
}

// Close ends the shell, without its traps: dracut's own shell is replaced at this point. What hooks have started goes on.
func (s *Shell) Close(ctx context.Context) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.give()
	if s.live != nil {
		_ = s.c.System.Signal(s.live.PID(), syscall.SIGKILL)
		s.bury()
	}
	if s.tap != nil {
		s.tap.channel.Close()
		s.tap = nil
	}
	return nil
}
