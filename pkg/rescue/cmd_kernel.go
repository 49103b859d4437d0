package rescue

import (
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// dmesg shows the kernel's log without the levels in front of its lines.
func (c *call) dmesg(args []string) error {
	lines := strings.Split(strings.TrimSuffix(c.sys.KernelLog(), "\n"), "\n")
	switch {
	case len(args) == 0:
	case len(args) == 2 && args[0] == "-n":
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 {
			return errUsage
		}
		lines = lines[max(0, len(lines)-n):]
	default:
		return errUsage
	}
	for _, line := range lines {
		if err := c.print(withoutLevel(line)); err != nil {
			return err
		}
	}
	return nil
}

// withoutLevel takes "<6>" off.
func withoutLevel(line string) string {
	if end := strings.IndexByte(line, '>'); end > 1 && end < 5 && line[0] == '<' {
		return line[end+1:]
	}
	return line
}

// lsmod shows /proc/modules (proc(5)): name, size in bytes, who uses it, and what it is not yet or no more.
func (c *call) lsmod(args []string) error {
	text, err := fs.ReadFile(c.sys.Files, "proc/modules")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		users := strings.Trim(f[3], ",-")
		state := ""
		if f[4] != "Live" {
			state = " " + f[4]
		}
		if err := c.printf("%-24s %9s  %s %s%s", f[0], f[1], f[2], users, state); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) modprobe(args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || c.sys.Modprobe == nil {
		return errUsage
	}
	return c.sys.Modprobe(args...)
}

// ps shows /proc/PID/stat (proc_pid_stat(5)): number, parent, state, and the command line or name.
func (c *call) ps(args []string) error {
	dirs, err := fs.ReadDir(c.sys.Files, "proc")
	if err != nil {
		return about("/proc", err)
	}
	if err := c.print("  PID  PPID S NAME"); err != nil {
		return err
	}
	var pids []int
	for _, d := range dirs {
		if n, err := strconv.Atoi(d.Name()); err == nil {
			pids = append(pids, n)
		}
	}
	slices.Sort(pids)
	for _, n := range pids {
		pid := strconv.Itoa(n)
		stat, err := fs.ReadFile(c.sys.Files, "proc/"+pid+"/stat")
		if err != nil {
			continue // it has ended
		}
		if err := c.process(pid, string(stat)); err != nil {
			return err
		}
	}
	return nil
}

// process shows one process. Its name stands in brackets and may hold anything, brackets too.
func (c *call) process(pid, stat string) error {
	open, closing := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if open < 0 || closing < open {
		return nil
	}
	f := strings.Fields(stat[closing+1:])
	if len(f) < 2 {
		return nil
	}
	name := "[" + stat[open+1:closing] + "]"
	if argv, _ := fs.ReadFile(c.sys.Files, "proc/"+pid+"/cmdline"); len(argv) > 0 {
		name = strings.ReplaceAll(strings.TrimRight(string(argv), "\x00"), "\x00", " ")
	}
	return c.printf("%5s %5s %s %s", pid, f[1], f[0], name)
}
