package hooks

import (
	"io"
	"io/fs"
	"syscall"
	"time"
)

// System is what this package asks of the machine; internal/linux has all of it.
type System struct {
	Files Files
	// Proc is /proc.
	Proc fs.FS
	// Channel makes a FIFO, in the place of whatever has that name, and opens it.
	Channel func(path string) (Channel, error)
	// Start starts a process in a session of its own. An input or output that cannot be opened is an *fs.PathError with its path.
	Start func(Command) (Process, error)
	// Signal sends a signal to a process, or with a negative number to the process group.
	Signal func(pid int, signal syscall.Signal) error
	// Urgent lets this process run before all others, or with false no more so; what it starts has no part in it. It may be nil.
	Urgent func(bool)
}

// Files are written whole or not at all, with the directories above them; removing what is not there is no error.
type Files interface {
	WriteFile(path string, data []byte) error
	ReadFile(path string) ([]byte, error)
	Remove(path string) error
}

// Channel is a FIFO that this process holds open for reading and writing: nobody's end is its end. Await waits until something is there;
// TryRead takes it without waiting, with an error when nothing is.
type Channel interface {
	Await() error
	TryRead([]byte) (int, error)
	io.WriteCloser
}

// Command is a process to be started. Input and Output (standard output and error) are opened by path. Private gives it a mount
// namespace of its own, with a root directory that is read-only.
type Command struct {
	Argv, Env          []string
	Dir, Input, Output string
	Private            bool
}

// Process is a child, the leader of its session. Wait gives its exit status, or the negative number of the signal that ended it.
type Process interface {
	PID() int
	Wait() (status int, err error)
}

// Slow is a hook that takes long.
type Slow struct {
	Hook      string
	For       time.Duration
	Processes []Sample
	// Ending says that the hook is ended now by the rule of Watch.
	Ending bool
}

// Defaults of Patience (seconds of rd.preroot.hook_timeout= are Limit), and what is kept of a hook's output.
const (
	DefaultReport = 30 * time.Second
	DefaultLimit  = 90 * time.Second
	defaultSample = 5 * time.Second
	maxOutput     = 1 << 20
	maxTail       = 4 << 10
)

// Patience says how hooks are watched.
type Patience struct {
	// Report and Sample are DefaultReport and 5 s if zero: when a hook is reported, and how often its processes are looked at.
	Report, Sample time.Duration
	// Limit is how long a hook may do nothing before it is ended, once Expired says that root's deadline has passed. 0 is never.
	Limit time.Duration
	// Expired may be nil: never.
	Expired func() bool
	// Resources are those of the machine: a hook that takes nearly all of its memory, or starts processes without end, is ended. It may be nil: then nobody looks.
	Resources func() Resources
	// Slow takes the reports; it must not block. It may be nil.
	Slow func(Slow)
}

func (p Patience) withDefaults() Patience {
	if p.Report <= 0 {
		p.Report = DefaultReport
	}
	if p.Sample <= 0 {
		p.Sample = defaultSample
	}
	if p.Expired == nil {
		p.Expired = func() bool { return false }
	}
	if p.Resources == nil {
		p.Resources = func() Resources { return Resources{} }
	}
	if p.Slow == nil {
		p.Slow = func(Slow) {}
	}
	return p
}
