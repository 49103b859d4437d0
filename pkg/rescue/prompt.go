package rescue

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/internal/safe"
)

// System is the machine that the prompt shows and changes. A nil function is a thing that this machine does not have.
type System struct {
	// Files is the initramfs with /proc, /sys and /dev, rooted at "/".
	Files fs.FS
	// Open opens a file for reading and never waits for a device or a FIFO to be ready; Close ends a Read that waits.
	Open func(path string) (io.ReadCloser, error)
	// OpenDisk opens a block device for probing.
	OpenDisk func(node string) (Disk, error)
	// KernelLog is the text of the kernel's log, as syslog(2) gives it.
	KernelLog func() string
	// Modprobe loads modules with all that they need.
	Modprobe func(names ...string) error
	Mounter  Mounter
	Mkdir    func(path string) error
	// Run runs a program without input, until it ends or stop is closed, and gives its exit status, negative after a signal.
	Run func(stop <-chan struct{}, out io.Writer, program string, args ...string) (status int, err error)
	// CheckRoot says what is wrong with a value of root=.
	CheckRoot func(value string) error
}

// Disk is an open block device; Geometry is its size and its logical sector in bytes.
type Disk interface {
	io.ReaderAt
	io.Closer
	Geometry() (size int64, sector int)
}

// Mounter mounts; options are words of mount(8), separated by commas.
type Mounter interface {
	Mount(source, target, fstype, options string) error
	Unmount(target string) error
}

// Terminal is where the person is: bytes come as they are typed, "\n" written begins a new line at its start.
type Terminal interface {
	io.ReadWriter
	// Size is 0, 0 when the terminal does not tell it, as serial lines do not.
	Size() (columns, rows int)
}

// ErrHungUp says that the terminal is gone.
var ErrHungUp = errors.New("the terminal is hung up")

// errEnded says that a signal ended the prompt.
var errEnded = errors.New("ended by a signal")

// Prompt is a session of the built-in prompt.
type Prompt struct {
	System   System
	Terminal Terminal
	// Interrupt stands for Ctrl-C, End ends the session; both may be nil.
	Interrupt, End <-chan os.Signal

	editor  Editor
	dir     string
	keys    chan []byte
	typed   []byte // read from the terminal and not yet used
	late    chan *call
	behind  int           // commands that were given up and still run
	gone    chan struct{} // closed when Run ends
	request string
}

// Greeting is the first line of a prompt. Tests know a prompt by it.
const Greeting = "preroot: this is the built-in prompt, as the image has no shell. \"help\" lists the commands; \"exit\" goes on with the boot."

// maxTyped bounds what is kept of the bytes that are typed while a command runs.
const maxTyped = 64 << 10

// Run talks with the person until a request is made, and returns it; ParseRequest reads it. The error is ErrHungUp when the terminal
// goes first.
func (p *Prompt) Run() (request string, err error) {
	p.dir, p.keys, p.late = "/", make(chan []byte), make(chan *call)
	p.gone = make(chan struct{})
	defer close(p.gone)
	p.editor.Complete = p.completer().complete
	safe.Go("terminal", p.broken, p.read)
	p.write(Greeting + "\n")
	for p.request == "" {
		line, err := p.readLine()
		if err != nil {
			return "", err
		}
		if err := p.execute(line); err != nil {
			return "", err
		}
	}
	return p.request, nil
}

// read brings what is typed, until the terminal is gone or nobody wants it any more.
func (p *Prompt) read() {
	defer close(p.keys)
	for {
		buf := make([]byte, 256)
		n, err := p.Terminal.Read(buf)
		if n > 0 {
			select {
			case p.keys <- buf[:n]:
			case <-p.gone:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Prompt) write(s string) { _, _ = io.WriteString(p.Terminal, s) }

func (p *Prompt) show() {
	if out := p.editor.Output(); len(out) > 0 {
		_, _ = p.Terminal.Write(out)
	}
}

// broken tells of a panic; the session goes on as far as it can.
func (p *Prompt) broken(name, trace string) {
	p.write("internal error in " + name + ": " + trace + "\n")
}

// ps1 is the text before a line; of a long directory its end.
func (p *Prompt) ps1() string {
	dir := p.dir
	if len(dir) > 40 {
		dir = "..." + dir[len(dir)-37:]
	}
	dir = klog.Clean(dir)
	return "preroot:" + dir + "# "
}

// readLine edits one line.
func (p *Prompt) readLine() (string, error) {
	columns, _ := p.Terminal.Size()
	p.editor.Begin(p.ps1(), columns)
	for {
		for len(p.typed) > 0 {
			b := p.typed[0]
			p.typed = p.typed[1:]
			if line, done := p.edit(b, columns); done {
				return line, nil
			}
		}
		p.show()
		if err := p.wait(columns); err != nil {
			return "", err
		}
	}
}

// edit feeds one byte and says whether a line is there to be executed.
func (p *Prompt) edit(b byte, columns int) (line string, done bool) {
	switch p.editor.Feed(b) {
	case EventLine:
		line = strings.TrimSpace(p.editor.Line())
		p.editor.Remember(line)
		p.show()
		return line, true
	case EventTooLong:
		p.show()
		p.write("the line was longer than 512 bytes: nothing was done\n")
		p.editor.Begin(p.ps1(), columns)
	case EventInterrupt:
		p.editor.Begin(p.ps1(), columns)
	case EventEOF:
		p.show()
		p.write("\nexit goes on with the boot; reboot, poweroff and halt end it\n")
		p.editor.Begin(p.ps1(), columns)
	}
	return "", false
}

// wait waits for the next thing that concerns the line.
func (p *Prompt) wait(columns int) error {
	select {
	case keys, ok := <-p.keys:
		if !ok {
			return ErrHungUp
		}
		p.typed = append(p.typed, keys...)
	case c := <-p.late:
		p.behind--
		p.write("\r\x1b[K")
		p.tell(c)
		p.editor.redraw()
	case <-p.Interrupt:
		p.typed = append(p.typed, 3)
	case <-p.End:
		return errEnded
	}
	return nil
}
