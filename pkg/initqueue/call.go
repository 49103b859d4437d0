package initqueue

import (
	"errors"
	"path"
	"strconv"
	"strings"
)

// Call is a call of /sbin/initqueue (dracut.modules(7)).
type Call struct {
	// Onetime: the first line of the job deletes it. Unique: the name has no process number.
	Onetime, Unique bool
	// Queue is settled, finished, timeout or online; "" is the initqueue itself.
	Queue string
	// Name is the name of the job, Env a line of shell text that stands before the command.
	Name, Env string
	// Command is what the job runs. Its words become shell text, joined by blanks: quotes and redirections inside come alive.
	Command []string
}

// ParseCall reads the arguments. The first word that is no option begins the command; of several queues the last counts. ok is false where
// there is no command.
func ParseCall(args []string) (c Call, ok bool) {
	for ; len(args) > 0; args = args[1:] {
		switch arg := args[0]; arg {
		case "--onetime":
			c.Onetime = true
		case "--unique":
			c.Unique = true
		case "--settled", "--finished", "--timeout", "--online":
			c.Queue = arg[2:]
		case "--name", "--env":
			if len(args) < 2 {
				return c, false
			}
			if args = args[1:]; arg == "--name" {
				c.Name = args[0]
			} else {
				c.Env = args[0]
			}
		default:
			c.Command = args
			return c, true
		}
	}
	return c, false
}

// File is the name of the job's file: the name and the process number, or, for a unique job, the last part of the name or of the command.
func (c Call) File(pid int) (string, error) {
	job := c.Name + strconv.Itoa(pid)
	if c.Unique {
		job = c.Name
		if job == "" {
			job = c.Command[0]
		}
		job = job[strings.LastIndexByte(job, '/')+1:]
	}
	if strings.Contains(job, "/") {
		return "", errors.New("a job's name has no slash: " + c.Name)
	}
	return job + ".sh", nil
}

// Dir is the directory of the queue below hookdir.
func (c Call) Dir(hookdir string) string { return path.Join(hookdir, "initqueue", c.Queue) }

// deleteItself is the first line of a one-time job; $job is set by whoever sources it.
const deleteItself = `[ -e "$job" ] && rm -f -- "$job"` + "\n"

// Text is the text of the job. command is what the first word of the command was found to be, echo the image's echo.
func (c Call) Text(command string, echo func(words ...string) string) string {
	text := ""
	if c.Onetime {
		text = deleteItself
	}
	if c.Env != "" {
		text += echo(c.Env)
	}
	return text + echo(append([]string{command}, c.Command[1:]...)...)
}
