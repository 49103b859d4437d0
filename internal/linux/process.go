package linux

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// StartChild starts path by fork and exec with fds as its descriptors, in a session of its own where asked. It is for PID 1, which
// reaps by wait4(-1): os.StartProcess would race with that.
func StartChild(path string, argv, env []string, fds []uintptr, session bool) (pid int, err error) {
	return syscall.ForkExec(path, argv, &syscall.ProcAttr{
		Env:   env,
		Files: fds,
		Sys:   &syscall.SysProcAttr{Setsid: session},
	})
}

// Reaped is a child that ended.
type Reaped struct {
	PID    int
	Status syscall.WaitStatus
}

// Reap collects one ended child without waiting; ok is false when there is none.
func Reap() (child Reaped, ok bool) {
	for {
		pid, err := syscall.Wait4(-1, &child.Status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		child.PID = pid
		return child, err == nil && pid > 0
	}
}

// Kill sends SIGKILL to one process.
func Kill(pid int) error { return unix.Kill(pid, unix.SIGKILL) }

// sacrificed is the highest oom_score_adj (proc(5)): such a process is the first to go when memory runs out.
const sacrificed = "1000"

// Sacrifice makes a process, and what it starts, the first to be killed when memory runs out: the boot itself outlives it.
func Sacrifice(pid int) {
	_ = os.WriteFile("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", []byte(sacrificed), 0)
}

// Absolve undoes Sacrifice for a process that lives on in the real system; another value stays.
func Absolve(pid int) {
	p := "/proc/" + strconv.Itoa(pid) + "/oom_score_adj"
	if value, err := os.ReadFile(p); err == nil && strings.TrimSpace(string(value)) == sacrificed {
		_ = os.WriteFile(p, []byte("0"), 0)
	}
}

// Children lists the children of a process, from the kernel where it keeps the list (CONFIG_PROC_CHILDREN), otherwise by
// reading every /proc/PID/stat.
func Children(pid int) []int {
	p := strconv.Itoa(pid)
	data, err := os.ReadFile("/proc/" + p + "/task/" + p + "/children")
	if err != nil {
		return childrenByStat(pid)
	}
	var list []int
	for _, word := range strings.Fields(string(data)) {
		if n, err := strconv.Atoi(word); err == nil {
			list = append(list, n)
		}
	}
	return list
}

func childrenByStat(parent int) []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	entries, _ := dir.Readdirnames(-1)
	var list []int
	for _, name := range entries {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		stat, _ := os.ReadFile("/proc/" + name + "/stat")
		// The command name stands in brackets and may hold anything; the parent is the second word behind it.
		_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(parent) {
			list = append(list, pid)
		}
	}
	return list
}

// RootDevice is the number (MAJOR:MINOR) of the device on which the root directory of a process lies, "" when it cannot be seen.
func RootDevice(pid int) string {
	var st unix.Stat_t
	if unix.Stat("/proc/"+strconv.Itoa(pid)+"/root/.", &st) != nil {
		return ""
	}
	return strconv.Itoa(int(unix.Major(st.Dev))) + ":" + strconv.Itoa(int(unix.Minor(st.Dev)))
}

// CommandLine is the argv of a process; empty for kernel threads and for zombies.
func CommandLine(pid int) []string {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil || len(data) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
}

// Uptime is the time since the kernel started its clock (CLOCK_MONOTONIC), the clock of the kernel log.
func Uptime() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
