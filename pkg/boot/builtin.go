package boot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	notify "os/signal"
	"strings"
	"syscall"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/mount"
	"github.com/preroot/preroot/pkg/rescue"
	"github.com/preroot/preroot/pkg/rootfs"
)

// Prompt is the applet that the engine starts on a console when the image has no shell; rescue.RequestFD has its protocol. It returns
// an exit status.
func Prompt() int {
	request := linux.Inherited(rescue.RequestFD, "request")
	tty := linux.AdoptTTY(os.Stdin)
	defer tty.Restore()
	// A panic must leave the terminal as it was.
	defer safe.Catch("prompt", func(_, trace string) { fmt.Fprintln(os.Stderr, trace) })
	interrupt, end, others := make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 1)
	notify.Notify(interrupt, syscall.SIGINT)
	notify.Notify(end, syscall.SIGTERM, syscall.SIGHUP)
	notify.Notify(others, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGPIPE)
	p := rescue.Prompt{System: system(os.DirFS("/")), Terminal: tty, Interrupt: interrupt, End: end}
	line, err := p.Run()
	if err != nil || request == nil {
		return 1
	}
	if _, err := io.WriteString(request, line+"\n"); err != nil {
		return 1
	}
	return 0
}

// system is the machine that this process runs on, for the prompt.
func system(files fs.FS) rescue.System {
	return rescue.System{
		Files:     files,
		Open:      func(path string) (io.ReadCloser, error) { return linux.OpenNow(path) },
		OpenDisk:  func(node string) (rescue.Disk, error) { return openDisk(node) },
		KernelLog: linux.KernelLog,
		Modprobe:  func(names ...string) error { return loadModules(files, names) },
		Mounter:   promptMounter{},
		Mkdir:     func(path string) error { return os.Mkdir(path, 0o755) },
		Run:       runProgram,
		CheckRoot: checkRoot,
	}
}

func runProgram(stop <-chan struct{}, out io.Writer, program string, args ...string) (status int, err error) {
	spawn := func(f func()) { safe.Go(program, nil, f) }
	return linux.Programs{}.Follow(spawn, stop, out, program, args...)
}

func checkRoot(value string) error {
	_, err := rootfs.Parse(value)
	return err
}

// promptMounter mounts what a person asks for.
type promptMounter struct{}

func (promptMounter) Mount(source, target, fstype, options string) error {
	o := mount.ParseOptions(options)
	err := linux.Mount(source, target, fstype, o.Flags, o.DataText())
	if errors.Is(err, syscall.ENODEV) {
		return fmt.Errorf("%w: this kernel does not know %s; is its module in the image?", err, klog.Clean(fstype))
	}
	return err
}

func (promptMounter) Unmount(target string) error {
	return linux.Unmount(strings.TrimSuffix(target, "/"))
}
