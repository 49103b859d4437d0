package initqueue

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// Add is /sbin/initqueue, which udev rules and hooks call: it writes one job into a queue and returns an exit status. The names and texts of the files are
// those of dracut's own script, byte for byte, in the shell of the image: other scripts read them. What the arguments mean as shell text is
// the caller's business by contract; nothing of them is run here.
//
// It differs in this: variables of the environment called name, env, onetime, unique or qname mean nothing; a queue's directory that
// is missing is made; what cannot be written is an error with status 1. The engine is woken by its inotify on the directories.
func Add(args []string) int { return add(args, imageWords(), os.Stdout, os.Stderr) }

func add(args []string, w words, out, diagnostics io.Writer) int {
	c, ok := ParseCall(args)
	command := ""
	if ok {
		command = w.find(c.Command[0])
	}
	if command == "" {
		fmt.Fprintln(out, "Invalid command")
		return 1
	}
	if err := write(c, hookdir(), c.Text(command, w.echo)); err != nil {
		fmt.Fprintln(diagnostics, "initqueue:", err)
		return 1
	}
	return 0
}

// newestHookdir is where hooks are written since dracut 102, oldestHookdir before.
const (
	newestHookdir = "/var/lib/dracut/hooks"
	oldestHookdir = "/lib/dracut/hooks"
)

// hookdir is the directory of the queues: what the caller says (udev has it as a property), or the one that this image has.
func hookdir() string {
	if dir := os.Getenv("hookdir"); dir != "" {
		return dir
	}
	if info, err := os.Stat(newestHookdir); err == nil && info.IsDir() {
		return newestHookdir
	}
	return oldestHookdir
}

// write puts the job into its queue by a rename inside the directory, so that whoever sources the queue sees it whole or not at all (dracut moves it from /tmp, which
// may be another file system), and touches work for the initqueue itself.
func write(c Call, hookdir, text string) error {
	pid := os.Getpid()
	name, err := c.File(pid)
	if err != nil {
		return err
	}
	dir := c.Dir(hookdir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	draft := filepath.Join(dir, "."+strconv.Itoa(pid)+".new")
	if err := os.WriteFile(draft, []byte(text), 0o666); err != nil {
		_ = os.Remove(draft)
		return err
	}
	if err := os.Rename(draft, filepath.Join(dir, name)); err != nil {
		_ = os.Remove(draft)
		return err
	}
	if c.Queue != "" {
		return nil
	}
	work, err := os.OpenFile(filepath.Join(dir, "work"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	return work.Close()
}
