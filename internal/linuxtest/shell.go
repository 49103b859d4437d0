package linuxtest

import (
	"io/fs"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// shell is as much of sh(1) as the hooks of cases need; what it does is compared with real shells (shell_test.go). Commands stand one after the other, with ; or
// newlines between them, && and || where they bind: NAME=word, export, unset, return, exit, echo, sleep, kill -9 $$, kill -9 $PPID,
// touch, rm -f, mount DEVICE DIRECTORY, [ -e FILE ], [ A = B ], true, false, :, a loop that does nothing for ever, and ( ) on lines of their own.
type shell struct {
	m        *Machine
	p        *process
	dir      string
	vars     map[string]string
	exported map[string]bool
	status   int
	leave    *leave // what ends the script that runs
	subshell *shell // what it was before (
	report   []string
	kept     string
	answers  *fifo
	output   *fifo
}

// leave is return or exit.
type leave struct {
	kind   string
	status int
}

func (s *shell) file(path string) string {
	text, _ := fs.ReadFile(s.m.files, strings.TrimPrefix(path, "/"))
	return string(text)
}

var endlessLoop = regexp.MustCompile(`while :; do :; done`)

// run does the commands of a text.
func (s *shell) run(text string) {
	text = endlessLoop.ReplaceAllString(text, "_spin")
	for _, c := range split(text) {
		s.step()
		switch {
		case c.and && s.status != 0, c.or && s.status == 0:
			continue
		case len(c.words) == 0:
			continue
		case c.words[0] == "(":
			saved := *s
			saved.vars, saved.exported = maps.Clone(s.vars), maps.Clone(s.exported)
			s.subshell = &saved
			continue
		case c.words[0] == ")":
			s.endSubshell()
			continue
		}
		if s.leave == nil {
			s.command(s.expand(c.words))
		}
		if s.leave != nil && s.subshell == nil {
			return
		}
	}
}

func (s *shell) endSubshell() {
	status := s.status
	if s.leave != nil {
		status = s.leave.status
	}
	saved := s.subshell
	s.vars, s.exported, s.leave, s.subshell, s.status = saved.vars, saved.exported, nil, nil, status
}

// step counts a command, and ends a process that has been ended.
func (s *shell) step() {
	s.alive(func() {
		s.m.mu.Lock()
		defer s.m.mu.Unlock()
		s.p.steps++
	})
}

var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// command does one command.
func (s *shell) command(w []string) {
	if assignment.MatchString(w[0]) {
		name, value, _ := strings.Cut(w[0], "=")
		s.vars[name], s.status = value, 0
		return
	}
	arg := func(n int) string {
		if n < len(w) {
			return w[n]
		}
		return ""
	}
	number := func(text string) int {
		n, _ := strconv.Atoi(text)
		return n
	}
	status := 0
	switch w[0] {
	case ":", "true", "preroot_cmdline", "umask", "command":
	case "false":
		status = 1
	case "export":
		name, value, set := strings.Cut(arg(1), "=")
		if s.exported[name] = true; set {
			s.vars[name] = value
		}
	case "unset":
		delete(s.vars, arg(1))
		delete(s.exported, arg(1))
	case "return", "exit":
		s.leave = &leave{w[0], number(arg(1))}
		status = s.leave.status
	case "echo":
		s.say(strings.Join(w[1:], " "))
	case "sleep":
		s.sleep(time.Duration(number(arg(1))) * time.Second)
	case "_spin":
		s.m.mu.Lock()
		s.p.busy = true
		s.m.mu.Unlock()
		s.sleep(1 << 62)
	case "touch":
		s.m.files.write(arg(1), "")
	case "rm":
		s.m.files.remove(strings.TrimPrefix(w[len(w)-1], "/"))
	case "mount":
		if s.m.Mount(arg(1), arg(2), "ext4", syscall.MS_RDONLY, "") != nil {
			status = 32
		}
	case "kill":
		s.kill(arg(2))
	case "[":
		status = s.test(w[1 : len(w)-1])
	case "_pr_hook":
		status = s.source(arg(1))
	case ".":
		if status = s.source(arg(1)); s.leave == nil {
			break
		}
	default:
		s.say("sh: " + w[0] + ": not found")
		status = 127
	}
	s.status = status
}

// source runs a file; return ends it alone.
func (s *shell) source(path string) int {
	text, err := fs.ReadFile(s.m.files, strings.TrimPrefix(path, "/"))
	if err != nil {
		s.leave = &leave{"exit", 2}
		return 2
	}
	if s.subshell == nil { // how often a hook of finished is asked hangs on the instant of each uevent
		s.m.note("sh %s", path)
	}
	s.status = 0
	s.run(string(text))
	if s.leave != nil && s.leave.kind == "return" {
		s.status, s.leave = s.leave.status, nil
	}
	return s.status
}

func (s *shell) say(text string) {
	if s.output != nil {
		s.alive(func() { _, _ = s.output.Write([]byte(text + "\n")) })
	}
}

// sleep waits; the signal that asks a shell to end makes it exit with 75 (loop.sh).
func (s *shell) sleep(d time.Duration) {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
	case <-s.p.got:
		s.leave = &leave{"exit", 75}
	case <-s.p.gone:
		runtime.Goexit()
	case <-s.m.off:
		s.p.end(-int(syscall.SIGKILL))
		runtime.Goexit()
	}
}

func (s *shell) kill(who string) {
	if who == "PPID" {
		s.m.mu.Lock()
		s.m.killed = true
		s.m.mu.Unlock()
		return
	}
	s.p.end(-int(syscall.SIGKILL))
	runtime.Goexit()
}

func (s *shell) test(w []string) int {
	yes := false
	switch {
	case len(w) == 2 && w[0] == "-e":
		_, err := fs.Stat(s.m.files, strings.TrimPrefix(w[1], "/"))
		yes = err == nil
	case len(w) == 3 && w[1] == "=":
		yes = w[0] == w[2]
	}
	if yes {
		return 0
	}
	return 1
}

// rawCommand is a command before expansion, and what joins it to the one before.
type rawCommand struct {
	and, or bool
	words   []string // with every $ to be expanded as \x00
}

// split cuts a text into commands. A $ that is not to be expanded stays, one that is becomes NUL, which no script holds.
func split(text string) (list []rawCommand) {
	var c rawCommand
	var word strings.Builder
	inWord, quote := false, byte(0)
	endWord := func() {
		if inWord {
			c.words = append(c.words, word.String())
			word.Reset()
			inWord = false
		}
	}
	end := func(and, or bool) {
		endWord()
		list = append(list, c)
		c = rawCommand{and: and, or: or}
	}
	for i := 0; i < len(text); i++ {
		b := text[i]
		switch {
		case quote == '\'' && b != '\'' || quote == '"' && b != '"' && b != '$':
			word.WriteByte(b)
		case b == quote:
			quote = 0
		case quote == 0 && (b == '\'' || b == '"'):
			quote, inWord = b, true
		case b == '$':
			word.WriteByte(0)
			inWord = true
		case b == '\\' && i+1 < len(text):
			i++
			word.WriteByte(text[i])
			inWord = true
		case b == '#' && !inWord:
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case b == '\n' || b == ';':
			end(false, false)
		case b == '&' && strings.HasPrefix(text[i:], "&&"), b == '|' && strings.HasPrefix(text[i:], "||"):
			i++
			end(b == '&', b == '|')
		case b == ' ' || b == '\t':
			endWord()
		default:
			word.WriteByte(b)
			inWord = true
		}
	}
	end(false, false)
	return list
}

var variable = regexp.MustCompile(`\x00(\{[A-Za-z0-9_]+\}|[A-Za-z_][A-Za-z0-9_]*|\x00)`)

// expand puts values in; $$ and $PPID stay names.
func (s *shell) expand(words []string) []string {
	words = slices.Clone(words)
	for i, w := range words {
		words[i] = variable.ReplaceAllStringFunc(w, func(found string) string {
			switch name := strings.Trim(found[1:], "{}"); name {
			case "\x00", "PPID":
				return name
			default:
				return s.vars[name]
			}
		})
	}
	return words
}
