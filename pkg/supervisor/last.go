package supervisor

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/switchroot"
)

// finish does the last step of the boot. It does not return.
func (s *Supervisor) finish(p *switchroot.Prepared, r switchroot.Record) {
	s.endEngine(r.Spare)
	warnings, err := p.Switch()
	for _, w := range warnings {
		s.Log.Warnf("switch root: %s", w)
	}
	if err != nil {
		s.end(s.policy, "switch root: "+err.Error())
	}
	if rest := p.Rest(); rest != nil {
		s.emptyRest(rest)
	}
	s.execute(r)
}

// endEngine ends what is left of the engine, and gives to what lives on what it would have without us.
func (s *Supervisor) endEngine(spare string) {
	s.dogs.ping()
	if !s.awaitEngine() {
		s.Log.Warnf("the engine's process %d stays: the kernel does not let it go", s.engine.pid)
	}
	_ = s.engine.socket.HangUp()
	s.engine.crash.Close()
	s.killAll(spare)
	absolve(os.Getpid(), 0)
}

// leave executes another init of the initramfs as the kernel would have: with its argv, the name of this program included, and its environment. A systemd that
// finds itself in a root which is no ramfs or tmpfs (what dracut's module squash makes) has to be told that this is an initramfs all the same. It does not return.
func (s *Supervisor) leave(program string) {
	s.endEngine("")
	env := s.Env
	if !linux.InRAM("/") {
		env = append(slices.Clone(env), "SYSTEMD_IN_INITRD=lenient")
	}
	s.giveUp()
	s.Log.Errf("%v", linux.Exec(program, s.Argv, env))
	s.takeBack()
	s.end(s.policy, "the image's own init "+program+" cannot be executed")
}

// giveUp puts back, before another program takes the place of this one, what is set for this one alone.
func (s *Supervisor) giveUp() {
	_ = linux.CtrlAltDel(true)
	linux.IgnoreUnclaimed(false)
	s.Log.Flush(time.Second)
}

// takeBack undoes giveUp.
func (s *Supervisor) takeBack() {
	_ = linux.CtrlAltDel(false)
	linux.IgnoreUnclaimed(true)
}

// emptyRest lets a process of its own go on with a large initramfs; the program's file is there as long as it runs.
func (s *Supervisor) emptyRest(rest *linux.OldRoot) {
	defer rest.Close()
	std := linux.StandardFD()
	fds := []uintptr{std, std, std, rest.Fd()}
	if _, err := linux.StartChild("/proc/self/exe", []string{switchroot.RestName}, engineEnv, fds, true); err != nil {
		s.Log.Warnf("the rest of the initramfs keeps its memory: %v", err)
	}
}

// execute runs the new init, or what else can serve as one in the new root.
func (s *Supervisor) execute(r switchroot.Record) {
	s.giveUp()
	if err := linux.DropBounding(r.Drop); err != nil {
		s.end(s.policy, err.Error())
	}
	args := tail(s.Argv)
	if r.OwnArgs {
		args = r.Args
	}
	for _, p := range []string{r.Init, "/sbin/init", "/etc/init", "/bin/init"} {
		argv := append([]string{p}, args...)
		s.Log.Errf("%v", linux.Exec(p, argv, s.Env))
		s.Log.Flush(time.Second) // the next exec takes what is not written with it
	}
	s.takeBack()
	s.end(s.policy, "no init in the new root can be executed")
}

func tail(argv []string) []string {
	if len(argv) == 0 {
		return nil
	}
	return argv[1:]
}

// awaitEngine reaps until the engine is among the reaped, at most corpseWait.
func (s *Supervisor) awaitEngine() bool {
	return s.engine.gone || s.reapUntil(corpseWait, func(child linux.Reaped) bool { return child.PID == s.engine.pid })
}

// reapUntil reaps until done says so of a child, at most limit. SIGCHLD is the wake-up; where the channel was too full
// for one, the signals before it wake as well.
func (s *Supervisor) reapUntil(limit time.Duration, done func(linux.Reaped) bool) bool {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		for child, ok := linux.Reap(); ok; child, ok = linux.Reap() {
			s.collect(child)
			if done(child) {
				return true
			}
		}
		select {
		case <-s.Signals:
		case <-deadline.C:
			return false
		}
	}
}

// killAll ends every process of the initramfs but those whose argv[0] begins with '@': storage daemons that the root
// itself needs (https://systemd.io/ROOT_STORAGE_DAEMONS/), and those whose root lies on the device spare. All of them descend from PID 1, which gets those whose parent is gone.
func (s *Supervisor) killAll(spare string) {
	for round := 0; round < killRounds; round++ {
		victims := victims(os.Getpid(), spare, nil, 0)
		if len(victims) == 0 {
			return
		}
		for _, pid := range victims {
			_ = linux.Kill(pid)
		}
		last := victims[len(victims)-1]
		s.reapUntil(killWait, func(child linux.Reaped) bool { return child.PID == last })
	}
	s.Log.Warnf("some processes of the initramfs do not end; they live on in the real system")
}

// killRounds and killWait bound the killing: a process may start others while it is killed.
const (
	killRounds = 8
	killWait   = 500 * time.Millisecond
)

// absolve gives the processes that live on what they would have without us.
func absolve(pid, depth int) {
	if depth > 32 {
		return
	}
	for _, child := range linux.Children(pid) {
		linux.Absolve(child)
		absolve(child, depth+1)
	}
}

// victims lists the processes below pid that must end, children before their parents; zombies have no command line.
func victims(pid int, spare string, list []int, depth int) []int {
	if depth > 32 {
		return list
	}
	for _, child := range linux.Children(pid) {
		list = victims(child, spare, list, depth+1)
		if argv := linux.CommandLine(child); len(argv) > 0 && !strings.HasPrefix(argv[0], "@") && (spare == "" || linux.RootDevice(child) != spare) {
			list = append(list, child)
		}
	}
	return list
}
