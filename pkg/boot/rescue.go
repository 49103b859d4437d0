package boot

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/rescue"
)

// rescue ends a stage that failed: the report, then a shell if there may be one, then, or otherwise, the emergency
// action. It says whether the stage is to be tried again.
func (b *Boot) rescue(stage string, err error) (again bool) {
	var ended *endError
	switch {
	case errors.As(err, &ended):
		b.end(ended.action, ended.reason)
		return false
	case errors.Is(err, errAborted):
		b.end("reboot", err.Error())
		return false
	}
	b.report(stage, err)
	if shell := b.shell(); shell != "" {
		b.prompt(shell, err.Error())
		if !b.config.EmergencyGiven || b.config.Emergency == "shell" || b.config.Emergency == "hold" {
			return true
		}
	}
	b.end(b.config.Emergency, err.Error())
	return false
}

func (b *Boot) end(action, reason string) {
	reason = strings.ReplaceAll(reason, "\n", "; ")
	b.m.Log.Flush(logPatience)
	if err := b.m.Parent.End(action, reason); err != nil {
		b.m.Log.Errf("end: PID 1 does not answer: %v (%s)", err, reason)
	}
}

// report tells why the boot stops, in the log and in the file that dracut's users know.
func (b *Boot) report(stage string, err error) {
	line, _ := fs.ReadFile(b.m.Files, "proc/cmdline")
	r := rescue.Report{
		Stage: stage, Reason: strings.ReplaceAll(err.Error(), "\n", "; "), Waited: b.m.Uptime(),
		Devices: b.realDevices(), Missing: b.missing(),
		CommandLine: strings.TrimSpace(string(line)),
	}
	for _, l := range r.Lines() {
		b.m.Log.Errf("%s", l)
	}
	if err := b.m.Scratch.WriteFile("/run/initramfs/rdsosreport.txt", []byte(r.Text())); err != nil {
		b.m.Log.Warnf("the report is not kept: %v", err)
	}
}

// realDevices leaves out the loop and RAM devices that nobody has filled.
func (b *Boot) realDevices() []*device.Device {
	return slices.DeleteFunc(b.finder.inv.Devices(), func(d *device.Device) bool {
		return d.HasFacts && d.Size == 0
	})
}

// shell is the shell that may be started, "" for none.
func (b *Boot) shell() string {
	if !b.config.Shell && len(b.config.Break) == 0 {
		return ""
	}
	for _, p := range []string{"bin/sh", "usr/bin/sh", "bin/bash", "bin/busybox"} {
		if _, err := fs.Stat(b.m.Files, p); err == nil {
			return "/" + p
		}
	}
	return ""
}

// breakBefore is the prompt that rd.break= asks for.
func (b *Boot) breakBefore(stage string) {
	if stage == "switch_root" {
		b.m.Log.Notef("rd.break: stopping before switch_root")
	} else {
		b.m.Log.Notef("rd.break=%s: stopping before stage %s", stage, stage)
	}
	shell := b.shell()
	if shell == "" {
		b.m.Log.Errf("rd.break=%s: there is no shell in this image; going on", stage)
		return
	}
	b.prompt(shell, "rd.break")
}

// prompt runs a shell on the console until it is left.
func (b *Boot) prompt(shell, reason string) {
	terminal := b.terminal()
	b.m.Log.Errf("prompt: %s on %s (%s); leave it with exit to go on", shell, terminal, reason)
	b.m.Log.Flush(logPatience)
	b.m.Parent.Wait("prompt", 0)
	env := []string{"HOME=/", "TERM=linux", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PS1=preroot:${PWD}# "}
	if err := b.m.Programs.Shell(terminal, shell, env); err != nil {
		b.m.Log.Errf("%s on %s: %v", shell, terminal, err)
	}
	// What was done by hand may have changed anything: look again.
	b.finder.scan, b.finder.aliases = unknown, unknown
}

// terminal is rd.ctty=, or the console that the kernel lists last (/sys/class/tty/console/active).
func (b *Boot) terminal() string {
	if b.config.CTTY != "" {
		return "/dev/" + path.Base(b.config.CTTY)
	}
	active, _ := fs.ReadFile(b.m.Files, "sys/class/tty/console/active")
	if names := strings.Fields(string(active)); len(names) > 0 {
		return "/dev/" + names[len(names)-1]
	}
	return "/dev/console"
}
