package hooks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// End is how a hook came to its end.
type End int

// Returned: the shell goes on. Exited: the hook ended the shell (exit, or an error that ends a shell, such as a syntax error), which could
// still report. Gone: the shell ended without a word (exec, a signal, a trap of the hook's own). Stopped: we ended it.
const (
	Returned End = iota
	Exited
	Gone
	Stopped
)

// Result is what became of a request.
type Result struct {
	End End
	// Status is the exit status; after Gone that of the process, or the negative number of the signal that ended it.
	Status int
	// Vars are the variables of Config.Report that are set now; after Gone, as they were before.
	Vars map[string]string
	// Dir is the shell's directory, Options its flags ($-).
	Dir, Options string
	// Message is what the shell said last if the hook did not return: a line that names the file if there is one. It is foreign text, as is Tail, the end of
	// what was printed; Lost is how many bytes of it were not passed on to Config.Output.
	Message, Tail string
	Lost          int
	// Excess says what the hook took so much of that it was stopped.
	Excess Excess
	Took   time.Duration
}

// Hook is a script to be sourced.
type Hook struct {
	Path string
	// Args are its positional arguments.
	Args []string
	// Set are variables that it finds.
	Set []Var
	// Job says that the variable job holds its path, and is exported (stages of initqueue).
	Job bool
}

// Var is a variable to be set, or removed.
type Var struct {
	Name, Value   string
	Export, Unset bool
}

// Run sources a hook. An error means that it did not run: the shell does not start, or the context ended before the hook's turn.
func (s *Shell) Run(ctx context.Context, h Hook) (Result, error) {
	return s.serve(ctx, h.Path, setText(h.Set)+s.hookText(h)+"\n", true)
}

// Vote sources a hook in a subshell, so that nothing of it stays; status 0 means yes (initqueue/finished).
func (s *Shell) Vote(ctx context.Context, h Hook) (Result, error) {
	return s.serve(ctx, h.Path, setText(h.Set)+"(\n"+s.hookText(h)+"\n)\n", false)
}

func (s *Shell) hookText(h Hook) string {
	text := "unset job\n"
	if h.Job {
		text = "job=" + Quote(h.Path) + "\nexport job\n"
	}
	if s.c.Before != "" {
		text += s.c.Before + "\n"
	}
	return text + "_pr_hook " + words(append([]string{h.Path}, h.Args...))
}

func words(list []string) string {
	quoted := make([]string, len(list))
	for i, w := range list {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}

// Call calls a function of the library, or a program.
func (s *Shell) Call(ctx context.Context, function string, args ...string) (Result, error) {
	return s.serve(ctx, function, words(append([]string{function}, args...))+"\n", true)
}

// Set sets variables. Where no shell runs none is started: they are there when it starts. What a hook has made read-only is set all the same, in a new
// shell.
func (s *Shell) Set(ctx context.Context, vars ...Var) error {
	for _, v := range vars {
		if !restorable(v.Name) {
			return fmt.Errorf("%w: %q", ErrName, v.Name)
		}
	}
	if err := s.take(ctx); err != nil {
		return err
	}
	defer s.give()
	if s.live != nil && !s.live.ended() {
		result, _, err := s.request(ctx, "variables", setText(vars), true)
		if err != nil || result.End == Returned {
			return err
		}
	}
	s.tidy()
	for _, v := range vars {
		s.note(v)
	}
	return nil
}

func setText(vars []Var) string {
	var b strings.Builder
	for _, v := range vars {
		if v.Unset {
			b.WriteString("unset " + v.Name + "\n")
		} else {
			b.WriteString(assignment(v.Name, variable{v.Value, true, v.Export}))
		}
	}
	return b.String()
}

// note remembers a variable for the next start.
func (s *Shell) note(v Var) {
	if v.Unset {
		delete(s.vars, v.Name)
		delete(s.reported, v.Name)
		s.unset = append(s.unset, v.Name)
		return
	}
	s.unset = slices.DeleteFunc(s.unset, func(name string) bool { return name == v.Name })
	was := s.vars[v.Name]
	s.vars[v.Name] = variable{v.Value, true, v.Export || was.exported}
}

// serve waits for the turn, sees to it that a shell runs, and has it do text. A shell that ended before it began with that gets a successor.
func (s *Shell) serve(ctx context.Context, name, text string, keep bool) (result Result, err error) {
	if err := s.take(ctx); err != nil {
		return result, err
	}
	defer s.give()
	for range 2 {
		s.tidy()
		if s.live == nil {
			if err := s.start(ctx); err != nil {
				return result, err
			}
		}
		var taken bool
		if result, taken, err = s.request(ctx, name, text, keep); taken || err != nil {
			break
		}
	}
	return result, err
}

// tidy puts away a process that ended while nobody asked it anything.
func (s *Shell) tidy() {
	if s.live != nil && s.live.ended() {
		s.lost(s.live.last())
	}
}

// lost is the end of the process: what can be known of its state is taken over. r is its last word, nil if it had none.
func (s *Shell) lost(r *report) {
	if r != nil {
		s.learn(r)
	}
	s.recover()
	s.bury()
}

// request has the shell that runs do text, and judges the outcome; taken is false when it ended before it began.
func (s *Shell) request(ctx context.Context, name, text string, keep bool) (result Result, taken bool, err error) {
	after := "same\n"
	if keep {
		after = "keep\n"
	}
	s.seq++
	s.out.next()
	work := "_pr_seq=" + strconv.FormatUint(s.seq, 10) + "\n" + text
	if err := s.writeFile("work", []byte(work)); err != nil {
		return result, true, err
	}
	run, done := s.running(name), s.live.expect()
	if _, err := s.live.request.Write([]byte(after)); err != nil {
		return result, true, err
	}
	r, how := s.answer(ctx, run, done)
	if r == nil || r.kind == "exited" {
		wait(s.live.gone, shellAfter) // it has said its last word
	}
	taken = how.stopped || !s.live.untaken()
	result = s.judge(r, how)
	result.Took = time.Since(run.began)
	s.tap.drain()
	result.Tail, result.Lost = s.out.ended()
	if result.End != Returned {
		result.Message = s.message(name)
	}
	return result, taken, nil
}

// judge tells how a request ended, and puts away the process if that is at its end.
func (s *Shell) judge(r *report, how ended) Result {
	var result Result
	switch {
	case r != nil && r.kind == "done":
		result = Result{End: Returned, Status: r.status}
		s.learn(r)
	case r != nil && s.live.exitStatus() >= 0:
		result = Result{End: Exited, Status: r.status}
		s.lost(r)
	default:
		result = Result{End: Gone, Status: s.live.exitStatus()}
		s.lost(s.live.last())
	}
	if how.stopped {
		result.End, result.Excess = Stopped, how.excess
	}
	result.Vars, result.Dir, result.Options = maps.Clone(s.reported), s.dir, s.opts
	return result
}

// message is the line of what was printed last that names the file, or the last line. What bash says of our own files is its affair.
func (s *Shell) message(name string) string {
	if s.tap != nil {
		s.tap.drain()
	}
	tail, _ := s.out.ended()
	best := ""
	for line := range strings.Lines(tail) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.Contains(line, s.c.Dir) && (name == "" || !strings.Contains(best, name) || strings.Contains(line, name)) {
			best = line
		}
	}
	return best
}
