package vm

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Machine is a running QEMU. Its methods may be called from several
// goroutines.
type Machine struct {
	spec    Spec
	dir     string // control sockets
	cmd     *exec.Cmd
	typed   io.WriteCloser // the serial line's other direction
	started time.Time
	pipe    *os.File // ConsoleUnread: the end that is held and not read
	errs    strings.Builder
	watch   io.Writer

	qmpMu sync.Mutex
	qmp   *qmp

	mu      sync.Mutex
	lines   []string
	partial string        // what was said of the line that has no end yet
	changed chan struct{} // closed and replaced at each new text
	over    chan struct{} // closed when the process has ended
	expired bool          // the limit ended it
	exit    error
}

// A Result is how a machine ended.
type Result struct {
	Spec     Spec
	Lines    []string // what the serial line said; empty if it was not read
	Duration time.Duration
	Expired  bool  // killed at the wall-clock limit
	Exit     error // QEMU's own failure; nil for a guest that ended by itself
}

// Start starts QEMU. Console lines are copied to watch as they come; nil for
// nobody. The caller must call Wait.
func Start(s Spec, watch io.Writer) (*Machine, error) {
	qemu, err := lookTool(s.Arch.qemu())
	if err != nil {
		return nil, err
	}
	if err := s.Firmware.look(s.Arch); err != nil {
		return nil, err
	}
	// A unix socket's path holds 107 bytes: a test's own temporary folder is
	// too long for it.
	dir, err := os.MkdirTemp("", "vm-")
	if err != nil {
		return nil, err
	}
	m := &Machine{spec: s, dir: dir, watch: watch, changed: make(chan struct{}), over: make(chan struct{})}
	at := sockets{qmp: filepath.Join(dir, "qmp"), serial: filepath.Join(dir, "serial")}
	m.cmd = exec.Command(qemu, s.args(at)...)
	m.cmd.Stderr = &m.errs
	// Closing the test by ^C or a kill must not leave machines behind.
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := m.console(at)
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	if m.typed, err = m.cmd.StdinPipe(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	m.started = time.Now()
	if err := m.start(s.Measured); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	go m.follow(out)
	return m, nil
}

// console returns where the serial line is read.
func (m *Machine) console(at sockets) (io.Reader, error) {
	out, err := m.cmd.StdoutPipe()
	if err != nil || m.spec.Console != ConsoleUnread {
		return out, err
	}
	if m.pipe, err = stallingPipe(at.serial); err != nil {
		return nil, err
	}
	// The pipe has no end of file: this side holds a writing end too.
	err = m.pipe.SetReadDeadline(time.Now().Add(m.limit()))
	return io.MultiReader(&untilInit{in: m.pipe}, out), err
}

// follow reads the console to its end, then reaps the process.
func (m *Machine) follow(out io.Reader) {
	timer := time.AfterFunc(m.limit(), func() {
		m.mu.Lock()
		m.expired = true
		m.mu.Unlock()
		m.cmd.Process.Kill()
	})
	buffer := make([]byte, 4096)
	for {
		n, err := out.Read(buffer)
		m.hear(string(buffer[:n]))
		if err != nil {
			break
		}
	}
	if m.partial != "" { // nobody else writes it
		m.hear("\n")
	}
	exit := m.cmd.Wait()
	timer.Stop()
	m.mu.Lock()
	m.exit = exit
	m.mu.Unlock()
	close(m.over)
}

func (m *Machine) limit() time.Duration {
	if m.spec.Limit == 0 {
		return defaultLimit
	}
	return m.spec.Limit
}

// hear takes what the console says.
func (m *Machine) hear(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text = m.partial + text
	for line, rest, whole := strings.Cut(text, "\n"); whole; line, rest, whole = strings.Cut(text, "\n") {
		line = strings.TrimRight(line, "\r")
		if m.watch != nil {
			fmt.Fprintln(m.watch, line)
		}
		m.lines = append(m.lines, line)
		text = rest
	}
	m.partial = text
	close(m.changed)
	m.changed = make(chan struct{})
}

// Await waits until a console line contains text, and returns that line; a prompt is a line that has no end yet. It
// fails when the machine ends first; the machine's own limit bounds it.
func (m *Machine) Await(text string) (string, error) {
	seen := 0
	for {
		m.mu.Lock()
		lines, partial, changed := m.lines, m.partial, m.changed
		m.mu.Unlock()
		for ; seen < len(lines); seen++ {
			if strings.Contains(lines[seen], text) {
				return lines[seen], nil
			}
		}
		if strings.Contains(partial, text) {
			return partial, nil
		}
		select {
		case <-changed:
		case <-m.over:
			m.mu.Lock()
			whole := len(m.lines)
			m.mu.Unlock()
			if seen == whole {
				return "", fmt.Errorf("the machine ended before it said %q", text)
			}
		}
	}
}

// Type types on the serial line.
func (m *Machine) Type(text string) error {
	_, err := io.WriteString(m.typed, text)
	return err
}

// Wait waits for the end of the machine.
func (m *Machine) Wait() Result {
	<-m.over
	duration := time.Since(m.started)
	if m.pipe != nil {
		m.pipe.Close()
	}
	os.RemoveAll(m.dir)
	m.mu.Lock()
	defer m.mu.Unlock()
	r := Result{Spec: m.spec, Lines: m.lines, Duration: duration, Expired: m.expired}
	if m.exit != nil && !m.expired {
		r.Exit = fmt.Errorf("qemu: %w: %s", m.exit, strings.TrimSpace(m.errs.String()))
	}
	return r
}

// Kill ends the machine at once, as a power cut does.
func (m *Machine) Kill() { m.cmd.Process.Kill() }

// Run starts a machine and waits for its end. One whose NVMe the emulator has forgotten is started once more.
func Run(s Spec, watch io.Writer) (Result, error) {
	r, err := runOnce(s, watch)
	if err == nil && r.lostNVMe() {
		return runOnce(s, watch)
	}
	return r, err
}

func runOnce(s Spec, watch io.Writer) (Result, error) {
	m, err := Start(s, watch)
	if err != nil {
		return Result{Spec: s}, err
	}
	return m.Wait(), nil
}

// lostNVMe says whether a machine was killed at its limit after the kernel had to reset its NVMe because commands were not answered. The NVMe of QEMU 7.2 was
// seen to do that, once in thousands of boots.
func (r Result) lostNVMe() bool {
	return r.Expired && slices.ContainsFunc(r.Lines, func(l string) bool {
		return strings.Contains(l, " nvme nvme") && strings.Contains(l, "timeout, reset controller")
	})
}

// QMP runs a command of QEMU's machine protocol.
func (m *Machine) QMP(command string, args any) error {
	m.qmpMu.Lock()
	defer m.qmpMu.Unlock()
	if m.qmp == nil {
		q, err := m.connect()
		if err != nil {
			return err
		}
		m.qmp = q
	}
	return m.qmp.do(command, args)
}

func (m *Machine) connect() (*qmp, error) {
	for {
		q, err := dialQMP(filepath.Join(m.dir, "qmp"))
		if err == nil {
			return q, nil
		}
		select {
		case <-m.over:
			return nil, fmt.Errorf("QMP: %w: the machine has ended", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Plug attaches disk i, which was left out as Late.
func (m *Machine) Plug(i int) error { return m.deviceAdd(m.spec.Disks[i].device(i)) }

// deviceAdd plugs a device in that is described as -device takes it.
func (m *Machine) deviceAdd(device string) error {
	words := strings.Split(device, ",")
	args := map[string]any{"driver": words[0]}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		args[key] = value
	}
	return m.QMP("device_add", args)
}

// Unplug asks the guest to give disk i up; for USB it is pulled at once.
func (m *Machine) Unplug(i int) error {
	return m.QMP("device_del", map[string]any{"id": fmt.Sprintf("dev%d", i)})
}

// SetIOPS limits disk i to that many requests per second; 0 lifts the limit.
func (m *Machine) SetIOPS(i, iops int) error {
	return m.QMP("block_set_io_throttle", map[string]any{"device": fmt.Sprintf("disk%d", i),
		"iops": iops, "iops_rd": 0, "iops_wr": 0, "bps": 0, "bps_rd": 0, "bps_wr": 0})
}

// PowerButton presses the machine's power button.
func (m *Machine) PowerButton() error { return m.QMP("system_powerdown", nil) }

// SendKey presses keys together: QEMU's names, such as "ctrl", "alt", "delete".
func (m *Machine) SendKey(keys ...string) error {
	var list []map[string]string
	for _, k := range keys {
		list = append(list, map[string]string{"type": "qcode", "data": k})
	}
	return m.QMP("send-key", map[string]any{"keys": list})
}

// DumpMemory writes the machine's first size bytes of memory to a file.
func (m *Machine) DumpMemory(path string, size int64) error {
	return m.QMP("pmemsave", map[string]any{"val": 0, "size": size, "filename": path})
}

// ErrSilent says that a machine ended without a word on its serial line.
var ErrSilent = errors.New("the machine ended without a word on its serial line")

// Err returns what is wrong with any run, wanted end or not: QEMU's failure,
// the wall-clock limit, a crash of kernel or /init in the log, silence.
func (r Result) Err() error {
	switch {
	case r.Exit != nil:
		return r.Exit
	case r.Expired:
		return fmt.Errorf("killed at its limit after %.1f s", r.Duration.Seconds())
	}
	lines := r.Lines
	if r.Spec.EngineCrash {
		lines = slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.Contains(l, "preroot: engine: ") })
	}
	if crash := Judge(lines); crash != "" {
		return fmt.Errorf("crash: %s", crash)
	}
	if r.Spec.Console == ConsoleRead && !r.Spec.Silent && len(r.Lines) == 0 {
		return ErrSilent
	}
	return nil
}

// Judge returns the first console line that shows a crash of the kernel or of
// a Go program, "" if there is none.
func Judge(lines []string) string {
	i := slices.IndexFunc(lines, func(l string) bool {
		return strings.Contains(l, "Kernel panic") || strings.Contains(l, "panic: ") ||
			strings.Contains(l, "fatal error: ") || strings.Contains(l, "goroutine ")
	})
	if i < 0 {
		return ""
	}
	return lines[i]
}

// Says tells whether a console line contains text.
func (r Result) Says(text string) bool { return r.Line(text) != "" }

// Line returns the first console line that contains text.
func (r Result) Line(text string) string {
	for _, l := range r.Lines {
		if strings.Contains(l, text) {
			return l
		}
	}
	return ""
}

// Reached tells whether the real root's init ran; see test/bench/rootinit.c.
func (r Result) Reached() bool { return r.Says("BENCH init_s=") }

// Report is what a failing test prints: the log, and how to run the machine by
// hand.
func (r Result) Report() string {
	var b strings.Builder
	for _, l := range r.Lines {
		fmt.Fprintf(&b, "  | %s\n", l)
	}
	fmt.Fprintf(&b, "ended after %.1f s. By hand:\n  %s\n", r.Duration.Seconds(), r.Spec.Shell())
	return b.String()
}
