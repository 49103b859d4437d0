package hooks

import (
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// procs reads /proc (proc(5)) as a file system.
type procs struct{ fsys fs.FS }

// family lists the processes of a session, and those below its leader that have one of their own, such as a shell for a person (setsid(1)); ok is false
// when /proc cannot be read (a hook may have taken it away).
func (p procs) family(leader int) (list []Sample, ok bool) {
	entries, err := fs.ReadDir(p.fsys, ".")
	if err != nil {
		return nil, false
	}
	all := map[int]procStat{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		ok = true
		if st, is := p.stat(e.Name()); is {
			all[pid] = st
		}
	}
	for pid, st := range all {
		if st.state == "Z" || st.session != leader && !below(all, pid, leader) {
			continue
		}
		s := p.sample(pid, st)
		s.Typing = s.Typing || st.session != leader && st.tty != 0 || asksPerson(s.Argv[0])
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Sample) int { return a.PID - b.PID })
	return list, ok
}

// session counts the processes of a session.
func (p procs) session(leader int) (count int) {
	entries, _ := fs.ReadDir(p.fsys, ".")
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		if st, is := p.stat(e.Name()); is && st.session == leader {
			count++
		}
	}
	return count
}

// below says whether a process descends from another one.
func below(all map[int]procStat, pid, ancestor int) bool {
	for range all { // a list that was read while it changed may hold a ring
		if pid = all[pid].parent; pid == ancestor || pid <= 1 {
			return pid == ancestor
		}
	}
	return false
}

// asksPerson names the programs that ask somebody through another process.
func asksPerson(program string) bool {
	switch path.Base(program) {
	case "plymouth", "systemd-ask-password", "systemd-tty-ask-password-agent":
		return true
	}
	return false
}

func (p procs) sample(pid int, st procStat) Sample {
	dir := strconv.Itoa(pid)
	s := Sample{PID: pid, Start: st.start, CPU: st.ticks, Argv: p.argv(dir, st.name)}
	// schedstat counts ns, where the kernel keeps it.
	if first, _, ok := strings.Cut(p.text(dir, "schedstat"), " "); ok {
		s.CPU, _ = strconv.ParseUint(first, 10, 64)
	}
	for _, line := range strings.Split(p.text(dir, "io"), "\n") {
		if n, ok := strings.CutPrefix(line, "wchar: "); ok {
			s.Wrote, _ = strconv.ParseUint(n, 10, 64)
		}
	}
	s.Waits, s.Typing = p.waits(dir, st.state)
	return s
}

// procStat is what is needed of /proc/PID/stat.
type procStat struct {
	name, state string
	parent      int
	session     int
	tty         int    // number of the controlling terminal, 0 for none
	ticks       uint64 // user and system time
	start       uint64
}

// stat reads /proc/PID/stat. The name stands in brackets and may hold anything; state is the first word behind it.
func (p procs) stat(dir string) (st procStat, ok bool) {
	text := p.text(dir, "stat")
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return st, false
	}
	f := strings.Fields(text[end+1:])
	if len(f) < 20 {
		return st, false
	}
	st.name, st.state = text[open+1:end], f[0]
	st.parent, _ = strconv.Atoi(f[1])
	st.session, _ = strconv.Atoi(f[3])
	st.tty, _ = strconv.Atoi(f[4])
	user, _ := strconv.ParseUint(f[11], 10, 64)
	system, _ := strconv.ParseUint(f[12], 10, 64)
	st.ticks = user + system
	st.start, _ = strconv.ParseUint(f[19], 10, 64)
	return st, true
}

func (p procs) argv(dir, name string) []string {
	text := p.text(dir, "cmdline")
	if text == "" {
		return []string{"[" + name + "]"}
	}
	return strings.Split(strings.TrimSuffix(text, "\x00"), "\x00")
}

func (p procs) text(dir, name string) string {
	data, _ := fs.ReadFile(p.fsys, path.Join(dir, name))
	return string(data)
}

// Numbers of system calls that a process may wait in (asm/unistd.h): read, and those that wait for several descriptors (poll, ppoll, select, pselect6, epoll_wait,
// epoll_pwait).
var (
	readCall  = map[string]string{"amd64": "0", "arm64": "63"}
	pollCalls = map[string][]string{"amd64": {"7", "271", "23", "270", "232", "281"}, "arm64": {"73", "72", "22"}}
)

// waits says what a process waits on, and whether that is somebody who types: it reads a terminal, or waits for several descriptors and has opened one
// itself (standard input is the console for every hook and means nothing).
func (p procs) waits(dir, state string) (what string, typing bool) {
	if state == "R" {
		return "running", false
	}
	call := strings.Fields(p.text(dir, "syscall"))
	if len(call) > 1 && call[0] == readCall[runtime.GOARCH] {
		file := p.descriptor(dir, strings.TrimPrefix(call[1], "0x"))
		return "read of " + file, isTerminal(file)
	}
	if len(call) > 0 && slices.Contains(pollCalls[runtime.GOARCH], call[0]) && p.opened(dir) {
		return "a key", true
	}
	words := map[string]string{"D": "the kernel, not to be interrupted", "T": "stopped", "t": "traced"}[state]
	if channel := strings.TrimSpace(p.text(dir, "wchan")); channel != "" && channel != "0" {
		words = strings.TrimPrefix(words+", ", ", ") + channel
	}
	return words, false
}

// descriptor is the file behind a descriptor given in hexadecimal.
func (p procs) descriptor(dir, hex string) string {
	n, err := strconv.ParseUint(hex, 16, 31)
	if err != nil {
		return "?"
	}
	target, err := fs.ReadLink(p.fsys, path.Join(dir, "fd", strconv.FormatUint(n, 10)))
	if err != nil {
		return "descriptor " + strconv.FormatUint(n, 10)
	}
	return target
}

// opened says whether a process has a terminal open besides the standard descriptors.
func (p procs) opened(dir string) bool {
	entries, _ := fs.ReadDir(p.fsys, path.Join(dir, "fd"))
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		if len(e.Name()) == 1 && e.Name() <= "2" {
			return false
		}
		target, err := fs.ReadLink(p.fsys, path.Join(dir, "fd", e.Name()))
		return err == nil && isTerminal(target)
	})
}

func isTerminal(file string) bool {
	for _, prefix := range []string{"/dev/tty", "/dev/console", "/dev/pts/", "/dev/hvc"} {
		if strings.HasPrefix(file, prefix) {
			return true
		}
	}
	return false
}

// tick is the unit of start times in /proc (USER_HZ, the same on every machine that Go knows).
const tick = 10 * time.Millisecond

// ticks is the time since the kernel started, in ticks: the clock of Sample.Start.
func (p procs) ticks() uint64 {
	first, _, _ := strings.Cut(p.text(".", "uptime"), " ")
	seconds, _ := strconv.ParseFloat(first, 64)
	return uint64(seconds * float64(time.Second/tick))
}

// children are the children of a process, where the kernel keeps the list (CONFIG_PROC_CHILDREN).
func (p procs) children(pid int) (list []int) {
	dir := strconv.Itoa(pid)
	for _, word := range strings.Fields(p.text(path.Join(dir, "task", dir), "children")) {
		if n, err := strconv.Atoi(word); err == nil {
			list = append(list, n)
		}
	}
	return list
}
