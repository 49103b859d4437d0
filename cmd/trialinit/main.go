// Trialinit is what "preroot boot" puts in the place of the real init: it says on the console what a boot has come to, in lines that begin with "TRIAL ", and switches the machine off.
//
//	TRIAL begin
//	TRIAL mark POINT NAME       the file system at POINT is the stand-in of NAME
//	TRIAL mount POINT TYPE SOURCE OPTIONS
//	TRIAL uptime SECONDS        the kernel's clock when it began
//	TRIAL module NAME
//	TRIAL span LINE             of preroot's timeline
//	TRIAL warning TEXT          what the log of the kernel has of preroot and dracut as a warning or worse
//	TRIAL end
//
// The reader is pkg/trial, judge.go.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "trialinit: the init of a trial (preroot boot), which switches the machine off; it runs as process 1 only")
		os.Exit(2)
	}
	uptime := clock()
	out := console()
	report(out, uptime)
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
	select {}
}

// clock is the kernel's time since its start, in seconds.
func clock() float64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &t)
	return float64(t.Sec) + float64(t.Nsec)/1e9
}

// console is where to say it. The kernel's own messages are kept from it, so that lines stay whole.
func console() *os.File {
	for _, m := range []struct{ kind, at string }{{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}} {
		if _, err := os.Stat(filepath.Join(m.at, map[string]string{"devtmpfs": "console", "proc": "mounts", "sysfs": "class"}[m.kind])); err != nil {
			_ = unix.Mount(m.kind, m.at, m.kind, 0, "")
		}
	}
	const level = 8 // SYSLOG_ACTION_CONSOLE_LEVEL of syslog(2)
	_, _, _ = syscall.Syscall(unix.SYS_SYSLOG, level, 0, 1)
	if f, err := os.OpenFile("/dev/console", os.O_WRONLY|unix.O_NOCTTY, 0); err == nil {
		return f
	}
	return os.Stdout
}

func report(out *os.File, uptime float64) {
	say := func(format string, args ...any) { fmt.Fprintf(out, "TRIAL "+format+"\n", args...) }
	fmt.Fprintln(out) // whatever stands there has no end of line
	say("begin")
	mounts(say)
	say("uptime %.3f", uptime)
	for _, line := range lines("/proc/modules") {
		name, _, _ := strings.Cut(line, " ")
		say("module %s", name)
	}
	for _, line := range lines("/run/initramfs/preroot/timeline") {
		say("span %s", line)
	}
	for _, line := range warnings() {
		say("warning %s", line)
	}
	say("end")
}

func lines(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// mounts tells of each mount with a source, and of those that are stand-ins, whose. The format is that of proc_pid_mountinfo(5).
func mounts(say func(string, ...any)) {
	for _, line := range lines("/proc/self/mountinfo") {
		before, after, _ := strings.Cut(line, " - ")
		b, a := strings.Fields(before), strings.Fields(after)
		if len(b) < 6 || len(a) < 3 {
			continue
		}
		point := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace(b[4])
		if text, err := os.ReadFile(filepath.Join(point, ".preroot-trial")); err == nil {
			say("mark %s %s", b[4], strings.TrimSpace(string(text)))
			var options []string
			for _, o := range strings.Split(b[5]+","+a[2], ",") {
				if !slices.Contains(options, o) {
					options = append(options, o)
				}
			}
			say("mount %s %s %s %s", b[4], a[0], a[1], strings.Join(options, ","))
		}
	}
}

// warnings reads the kernel's log, whose record is "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT" (Documentation/ABI/testing/dev-kmsg).
func warnings() (list []string) {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	record := make([]byte, 8192)
	const most = 50
	for len(list) < most {
		n, err := unix.Read(fd, record)
		if errors.Is(err, unix.EPIPE) { // records were lost; the next one is there
			continue
		}
		if err != nil || n <= 0 {
			return list
		}
		head, text, _ := strings.Cut(string(record[:n]), ";")
		text, _, _ = strings.Cut(text, "\n")
		var priority int
		_, _ = fmt.Sscanf(head, "%d", &priority)
		if ours := strings.HasPrefix(text, "preroot: ") || strings.HasPrefix(text, "dracut"); ours && priority&7 <= 4 {
			list = append(list, text)
		}
	}
	return list
}
