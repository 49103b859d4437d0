package linuxtest

import (
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing/fstest"
	"time"

	"github.com/preroot/preroot/pkg/hooks"
)

// hookSystem is what hooks ask of the machine: processes, FIFOs and files in memory. The shell is a small one (shell.go), which speaks with pkg/hooks
// as loop.sh does.
func (m *Machine) hookSystem() *hooks.System {
	return &hooks.System{
		Files: hookFiles{m}, Proc: procFS{m}, Signal: m.signalProcess,
		Channel: func(path string) (hooks.Channel, error) {
			f := &fifo{more: make(chan struct{}, 1), closed: make(chan struct{})}
			m.mu.Lock()
			defer m.mu.Unlock()
			m.fifos[path] = f
			m.allFIFOs = append(m.allFIFOs, f)
			return f, nil
		},
		Start: m.startProcess,
	}
}

// hookFiles are the files of hooks.
type hookFiles struct{ m *Machine }

func (f hookFiles) WriteFile(path string, data []byte) error {
	f.m.files.write(path, string(data))
	return nil
}
func (f hookFiles) ReadFile(path string) ([]byte, error) {
	return fs.ReadFile(f.m.files, strings.TrimPrefix(path, "/"))
}
func (f hookFiles) Remove(path string) error {
	f.m.files.remove(strings.TrimPrefix(path, "/"))
	return nil
}

// fifo is a named pipe.
type fifo struct {
	mu     sync.Mutex
	data   []byte
	more   chan struct{}
	closed chan struct{}
	once   sync.Once
}

func (f *fifo) Await() error {
	for {
		f.mu.Lock()
		n := len(f.data)
		f.mu.Unlock()
		if n > 0 {
			return nil
		}
		select {
		case <-f.more:
		case <-f.closed:
			return fs.ErrClosed
		}
	}
}

func (f *fifo) TryRead(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.data) == 0 {
		return 0, io.ErrNoProgress
	}
	n := copy(p, f.data)
	f.data = f.data[n:]
	return n, nil
}

func (f *fifo) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.data = append(f.data, p...)
	select {
	case f.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (f *fifo) Close() error {
	f.once.Do(func() { close(f.closed) })
	return nil
}

// line takes one line, and waits for it until stop is closed.
func (f *fifo) line(stop <-chan struct{}) (string, bool) {
	for {
		f.mu.Lock()
		text, rest, whole := strings.Cut(string(f.data), "\n")
		if whole {
			f.data = []byte(rest)
		}
		f.mu.Unlock()
		if whole {
			return text, true
		}
		select {
		case <-f.more:
		case <-stop:
			return "", false
		case <-f.closed:
			return "", false
		}
	}
}

// process is a hook shell, or a hook that is a program.
type process struct {
	pid    int
	argv   []string
	began  time.Time
	busy   bool                // it uses the CPU
	steps  int                 // commands so far
	got    chan syscall.Signal // signals that a trap takes
	gone   chan struct{}       // closed by its end
	status int
	once   sync.Once
}

func (p *process) PID() int { return p.pid }

func (p *process) Wait() (int, error) {
	<-p.gone
	return p.status, nil
}

// end ends the process; what its goroutine does after that counts for nothing.
func (p *process) end(status int) {
	p.once.Do(func() {
		p.status = status
		close(p.gone)
	})
}

func (m *Machine) startProcess(c hooks.Command) (hooks.Process, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &process{pid: 100 + len(m.processes), argv: c.Argv, began: time.Now(), got: make(chan syscall.Signal, 8), gone: make(chan struct{})}
	m.processes = append(m.processes, p)
	sh := &shell{m: m, p: p, vars: map[string]string{}, exported: map[string]bool{}, output: m.fifos[c.Output]}
	for _, word := range c.Env {
		name, value, _ := strings.Cut(word, "=")
		sh.vars[name], sh.exported[name] = value, true
	}
	if len(c.Argv) > 2 && c.Argv[1] == "-c" {
		sh.dir = c.Argv[len(c.Argv)-1]
		go sh.serve(m.fifos[sh.dir+"/request"], m.fifos[sh.dir+"/report"])
		return p, nil
	}
	text, err := fs.ReadFile(m.files, strings.TrimPrefix(c.Argv[0], "/"))
	if err != nil {
		return nil, err
	}
	go func() {
		defer func() { p.end(sh.status) }()
		sh.run(string(text))
	}()
	return p, nil
}

func (m *Machine) signalProcess(pid int, sig syscall.Signal) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.processes {
		switch {
		case p.pid != pid:
		case sig == syscall.SIGKILL:
			p.end(-int(sig))
		case sig == syscall.SIGUSR1:
			p.got <- sig
		}
	}
	return nil
}

// watchedFiles are the files as the engine sees them. Who looks at the memory is the one that watches a hook; when the engine has been killed it ends.
type watchedFiles struct {
	*files
	m *Machine
}

func (f watchedFiles) Open(name string) (fs.File, error) {
	if name == "proc/meminfo" {
		f.m.endKilled()
	}
	return f.files.Open(name)
}

// endKilled ends the goroutine that asks, when the engine has been killed.
func (m *Machine) endKilled() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.killed {
		runtime.Goexit()
	}
}

// procFS is /proc, which only the engine looks at.
type procFS struct{ m *Machine }

func (f procFS) Open(name string) (fs.File, error) {
	f.m.endKilled()
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	now := fstest.MapFS{"uptime": {Data: fmt.Appendf(nil, "%.2f 0\n", time.Since(f.m.began).Seconds())}}
	for _, p := range f.m.processes {
		select {
		case <-p.gone:
			continue
		default:
		}
		ticks, dir := p.steps, strconv.Itoa(p.pid)
		if p.busy {
			ticks += int(time.Since(f.m.began) / (10 * time.Millisecond))
		}
		start := int(p.began.Sub(f.m.began) / (10 * time.Millisecond))
		now[dir+"/stat"] = &fstest.MapFile{Data: fmt.Appendf(nil, "%d (sh) S 1 %d %d 0 -1 0 0 0 0 0 %d 0 0 0 20 0 1 0 %d 0 0\n", p.pid, p.pid, p.pid, ticks, start)}
		now[dir+"/cmdline"] = &fstest.MapFile{Data: []byte(strings.Join(p.argv, "\x00") + "\x00")}
	}
	return now.Open(name)
}

// revive makes the machine ready for a second engine: PID 1 has ended the processes of the first, and its sockets are closed.
func (m *Machine) revive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.killed = false
	m.endProcesses()
	close(m.signals)
	m.signals = make(chan int, 8)
	_ = m.socket.Close()
	m.socket = newSocket(m.off)
	m.noteLocked("the engine is killed, and started again")
}

// endProcesses kills all, and closes what anybody reads from them; m.mu is held.
func (m *Machine) endProcesses() {
	for _, p := range m.processes {
		p.end(-int(syscall.SIGKILL))
	}
	for _, f := range m.allFIFOs {
		_ = f.Close()
	}
}

// library is a line that sources a file of dracut's library, which the cases have not.
var library = regexp.MustCompile(`(?m)^if \[ -f .*$`)

var reportedName = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\+`)

// serve is loop.sh: it reads start, and then does what lies in work for each line of request.
func (s *shell) serve(request, answers *fifo) {
	start, work := s.file(s.dir+"/start"), ""
	tell, back, _ := strings.Cut(start, "\n_pr_calm\n")
	for _, found := range reportedName.FindAllStringSubmatch(tell, -1) {
		s.report = append(s.report, found[1])
	}
	s.answers, s.kept = answers, "-"
	first, _, _ := strings.Cut(tell, "\n")
	s.run(first)
	s.run(library.ReplaceAllString(back, ""))
	s.keep()
	s.tell("ready", 0)
	for {
		after, ok := request.line(s.p.gone)
		if !ok {
			return
		}
		work = s.file(s.dir + "/work")
		s.run(work)
		if s.leave != nil && s.leave.kind == "exit" {
			s.keep()
			s.tell("exited", s.leave.status)
			s.p.end(s.leave.status)
			return
		}
		s.leave = nil
		if after == "keep" {
			s.keep()
		}
		s.tell("done", s.status)
	}
}

// keep writes the state as set and export -p do.
func (s *shell) keep() {
	s.kept = map[string]string{"0": "1"}[s.kept]
	if s.kept == "" {
		s.kept = "0"
	}
	var b strings.Builder
	for name, value := range s.vars {
		b.WriteString(name + "=" + hooks.Quote(value) + "\n")
		if s.exported[name] {
			b.WriteString("export " + name + "=" + hooks.Quote(value) + "\n")
		}
	}
	b.WriteString("_pr_end='" + s.vars["_pr_seq"] + "'\n")
	s.alive(func() { s.m.files.write(s.dir+"/state."+s.kept, b.String()) })
}

// tell writes a report.
func (s *shell) tell(kind string, status int) {
	fields := []string{s.vars["_pr_seq"], kind, strconv.Itoa(status), s.kept, "d/", "o"}
	for _, name := range s.report {
		if value, is := s.vars[name]; is {
			fields = append(fields, name+"="+value)
		}
	}
	s.alive(func() { _, _ = s.answers.Write([]byte(strings.Join(append(fields, "0022\n"), "\x00") + "\x00\x00")) })
}

// alive does what only a process that has not ended can do.
func (s *shell) alive(f func()) {
	select {
	case <-s.p.gone:
		runtime.Goexit()
	default:
		f()
	}
}
