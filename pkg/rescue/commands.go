package rescue

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// command is one that the prompt has built in.
type command struct {
	name, usage, about string
	run                func(c *call, args []string) error
}

// commands is the list as "help" shows it.
func commands() []command {
	return []command{
		{"report", "", "why the boot has stopped, and what was there", (*call).report},
		{"blkid", "[DEVICE]", "block devices and what is on them", (*call).blkid},
		{"dmesg", "[-n LINES]", "the kernel's log, or its last lines", (*call).dmesg},
		{"timeline", "", "what the boot has done, and how long it took", (*call).timeline},
		{"lsmod", "", "the modules in the kernel", (*call).lsmod},
		{"modprobe", "NAME...", "load modules, and those that they need", (*call).modprobe},
		{"mount", "[-t TYPE] [-o OPTIONS] DEVICE DIR", "mount a device (also UUID=..., LABEL=...); alone: list", (*call).mount},
		{"umount", "DIR...", "take a mount away", (*call).umount},
		{"ls", "[-l] [-a] [PATH...]", "list files", (*call).ls},
		{"cat", "FILE...", "show files", (*call).cat},
		{"cd", "[DIR]", "change the current directory", (*call).cd},
		{"mkdir", "DIR...", "make directories", (*call).mkdir},
		{"ps", "", "processes", (*call).ps},
		{"echo", "[WORD...]", "show words", (*call).echo},
		{"help", "", "this list", (*call).help},
		{"exit", "", "go on with the boot, or try again", (*call).end},
		{"reboot", "", "", (*call).end},
		{"poweroff", "", "", (*call).end},
		{"halt", "", "end the machine's run", (*call).end},
	}
}

// errUsage asks for the line of help instead of an error.
var errUsage = errors.New("usage")

// run does the command: one that is built in, or else a program of the image.
func (c *call) run() error {
	for _, cmd := range commands() {
		if cmd.name != c.args[0] {
			continue
		}
		err := cmd.run(c, c.args[1:])
		if errors.Is(err, errUsage) {
			err = errors.New("write " + strings.TrimSpace(cmd.name+" "+cmd.usage))
		}
		return err
	}
	if c.sys.Run != nil {
		if p := c.programOf(c.args[0]); p != "" {
			return c.start(p, c.args[1:])
		}
	}
	return errors.New("no such command, and no program of that name in this image; \"help\" lists the commands")
}

// programOf finds a program of the image as a shell does.
func (c *call) programOf(name string) string {
	dirs := []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"}
	if strings.Contains(name, "/") {
		name, dirs = absolute(c.dir, name), []string{"/"}
	}
	for _, dir := range dirs {
		p := path.Join(dir, name)
		if info, err := fs.Stat(c.sys.Files, rel(p)); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return p
		}
	}
	return ""
}

// start runs a program: what it prints is shown, and it has no input.
func (c *call) start(program string, args []string) error {
	c.program.Store(true)
	defer c.program.Store(false)
	out := lineWriter{c: c}
	status, err := c.sys.Run(c.stop, &out, program, args...)
	out.flush()
	switch {
	case err != nil:
		return err
	case c.interrupted():
		return errStopped
	case status < 0:
		return fmt.Errorf("ended by signal %d", -status)
	case status > 0:
		return fmt.Errorf("status %d", status)
	}
	return nil
}

func (c *call) help(args []string) error {
	for _, cmd := range commands() {
		left := strings.TrimSpace(cmd.name + " " + cmd.usage)
		if pad := 20 - len(left); pad > 0 {
			left += strings.Repeat(" ", pad)
		}
		if err := c.print("  " + strings.TrimSpace(left+" "+cmd.about)); err != nil {
			return err
		}
	}
	for _, line := range []string{
		"  root=VALUE          try another root: any of root= rootfstype= rootflags= ro rw init=",
		"Other names run a program of the image, without input. Ctrl-C ends a command, Tab completes, Up recalls.",
	} {
		if err := c.print(line); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) end(args []string) error {
	if len(args) > 0 {
		return errUsage
	}
	c.request = c.args[0]
	return nil
}

func (c *call) echo(args []string) error { return c.print(strings.Join(args, " ")) }

// completer completes what a line may begin with, and paths.
func (p *Prompt) completer() completer {
	names := []string{"root=", "rootfstype=", "rootflags=", "init="}
	for _, cmd := range commands() {
		names = append(names, cmd.name+" ")
	}
	slices.Sort(names)
	return completer{files: p.System.Files, dir: func() string { return p.dir }, commands: names}
}
