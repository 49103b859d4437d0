package faults

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// faultsX: memory, time, consoles, keys, files of the image.
var faultsX = slices.Concat(faultsMemory, faultsConsole, faultsKeys, faultsWords, faultsWatchdog)

// memory is a machine with that much of it.
func memory(mib int) scenario {
	return scenario{
		id: "X01", name: fmt.Sprint(mib), fault: fmt.Sprintf("%d MiB of memory", mib), done: fmt.Sprintf("-m %d", mib), on: "disk",
		broken: func(r *rig) { r.spec.MemoryMiB = mib }, want: Want{End: Booted},
	}
}

// clock is a machine whose clock shows another time when it starts.
func clock(name, base string) scenario {
	return scenario{
		id: "X03", name: name, fault: "The clock says " + base, done: "-rtc base=" + base, on: "checked",
		broken: func(r *rig) { r.spec.Extra = append(r.spec.Extra, "-rtc", "base="+base) },
		want:   Want{End: Booted, Root: []string{"checked=root"}},
	}
}

// jump is a machine whose clock is set while root is awaited: the disk comes afterwards.
func jump(name, date string) scenario {
	return scenario{
		id: "X04", name: name, fault: "The clock jumps while root is awaited", done: "date -s " + date + " after 1 s; the disk comes 2 s later; 20 s to wait", on: "disk",
		broken: func(r *rig) {
			r.spec.Disks[0].Late = true
			r.word("rd.retry=20")
			r.beside("sleep 1\nbusybox date -s " + date + " >/dev/null\nsay jumped\n")
		},
		during: func(_ *rig, m *vm.Machine) error {
			return steps(m, say("helper: jumped"), pause(2*time.Second), plug(0))
		},
		want: Want{End: Booted},
	}
}

var faultsMemory = []scenario{
	memory(128), memory(96), memory(80),
	{
		id: "X01", name: "72", fault: "72 MiB of memory, too little for the kernel to unpack the image", done: "-m 72", on: "disk",
		broken: func(r *rig) { r.spec.MemoryMiB = 72 },
		want:   Want{End: Rebooted, Outside: "Kernel panic - not syncing: System is deadlocked on memory"},
	},
	{
		id: "X02", fault: "A helper eats all memory", done: "256 MiB; fsck.ext4 is `dd bs=205M`", on: "checked",
		broken: func(r *rig) {
			r.entries = nil
			r.script("sbin/fsck.ext4", "dd if=/dev/zero of=/dev/null bs=205M count=1")
			r.spec.MemoryMiB = 256
		},
		want: Want{End: Booted, Says: []string{"Out of memory: Killed process", "mounted"}, Never: []string{"preroot: the engine ended"}},
	},
	clock("1970", "1970-01-01"), clock("2038", "2038-01-19T03:14:00"), clock("2106", "2106-02-07T06:28:00"),
	jump("forward", "@2000000000"), jump("back", "@86400"),
}

var faultsConsole = []scenario{
	{
		id: "X05", name: "null", fault: "No console: console=null", done: "console=null", on: "disk",
		broken: func(r *rig) { silence(r, "console=null") }, want: Want{End: Booted},
	},
	{
		id: "X05", name: "none", fault: "No console at all", done: "no serial line, no console=", on: "disk",
		broken: func(r *rig) {
			silence(r)
			r.spec.Console = vm.ConsoleNone
		},
		want: Want{End: Booted},
	},
	{
		id: "X05", name: "missing", fault: "A console that is not there", done: "console=ttyS9", on: "disk",
		broken: func(r *rig) { silence(r, "console=ttyS9") }, want: Want{End: Booted},
	},
	{
		id: "X06", fault: "The serial line's other end goes and comes again", done: "ttyS1 is connected, cut at the prompt and connected again; ENTER and `reboot` are typed there", on: "disk",
		broken: func(r *rig) {
			r.root = "LABEL=nothing"
			r.dropWord(usualWords...)
			r.word("rd.retry=1", "rd.preroot.unattended=300", "console=ttyS0", "rd.ctty=/dev/ttyS1")
			r.socket("ser1")
			r.spec.Limit = 3 * time.Minute
		},
		during: func(r *rig, m *vm.Machine) error { return reconnect(r, m) },
		want:   Want{End: Rebooted, Prompt: true, Says: []string{"somebody is at /dev/ttyS1"}, Within: 100 * time.Second},
	},
	{
		id: "X07", fault: "A serial line that nobody reads", done: "the line stalls when /init starts", on: "disk",
		broken: func(r *rig) {
			silence(r, "console=ttyS0")
			r.spec.Console = vm.ConsoleUnread
			r.spec.Limit = 3 * time.Minute
		},
		want: Want{End: Booted},
	},
	{
		id: "X08", name: "boot", fault: "Two consoles, one of them stalled", done: "ttyS0, which nobody reads, and hvc0", on: "disk",
		broken: func(r *rig) {
			stalled(r)
			r.word("rd.driver.pre=virtio_console")
		},
		want: Want{End: Booted, Within: 60 * time.Second},
	},
	{
		id: "X08", name: "prompt", fault: "A prompt on two consoles, one of them stalled", done: "ttyS0, which nobody reads, and hvc0; root= names nothing", on: "disk",
		broken: func(r *rig) {
			stalled(r)
			r.root = "LABEL=nothing"
			r.word("rd.retry=1")
		},
		want: Want{End: Rebooted, Prompt: true, Reason: "LABEL=nothing", Within: 60 * time.Second},
	},
}

// silence leaves the witness to the disk.
func silence(r *rig, words ...string) {
	r.dropWord("console=ttyS0")
	r.word(words...)
	r.silent = true
}

// socket attaches a second serial line behind a unix socket.
func (r *rig) socket(id string) {
	r.spec.Extra = append(r.spec.Extra, "-chardev", "socket,id="+id+",server=on,wait=off,path="+r.socketPath(id), "-serial", "chardev:"+id)
}

// socketPath is short: a unix socket's path holds 107 bytes.
func (r *rig) socketPath(id string) string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("f-%d-%s", os.Getpid(), id))
}

// reconnect is what X06 does: whoever comes back sees a prompt and can use it.
func reconnect(r *rig, m *vm.Machine) error {
	defer os.Remove(r.socketPath("ser1"))
	dial := func() (net.Conn, error) {
		c, err := net.Dial("unix", r.socketPath("ser1"))
		if err == nil {
			go io.Copy(io.Discard, c)
		}
		return c, err
	}
	if err := steps(m, say("Run /init")); err != nil {
		return err
	}
	first, err := dial()
	if err != nil {
		return err
	}
	if err := steps(m, say(endWord+string(Held)), pause(time.Second)); err != nil {
		return err
	}
	first.Close()
	time.Sleep(2 * time.Second)
	second, err := dial()
	if err != nil {
		return err
	}
	defer second.Close()
	if _, err := second.Write([]byte("\r")); err != nil {
		return err
	}
	if err := steps(m, say("somebody is at /dev/ttyS1"), pause(2*time.Second)); err != nil {
		return err
	}
	_, err = second.Write([]byte("reboot\r"))
	m.Wait()
	return err
}

// stalled is a machine with a serial line that is connected and not read from the start of /init on, and a virtio console that is read.
func stalled(r *rig) {
	r.dropWord("console=ttyS0")
	r.word("console=ttyS0", "console=hvc0")
	r.drivers += " virtio_console"
	r.spec.Console = vm.ConsoleUnread
	r.spec.Extra = append(r.spec.Extra, "-device", "virtio-serial-pci", "-chardev", "stdio,id=hvc", "-device", "virtconsole,chardev=hvc")
	r.spec.Limit = 4 * time.Minute
}

// late is a machine that waits for its disk while a script does something; the disk comes after the script has said "over".
func late(id, name, fault, done, script string, want Want) scenario {
	return scenario{
		id: id, name: name, fault: fault, done: done + "; the disk comes later", on: "disk",
		broken: func(r *rig) {
			r.spec.Disks[0].Late, r.spec.Limit = true, 3*time.Minute
			r.beside(script)
		},
		during: func(_ *rig, m *vm.Machine) error { return steps(m, say("sysrq: "), pause(2*time.Second), plug(0)) },
		want:   want,
	}
}

var faultsKeys = []scenario{
	late("X09", "kill", "SysRq-i kills every process but PID 1", "`i` to sysrq-trigger after 1 s", "sleep 1; echo i >/proc/sysrq-trigger",
		Want{End: Booted, Crash: true, Says: []string{"the engine ended (signal killed)"}}),
	late("X09", "term", "SysRq-e ends every process but PID 1", "`e` to sysrq-trigger after 1 s", "sleep 1; echo e >/proc/sysrq-trigger",
		Want{End: Booted, Crash: true}),
	late("X09", "sync", "SysRq-s and SysRq-u", "`s` and `u` to sysrq-trigger after 1 s", "sleep 1; echo s >/proc/sysrq-trigger; echo u >/proc/sysrq-trigger", Want{End: Booted}),
	{
		id: "X09", name: "break", fault: "SysRq-i by the serial line, as the kernel's setting forbids it", done: "BREAK and `i` on ttyS0 while root is awaited; the disk comes later", on: "disk",
		broken: func(r *rig) { r.spec.Disks[0].Late = true },
		during: func(_ *rig, m *vm.Machine) error {
			if err := steps(m, say("Run /init"), pause(2*time.Second)); err != nil {
				return err
			}
			if err := m.QMP("human-monitor-command", map[string]any{"command-line": "chardev-send-break serial0"}); err != nil {
				return err
			}
			m.Type("i")
			return steps(m, pause(2*time.Second), plug(0))
		},
		want: Want{End: Booted, Says: []string{"sysrq: This sysrq operation is disabled"}},
	},
	{
		id: "X10", name: "signal", fault: "Ctrl-Alt-Del", done: "SIGINT to PID 1 while root is awaited", on: "disk",
		broken: func(r *rig) {
			r.spec.Disks[0].Late = true
			r.beside("sleep 1; say interrupt; kill -INT 1")
		},
		want: Want{End: Rebooted, Reason: "Ctrl-Alt-Del", Soon: Span{"helper: interrupt", 5 * time.Second}},
	},
	{
		id: "X10", name: "keys", fault: "Ctrl-Alt-Del on a PS/2 keyboard", done: "the three keys pressed while root is awaited", on: "disk",
		broken: func(r *rig) { r.spec.Disks[0].Late = true },
		during: func(_ *rig, m *vm.Machine) error {
			if err := steps(m, say("Run /init"), pause(3*time.Second)); err != nil {
				return err
			}
			return m.SendKey("ctrl", "alt", "delete")
		},
		want: Want{End: Rebooted, Reason: "Ctrl-Alt-Del"},
	},
	{
		id: "X10", name: "power", fault: "The power button", done: "pressed while root is awaited", on: "disk",
		broken: func(r *rig) {
			r.drivers += " button evdev"
			r.spec.Disks[0].Late = true
			r.word("rd.debug", "ignore_loglevel")
			r.spec.Limit = 3 * time.Minute
		},
		during: func(_ *rig, m *vm.Machine) error {
			if err := steps(m, say("power buttons watched: ")); err != nil {
				return err
			}
			return m.PowerButton()
		},
		want: Want{End: PoweredOff, Reason: "power button", Within: 60 * time.Second},
	},
	{
		id: "X11", name: "run", fault: "/run cannot be mounted", done: "/run is a file in the image", on: "disk",
		broken: func(r *rig) { r.first("rm -rf /run; echo file >/run") },
		want:   Want{End: Booted, Says: []string{"/run"}},
	},
	{
		id: "X11", name: "tmp", fault: "/tmp is no directory", done: "/tmp is a file in the image", on: "disk",
		broken: func(r *rig) { r.first("rm -rf /tmp; echo file >/tmp") },
		want:   Want{End: Booted},
	},
	{
		id: "X11", name: "dev", fault: "devtmpfs cannot be mounted", done: "fs.mount-max allows /proc, /sys and /run, which a helper mounts, and is lifted 3 s later; then the disk comes", on: "disk",
		broken: func(r *rig) {
			r.spec.Disks[0].Late = true
			r.act("") // as beside, without its waiting for /sys
			r.script("helper/act", "exec </dev/null\nsleep 3\necho 100000 >/proc/sys/fs/mount-max\necho '<5>helper: lifted' >/dev/kmsg")
			r.first("mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run; wc -l </proc/self/mountinfo >/proc/sys/fs/mount-max")
		},
		during: func(_ *rig, m *vm.Machine) error { return steps(m, say("helper: lifted"), plug(0)) },
		want:   Want{End: Booted, Says: []string{"/dev"}},
	},
	{
		id: "X11", name: "all", fault: "Nothing can be mounted", done: "fs.mount-max=1", on: "disk",
		broken: func(r *rig) {
			r.first("mkdir /p; mount -t proc proc /p; echo 1 >/p/sys/fs/mount-max; umount /p")
		},
		want: Want{End: Rebooted, Reason: "/proc"},
	},
}

// more adds words to the usual machine.
func more(id, name, fault, done string, want Want, words ...string) scenario {
	return scenario{id: id, name: name, fault: fault, done: done, on: "disk", broken: func(r *rig) { r.word(words...) }, want: want}
}

func numbered(form string, n int) []string {
	var words []string
	for i := range n {
		words = append(words, fmt.Sprintf(form, i))
	}
	return words
}

// files puts files into the image of the usual machine.
func files(id, name, fault, done string, want Want, put func(r *rig)) scenario {
	return scenario{id: id, name: name, fault: fault, done: done, on: "disk", broken: put, want: want}
}

var faultsWords = []scenario{
	more("X13", "plain", "40 unknown words without a dot", "word00=1 to word39=1: the kernel itself panics before /init",
		Want{End: Rebooted, Outside: "Kernel panic - not syncing: Too many boot env vars"}, numbered("word%02d=1", 40)...),
	more("X13", "dotted", "40 unknown words with a dot", "rd.word00=1 to rd.word39=1", Want{End: Booted}, numbered("rd.word%02d=1", 40)...),
	more("X14", "long", "A command line of 1,900 bytes", "rd.pad= with 1,750 letters", Want{End: Booted}, "rd.pad="+strings.Repeat("x", 1750)),
	more("X14", "quotes", "Quotes that do not end", `rd.x="no end at the end of the line`, Want{End: Booted}, `rd.x="no end`),
	more("X14", "blank", "A value with blanks in quotes", `rd.x="root=LABEL=nothing ro" does not count as words`, Want{End: Booted, Root: []string{"mount=rw"}}, `rd.x="root=LABEL=nothing ro"`),
	more("X14", "utf8", "UTF-8 and Latin-1 in words", `rd.x=Größe and rd.y with the bytes 0xE4 0xFF`, Want{End: Booted}, "rd.x=Größe", "rd.y=\xe4\xff"),
	more("X14", "dashes", "Words behind --", "-- single", Want{End: Booted}, "--", "single"),
	{
		id: "X14", name: "twice", fault: "root= twice", done: "root=LABEL=nothing first, the right one last", on: "disk",
		broken: func(r *rig) {
			right := r.root
			r.root = "LABEL=nothing"
			r.word("root=" + right)
		},
		want: Want{End: Booted},
	},
	files("X15", "binary", "A file of cmdline.d is no text", "4 KiB of zero bytes", Want{End: Booted, Says: []string{"/etc/cmdline.d/10-x.conf"}},
		func(r *rig) { r.file("etc/cmdline.d/10-x.conf", 0o644, make([]byte, 4096)) }),
	files("X15", "large", "A file of cmdline.d has 1 MB", "1 MB of words", Want{End: Booted, Says: []string{"/etc/cmdline.d/10-x.conf"}},
		func(r *rig) { r.file("etc/cmdline.d/10-x.conf", 0o644, bytes.Repeat([]byte("rd.x=1 "), 150000)) }),
	files("X15", "many", "cmdline.d has 5,000 files", "5,000 files of 8 bytes", Want{End: Booted, Within: 60 * time.Second}, func(r *rig) {
		for _, name := range numbered("etc/cmdline.d/x%04d.conf", 5000) {
			r.file(name, 0o644, []byte("rd.x=1\n"))
		}
	}),
	files("X15", "no-newline", "A file of cmdline.d without a newline", "`rd.x=1` and no more", Want{End: Booted},
		func(r *rig) { r.file("etc/cmdline.d/99-x.conf", 0o644, []byte("rd.x=1")) }),
	files("X15", "directory", "A file of cmdline.d is a directory", "cmdline.d/x.conf/y", Want{End: Booted, Says: []string{"/etc/cmdline.d/x.conf"}},
		func(r *rig) { r.file("etc/cmdline.d/x.conf/y", 0o644, nil) }),
	rootFile("empty", "The root's fstab is empty", "/etc/fstab of 0 bytes", Want{End: Booted}, func(r *rig) { r.put(0, "/etc/fstab", "644", nil) }),
	rootFile("binary", "The root's fstab is no text", "/etc/fstab of 64 KiB of a program", Want{End: Booted},
		func(r *rig) { r.put(0, "/etc/fstab", "644", r.rootInit()[:64<<10]) }),
	rootFile("directory", "The root's fstab is a directory", "/etc/fstab/", Want{End: Booted, Says: []string{"fstab"}},
		func(r *rig) { r.debugfs(0, "mkdir /etc/fstab") }),
	rootFile("image", "Configuration files of the image are broken", "/etc/fstab and /etc/crypttab of 64 KiB of a program, modprobe.d/x.conf a directory, modules-load.d/x.conf of zero bytes", Want{End: Booted},
		func(r *rig) {
			r.file("etc/fstab", 0o644, r.rootInit()[:64<<10])
			r.file("etc/crypttab", 0o644, r.rootInit()[:64<<10])
			r.file("etc/modprobe.d/x.conf/y", 0o644, nil)
			r.file("etc/modules-load.d/x.conf", 0o644, make([]byte, 4096))
		}),
}

func rootFile(name, fault, done string, want Want, broken func(*rig)) scenario {
	return scenario{id: "X16", name: name, fault: fault, done: done, on: "disk", broken: broken, want: want}
}

// watched is the machine "watched" with its watchdog running before /init begins.
func watched(r *rig, act string) {
	watchdog, _ := r.module("watchdog")
	driver, _ := r.module("i6300esb")
	r.spec.Disks[0].Late, r.spec.Limit = true, 4*time.Minute
	r.beside(act)
	r.first("busybox insmod /" + watchdog + "; busybox insmod /" + driver + " heartbeat=10; mknod /helper/dog c 10 130; echo a >/helper/dog")
}

var faultsWatchdog = []scenario{
	{
		id: "X17", name: "lives", fault: "A watchdog runs, and the boot takes long", done: "i6300esb of 10 s armed before /init; the disk comes after 35 s", on: "watched",
		broken: func(r *rig) { watched(r, "sleep 35; say now") },
		during: func(_ *rig, m *vm.Machine) error { return steps(m, say("helper: now"), plug(0)) },
		want:   Want{End: Booted, Says: []string{"watchdog0 runs: PID 1 feeds it"}, NotBefore: 30 * time.Second, Within: 80 * time.Second},
	},
	{
		id: "X17", name: "stops", fault: "A watchdog runs, and the engine stops", done: "i6300esb of 10 s armed before /init; the engine is stopped (SIGSTOP): the machine is reset", on: "watched",
		broken: func(r *rig) { watched(r, "sleep 2\n"+engineID+"say stopping the engine\nkill -STOP $e") },
		want:   Want{End: Rebooted, Outside: "helper: stopping the engine"},
	},
}
