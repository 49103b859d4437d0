package boot

import (
	"io"
	"io/fs"
	"time"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/kmod"
	"github.com/preroot/preroot/pkg/mount"
	"github.com/preroot/preroot/pkg/switchroot"
	"github.com/preroot/preroot/pkg/uevent"
	"github.com/preroot/preroot/pkg/vconsole"
)

// Machine is everything that a boot asks of the computer it runs on. The real one is made of internal/linux, the
// fake one of the tests of internal/linuxtest.
type Machine struct {
	// Files is the initramfs with /proc, /sys and /dev, rooted at "/".
	Files fs.FS
	// Scratch writes below /run and /dev.
	Scratch Scratch
	// Kernel loads modules.
	Kernel kmod.Kernel
	// Mounter and Directories are the name space of this process.
	Mounter     Mounter
	Directories mount.Directories
	// Uevents opens the kernel's messages about devices.
	Uevents func() (Uevents, error)
	// OpenDisk opens a block device for probing.
	OpenDisk func(node string) (Disk, error)
	// OpenRoot opens the directory of the new root.
	OpenRoot func(dir string) (Root, error)
	// OpenVT opens a virtual terminal; nil when the machine has none.
	OpenVT func(path string) (vconsole.Terminal, error)
	// Programs runs programs of the image.
	Programs Programs
	// StartApart starts a program that goes on when the initramfs is gone; nil where that cannot be.
	StartApart func(program, name string) (Apart, error)
	// RAMDisk serves a classic initrd; nil where none is served.
	RAMDisk *RAMDisk
	// Hooks is what the hook shell asks of the machine; nil where no hook can be run.
	Hooks *hooks.System
	// Room is what is free on a file system, in bytes and in files; known is false for one without a limit. It may be nil.
	Room func(path string) (bytes, files uint64, known bool)
	// WatchDirectories watches directories for files that come, go or are written; nil where that cannot be.
	WatchDirectories func(dirs ...string) (Changes, error)
	// UdevMonitor opens the messages of udevd; nil where there are none.
	UdevMonitor func() (Messages, error)
	// Parent is PID 1.
	Parent Parent
	// Signals are those that PID 1 passes on.
	Signals <-chan int
	// Asked are PID 1's questions whether this process lives; nil if there are none.
	Asked <-chan struct{}
	// Input opens a device of /dev/input for reading; nil if there is no power button to watch.
	Input func(node string) (io.ReadCloser, error)
	// MakeNode makes a device node, for kernels that do not (no devtmpfs).
	MakeNode func(path string, block bool, major, minor uint32) error
	// Sysctl writes a value below /proc/sys.
	Sysctl func(name, value string) error
	// PrintLevel sets the level below which kernel messages reach the consoles.
	PrintLevel func(level int) error
	// OpenTerminal opens a console for a person.
	OpenTerminal func(path string) (Terminal, error)
	// KernelLog is the text of the kernel's log.
	KernelLog func() string
	// Self is the path of this program, for the prompt without a shell.
	Self string
	// WriteSys writes an attribute of /sys.
	WriteSys func(path, text string) error
	// Console opens /dev/console for one line.
	Console klog.Open
	// Uptime is the kernel's clock.
	Uptime func() time.Duration
	// ELF is the machine number of executables that run here (elf.h, e_machine).
	ELF uint16
	// Restarted says that an engine before this one died.
	Restarted bool
	Log       *klog.Logger
}

// Mounter mounts and changes what is mounted; flags are MS_ bits of mount(2).
type Mounter interface {
	mount.Mounter
	Remount(target string, flags uintptr, data string) error
}

// Scratch writes what others read: files (with the directories above them) and links.
type Scratch interface {
	WriteFile(path string, data []byte) error
	Symlink(target, path string) error
	Remove(path string) error
}

// Uevents brings one message at a time; uevent.ErrOverrun means that some were lost.
type Uevents interface {
	Receive() (uevent.Event, error)
	Close() error
}

// Disk is an open block device; Geometry is its size and its logical sector in bytes.
type Disk interface {
	io.ReaderAt
	io.Closer
	Geometry() (size int64, sector int)
}

// Root is the new root, looked into as if it were "/".
type Root interface {
	switchroot.Root
	ReadFile(path string, limit int64) ([]byte, error)
	Mkdir(path string, mode uint32) error
	Close() error
}

// Programs runs a program of the image and gives its exit status, negative after a signal; stdin is /dev/null.
// Interactive starts one on a terminal in a session of its own. Confide runs one that learns secrets, and erases it when it has stopped itself, or some time after dismissed is closed.
type Programs interface {
	Run(program string, args ...string) (status int, output string, err error)
	Interactive(terminal, program string, argv, env []string) (Session, error)
	Confide(dismissed <-chan struct{}, program string, args ...string) (output string, err error)
	ForgetSecret()
}

// Changes tells that something has changed in a directory. Await waits for it; Close ends that with an error.
type Changes interface {
	Await() error
	Close() error
}

// Messages brings what udevd sends, an empty one for what was lost; Close ends a waiting Receive with an error.
type Messages interface {
	Receive() ([]byte, error)
	Close() error
}

// Session is an interactive program. Request waits for the line that it writes to descriptor 3, "" when it ends without one; Wait waits for
// its end; End hangs its terminal up, Kill ends it whatever it does.
type Session interface {
	Request() string
	Wait() error
	End()
	Kill()
}

// Terminal is a console on which a person may be. Writing never waits. AwaitKey ends with nil when somebody has typed, which is left for who
// reads next; Release ends it early and gives the terminal its settings back.
type Terminal interface {
	io.WriteCloser
	AwaitKey() error
	Release()
}

// Parent is PID 1, seen from the engine.
type Parent interface {
	HandOver(switchroot.Record) error
	Wait(what string, limit time.Duration)
	// Policy names the emergency action for the case that the engine cannot.
	Policy(action string)
	End(action, reason string) error
}

// Watcher is the part of PID 1 that watches over the engine, where Parent has it.
type Watcher interface {
	// Alive answers a question of Machine.Asked.
	Alive()
	// Watchdog names a hardware watchdog that runs already.
	Watchdog(device string)
}
