package supervisor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/switchroot"
)

// The supervisor is tested as a process of its own with real engines, all of them this test program: what it is depends on its
// argv[0]. The case is named by the file "case" in the working directory.

func TestMain(m *testing.M) {
	switch os.Args[0] {
	case "supervisor":
		runSupervisor()
	case EngineName:
		runEngine()
	case "keeper", "@keeper", "leak":
		note("keep." + strings.TrimPrefix(os.Args[0], "@") + strconv.Itoa(len(os.Args[0])))
		time.Sleep(100 * time.Second) // longer than any test waits; each ends its own
	default:
		os.Exit(m.Run())
	}
}

// paper is a machine that writes down how it would have ended.
type paper struct{ mounted, refuses, ignores bool }

func (p paper) RootMounted() bool { return p.mounted }
func (p paper) Settle()           {}

func (p paper) Force(a Action) error { return p.End(a) }

func (p paper) End(a Action) error {
	switch {
	case p.refuses:
		fmt.Printf("refused %c\n", a)
		return errors.New("operation not permitted")
	case p.ignores: // as the kernel: the thread ends, the machine goes on
		fmt.Printf("ignored %c\n", a)
		runtime.Goexit()
	}
	fmt.Printf("END %c\n", a)
	os.Exit(0)
	return nil
}

func runSupervisor() {
	signals := make(chan os.Signal, 64)
	signal.Notify(signals)
	// PID 1 gets every orphan; another process must ask for that.
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	name := theCase()
	log := klog.New(func() (io.WriteCloser, error) { return stdout{}, nil }, false)
	go log.Serve()
	second := 20 * time.Millisecond
	if name == "deaf" {
		second = 200 * time.Millisecond
	}
	fmt.Println("ready")
	s := Supervisor{
		Self: "/proc/self/exe", Signals: signals, Log: log, second: second,
		Machine: paper{name == "mounted", name == "refuses", name == "ignores" || name == "slow-reboot"},
	}
	s.Run()
}

type stdout struct{}

func (stdout) Write(p []byte) (int, error) { return os.Stdout.Write(p[3:]) }
func (stdout) Close() error                { return nil }

func theCase() string {
	name, _ := os.ReadFile("case")
	return string(name)
}

func note(name string) { _ = os.WriteFile(name, []byte(strconv.Itoa(os.Getpid())), 0o644) }

// await waits for a file that another process writes.
func await(name string) string {
	for range 1000 {
		if text, err := os.ReadFile(name); err == nil && len(text) > 0 {
			return string(text)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return ""
}

// runEngine is an engine of the case.
func runEngine() {
	c := NewClient(linux.AdoptSocket(EngineFD))
	go c.Serve()
	if os.Args[1] == "start=2" {
		secondEngine(c)
	}
	firstEngine(c, theCase())
	select {}
}

func secondEngine(c *Client) {
	if theCase() == "twice" {
		fmt.Fprintln(os.Stderr, "fatal error: again")
		os.Exit(2)
	}
	_ = c.End(Halt, "the second engine")
	select {}
}

func firstEngine(c *Client, name string) {
	c.Wait("a disk", time.Second)
	switch name {
	case "crash", "mounted":
		panic("broken")
	case "twice":
		c.Policy(PowerOff)
		os.Exit(1)
	case "stopped":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "stopped-watchdog":
		c.Watchdog("dog")
		time.Sleep(2 * time.Second) // fed meanwhile
		note("stops")
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "silent":
		c.Asked = make(chan struct{}) // asked, and nobody answers
	case "slow-reboot":
		_ = c.End(Reboot, "asked for")
	case "answers", "held", "refuses", "ignores":
		held(c, name)
	case "signals":
		list := []int{<-c.Signal, <-c.Signal, <-c.Signal}
		slices.Sort(list)
		fmt.Println("signals", list)
		_ = c.End(Reboot, "signals")
	case "leaks":
		leave("keeper", nil)
		leave("@keeper", nil)
		os.Exit(1)
	case "leaks-socket":
		leave("@keeper", []*os.File{nil, nil, nil, os.NewFile(EngineFD, "socket")})
		os.Exit(1)
	case "last-word":
		_ = c.End(PowerOff, "the last word")
		os.Exit(1)
	case "record":
		err := c.HandOver(switchroot.Record{Root: "/nowhere", Init: "/sbin/init"})
		_ = c.End(Reboot, err.Error())
	case "execute":
		err := c.Execute("/etc")
		_ = c.End(Reboot, err.Error())
	case "record-dies":
		_ = c.send(msgHandOver, string(switchroot.Record{Root: "/nowhere"}.Encode()))
		os.Exit(1)
	}
}

func held(c *Client, name string) {
	switch name {
	case "answers":
		time.Sleep(2 * time.Second) // a hundred ticks
		_ = c.End(Reboot, "still here")
	case "held":
		_ = c.End(Hold, "as it is")
		time.Sleep(200 * time.Millisecond)
		_ = c.End(PowerOff, "a person wants it")
	default:
		_ = c.End(PowerOff, "try")
	}
}

// leave starts a process that outlives the engine.
func leave(name string, files []*os.File) {
	if files == nil {
		files = []*os.File{nil, nil, nil}
	}
	_, err := os.StartProcess("/proc/self/exe", []string{name}, &os.ProcAttr{Files: files})
	if err != nil {
		fmt.Println(err)
	}
	await("keep.keeper" + strconv.Itoa(len(name)))
}

// supervised is a supervisor that runs a case.
type supervised struct {
	t   *testing.T
	cmd *exec.Cmd
	dir string
}

// out is what it has said.
func (s *supervised) out() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "out"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// await waits until it has said a text.
func (s *supervised) await(text string) {
	s.t.Helper()
	for range 2000 {
		if strings.Contains(s.out(), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatalf("%q does not come:\n%s", text, s.out())
}

func supervise(t *testing.T, name string) *supervised {
	t.Helper()
	s := &supervised{t: t, dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(s.dir, "case"), []byte(name), 0o644); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command("/proc/self/exe")
	s.cmd.Args = []string{"supervisor"}
	out, err := os.Create(filepath.Join(s.dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, out, out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // Pdeathsig is the thread's
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(60*time.Second, func() { s.cmd.Process.Kill() })
	t.Cleanup(func() {
		timer.Stop()
		for _, keeper := range []string{"keep.keeper7", "keep.keeper6"} {
			if pid, err := os.ReadFile(filepath.Join(s.dir, keeper)); err == nil {
				n, _ := strconv.Atoi(string(pid))
				syscall.Kill(n, syscall.SIGKILL)
			}
		}
	})
	return s
}

// says waits for the end and looks for the texts in their order.
func (s *supervised) says(texts ...string) {
	s.t.Helper()
	_ = s.cmd.Wait()
	rest := s.out()
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			s.t.Fatalf("%q is missing:\n%s", text, s.out())
		}
		rest = after
	}
}

func (s *supervised) not(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if strings.Contains(s.out(), text) {
			s.t.Errorf("%q is there:\n%s", text, s.out())
		}
	}
}

// signal sends a signal to the supervisor.
func (s *supervised) signal(sig syscall.Signal) { _ = s.cmd.Process.Signal(sig) }

// TestEngines runs an engine of each kind and looks at how the machine would have ended.
func TestEngines(t *testing.T) {
	second := []string{"end: HELD: the second engine", "END h"}
	for name, want := range map[string][]string{
		"crash":        append([]string{"the engine ended (exit status 2)", "engine: panic: broken"}, second...),
		"mounted":      {"engine: panic: broken", "end: REBOOTED: the engine ended (exit status 2) after root was mounted", "END r"},
		"twice":        {"exit status 1", "engine: fatal error: again", "end: POWERED OFF: the engine ended (exit status 2)", "END p"},
		"stopped":      append([]string{"the engine does not answer (it waited for: a disk): killed", "the engine ended (signal killed)"}, second...),
		"silent":       append([]string{"the engine does not answer"}, second...),
		"answers":      {"end: REBOOTED: still here", "END r"},
		"last-word":    {"end: POWERED OFF: the last word", "END p"},
		"leaks-socket": append([]string{"exit status 1"}, second...),
		"record":       {"end: REBOOTED: PID 1 refuses: ", "END r"},
		"execute":      {"end: REBOOTED: PID 1 refuses: ", "not an executable file", "END r"},
		"record-dies":  append([]string{"exit status 1"}, second...),
		"held":         {"end: HELD: as it is", "end: POWERED OFF: a person wants it", "END p"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			supervise(t, name).says(want...)
		})
	}
}

// TestEngineAnswersIsNoHang is the control of "stopped" and "silent".
func TestEngineAnswersIsNoHang(t *testing.T) {
	s := supervise(t, "answers")
	s.says("END r")
	s.not("does not answer", "the second engine")
}

// TestLeftProcesses: before a second engine everything of the first one is ended, but for what begins with '@'.
func TestLeftProcesses(t *testing.T) {
	s := supervise(t, "leaks")
	s.says("the engine ended (exit status 1)", "END h")
	alive := func(file string) bool {
		pid, err := strconv.Atoi(await(filepath.Join(s.dir, file)))
		return err == nil && syscall.Kill(pid, 0) == nil
	}
	if alive("keep.keeper6") || !alive("keep.keeper7") {
		t.Error("keeper lives or @keeper does not")
	}
}

// TestCtrlAltDelByPID1: an engine that does nothing about it has its time, and less when it is pressed again.
func TestCtrlAltDelByPID1(t *testing.T) {
	for _, twice := range []bool{false, true} {
		s := supervise(t, "deaf")
		s.await("ready")
		s.signal(syscall.SIGINT)
		want := "end: REBOOTED: Ctrl-Alt-Del, and the engine does not end the boot"
		if twice {
			time.Sleep(5 * time.Millisecond)
			s.signal(syscall.SIGINT)
			want = "end: REBOOTED: Ctrl-Alt-Del twice"
		}
		s.says(want, "END r")
	}
}

// TestSignalsForwarded: these three reach PID 1 only.
func TestSignalsForwarded(t *testing.T) {
	s := supervise(t, "signals")
	s.await("ready")
	for _, sig := range []syscall.Signal{syscall.SIGPWR, syscall.SIGWINCH, syscall.SIGINT} {
		s.signal(sig)
	}
	s.says("signals [2 28 30]", "END r")
}

// TestEndRefused: a power-off that fails, by an error or in silence, returns to the loop: PID 1 lives and takes Ctrl-Alt-Del.
func TestEndRefused(t *testing.T) {
	for name, word := range map[string]string{"refuses": "refused", "ignores": "ignored"} {
		s := supervise(t, name)
		s.await(word + " p")
		s.signal(syscall.SIGINT)
		s.await(word + " r")
		if name == "refuses" {
			s.await("end: HELD: the kernel refuses")
		}
		s.signal(syscall.SIGKILL)
		s.says("end: POWERED OFF: try", "end: REBOOTED: Ctrl-Alt-Del")
	}
}

// TestRebootOnce: Ctrl-Alt-Del again while the machine reboots brings no second end.
func TestRebootOnce(t *testing.T) {
	s := supervise(t, "slow-reboot")
	s.await("ignored r")
	s.signal(syscall.SIGINT)
	s.signal(syscall.SIGPWR)
	time.Sleep(200 * time.Millisecond)
	s.signal(syscall.SIGKILL)
	s.says("end: REBOOTED: asked for")
	if strings.Count(s.out(), "end: ") != 1 {
		t.Errorf("not one end:\n%s", s.out())
	}
}

// TestWatchdogFed: a watchdog is fed while the engine gives signs of life, and not when it is stopped.
func TestWatchdogFed(t *testing.T) {
	s := supervise(t, "stopped-watchdog")
	dog := filepath.Join(s.dir, "dog")
	if err := os.WriteFile(dog, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	await(filepath.Join(s.dir, "stops"))
	time.Sleep(100 * time.Millisecond)
	fed, _ := os.ReadFile(dog)
	time.Sleep(300 * time.Millisecond)
	later, _ := os.ReadFile(dog)
	if len(fed) < 5 || len(later) != len(fed) || bytes.ContainsRune(later, 'V') {
		t.Errorf("fed %d times while the engine lived and %d times when it was stopped", len(fed), len(later)-len(fed))
	}
	s.says("END h")
}
