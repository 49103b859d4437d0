package dracutmod

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed functions
var functions embed.FS

// writeShell writes our functions, and the arrays that no environment can hold, into their folder, and makes the folder where modules put what they need for a while.
func (b *builder) writeShell() error {
	if err := os.Mkdir(b.scratch(), 0o700); err != nil {
		return err
	}
	entries, err := functions.ReadDir("functions")
	if err != nil {
		return err
	}
	files := map[string][]byte{"host_devs": record(b.o.Host.Devices...), "root_devs": record(b.o.Host.Roots...), "swap_devs": record(b.o.Host.Swaps...)}
	files["host_fs_types"] = pairs(b.o.Host.Types)
	conf := b.configured()
	b.vars = b.variables(conf)
	maps.DeleteFunc(conf, func(name, _ string) bool { _, there := b.vars[name]; return there })
	files["conf"] = pairs(conf)
	for _, e := range entries {
		if files[e.Name()], err = functions.ReadFile("functions/" + e.Name()); err != nil {
			return err
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(b.shell, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// scratch is $DRACUT_TMPDIR.
func (b *builder) scratch() string { return filepath.Join(b.shell, "tmp") }

// record is words that end in NUL.
func record(words ...string) []byte {
	var out []byte
	for _, w := range words {
		out = append(append(out, w...), 0)
	}
	return out
}

// Bounds of what a module may say: words of a question, bytes of one, and of its output that is kept.
const (
	maxWords  = 1 << 17
	maxWord   = 1 << 20
	maxOutput = 16 << 10
)

// session is one process of one module.
type session struct {
	*builder
	module Module
	status int
	words  []string // what the step ended with
	done   bool
	exit   string // place of an exit
}

// parses says what is wrong with the syntax of a module.
func (m Module) parses() error {
	out, err := exec.Command("bash", "--noprofile", "--norc", "-n", filepath.Join(m.Dir, setup)).CombinedOutput()
	if err == nil {
		return nil
	}
	t := tail{out}
	return fmt.Errorf("module %s is no script for bash: %w%s", m.Name, err, t.words())
}

// step runs a step of a module and answers its questions.
func (b *builder) step(step string, m Module) (status int, words []string, err error) {
	deadline := b.o.Deadline
	if deadline == 0 {
		deadline = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	s := &session{builder: b, module: m}
	output, err := s.run(ctx, step)
	at := fmt.Sprintf("module %s: %s of %s", m.Name, step, filepath.Join(m.Dir, setup))
	switch {
	case ctx.Err() != nil:
		return 0, nil, fmt.Errorf("%s is not through after %v: it hangs%s", at, deadline, output)
	case err != nil:
		return 0, nil, fmt.Errorf("%s: %w%s", at, err, output)
	case !s.done && s.exit != "":
		return 0, nil, fmt.Errorf("%s: %w, by an exit at %s%s", at, errExit, s.exit, cmpOr(b.last(m), output))
	case !s.done:
		return 0, nil, fmt.Errorf("%s: %w%s", at, errExit, output)
	}
	return s.status, s.words, nil
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// pipes are what leads to a process and back: its descriptors 3 to 6, and our ends of them.
type pipes struct {
	theirs             []*os.File
	questions, answers *os.File
}

func newPipes() (p pipes, err error) {
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	var ends [3][2]*os.File
	for i := range ends {
		if ends[i][0], ends[i][1], err = os.Pipe(); err != nil {
			return p, err
		}
	}
	p = pipes{[]*os.File{ends[0][1], ends[1][0], ends[2][0], ends[2][1]}, ends[0][0], ends[1][1]}
	_, err = ends[2][1].Write([]byte(".")) // the first turn
	return p, err
}

func (p *pipes) close() {
	for _, f := range append(p.theirs, p.questions, p.answers) {
		if f != nil {
			_ = f.Close()
		}
	}
}

// run starts bash; output is the end of what the module printed, as words for an error.
func (s *session) run(ctx context.Context, step string) (output string, err error) {
	p, err := newPipes()
	if err != nil {
		return "", err
	}
	defer p.close()
	cmd := exec.CommandContext(ctx, "bash", "--noprofile", "--norc", filepath.Join(s.shell, "run.sh"), step, s.module.Name, s.module.Dir)
	cmd.Dir, cmd.Env, cmd.ExtraFiles = "/", s.environment(step, s.module), p.theirs
	var printed tail
	cmd.Stdout, cmd.Stderr = &printed, &printed
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("bash runs modules of dracut: %w", err)
	}
	for _, f := range p.theirs {
		_ = f.Close()
	}
	talk := s.talk(p.questions, p.answers)
	if talk != nil {
		_ = cmd.Cancel()
	}
	p.close() // who asks now gets no answer, and ends
	if err = cmd.Wait(); errors.Is(err, exec.ErrWaitDelay) || isExit(err) {
		err = nil // the step's own status counts
	}
	return printed.words(), errors.Join(talk, err)
}

func isExit(err error) bool {
	var e *exec.ExitError
	return errors.As(err, &e)
}

// talk answers until the step is done or nobody is left who asks.
func (s *session) talk(questions io.Reader, answers io.Writer) error {
	in := bufio.NewReaderSize(questions, 64<<10)
	for !s.done {
		words, err := readRecord(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		status, text := s.answer(words)
		if _, err := answers.Write(record(strconv.Itoa(status), text)); err != nil {
			return nil
		}
	}
	return nil
}

// readRecord reads a question: the number of its words, and these, each ended by NUL. io.EOF is the end of all questions.
func readRecord(in *bufio.Reader) (words []string, err error) {
	head, err := readWord(in)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(head, 10, 32)
	if err != nil || n == 0 || n > maxWords {
		return nil, fmt.Errorf("a question of %.20q words: 1 to %d can be asked at once", head, maxWords)
	}
	for range n {
		w, err := readWord(in)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		words = append(words, w)
	}
	return words, nil
}

func readWord(in *bufio.Reader) (string, error) {
	var word []byte
	for {
		part, err := in.ReadSlice(0)
		word = append(word, part...)
		switch {
		case len(word) > maxWord:
			return "", fmt.Errorf("a question with a word of more than %d bytes", maxWord)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(word) > 0:
			return "", io.ErrUnexpectedEOF
		case err != nil:
			return "", err
		}
		return string(word[:len(word)-1]), nil
	}
}

// answer does what a question asks for.
func (s *session) answer(words []string) (status int, text string) {
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch words[0] {
	case "done":
		s.done, s.words = true, words[min(2, len(words)):]
		s.status, _ = strconv.Atoi(arg(1))
	case "log":
		if arg(1) == "info" {
			s.say(s.module, arg(2), arg(3))
			break
		}
		s.warn(s.module, arg(2), "%s", arg(3))
	case "exit":
		s.exit = arg(1)
	case "unknown":
		s.warn(s.module, arg(1), "%s is no program of this system, and no function of dracut's that there is here", arg(2))
	case "path":
		m, ok := find(s.all, arg(1))
		return boolStatus(ok), m.Dir
	case "choose":
		return boolStatus(s.mayChoose(arg(1)) && s.try(arg(1))), ""
	case "module":
		return boolStatus(s.hasModule(arg(1))), ""
	case "install":
		if len(words) < 4 {
			return 1, ""
		}
		return s.request(words[1], words[2], words[3], words[4:])
	default:
		s.warn(s.module, "", "an unknown question %q", words[0])
		return 1, ""
	}
	return 0, ""
}

func boolStatus(ok bool) int {
	if ok {
		return 0
	}
	return 1
}

// tail keeps the end of what is written to it.
type tail struct{ data []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if over := len(t.data) - maxOutput; over > 0 {
		t.data = slices.Delete(t.data, 0, over)
	}
	return len(p), nil
}

// words is the last lines, in one.
func (t *tail) words() string {
	lines := strings.Split(strings.TrimSpace(string(bytes.ToValidUTF8(t.data, []byte("?")))), "\n")
	if lines = lines[max(0, len(lines)-3):]; lines[0] == "" {
		return ""
	}
	return ": " + strings.Join(lines, "; ")
}
