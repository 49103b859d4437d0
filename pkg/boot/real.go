package boot

import (
	"errors"
	"io"
	"os"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/switchroot"
	"github.com/preroot/preroot/pkg/uevent"
	"github.com/preroot/preroot/pkg/vconsole"
)

// Real is the machine that this process runs on. The caller adds Parent, Signals and Restarted.
func Real(log *klog.Logger) Machine {
	return Machine{
		Files:            linux.Tree{},
		Scratch:          linux.Files{},
		Kernel:           linux.Modules{},
		Mounter:          realMounter{},
		Directories:      linux.Files{},
		Uevents:          listen,
		OpenDisk:         openDisk,
		OpenRoot:         openRoot,
		Programs:         realPrograms{},
		StartApart:       startApart,
		PrintLevel:       linux.SetPrintLevel,
		Console:          openConsole,
		OpenTerminal:     openTerminal,
		OpenVT:           openVT,
		KernelLog:        linux.KernelLog,
		Self:             "/proc/self/exe",
		Uptime:           linux.Uptime,
		Input:            openInput,
		Sysctl:           linux.Sysctl,
		MakeNode:         linux.MakeNode,
		ELF:              switchroot.HostMachine(),
		Log:              log,
		WriteSys:         linux.WriteSys,
		Hooks:            realHooks(),
		WatchDirectories: watchDirectories,
		UdevMonitor:      udevMonitor,
		Room:             linux.Room,
		RAMDisk:          realRAMDisk(),
	}
}

type realMounter struct{}

func (realMounter) Mount(source, target, fstype string, flags uintptr, data string) error {
	if len(target) > len(Sysroot) && target[:len(Sysroot)+1] == Sysroot+"/" {
		return linux.MountBelow(Sysroot, target[len(Sysroot):], source, fstype, flags, data)
	}
	if source == fstype {
		return linux.MountPlain(source, target, fstype, flags, data)
	}
	return linux.Mount(source, target, fstype, flags, data)
}

func (realMounter) Unmount(target string) error { return linux.Unmount(target) }

func (realMounter) Remount(target string, flags uintptr, data string) error {
	return linux.Remount(target, flags, data)
}

type realPrograms struct{ linux.Programs }

func (p realPrograms) Interactive(terminal, program string, argv, env []string) (Session, error) {
	s, err := p.Programs.Interactive(terminal, program, argv, env)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (p realPrograms) Confide(dismissed <-chan struct{}, program string, args ...string) (string, error) {
	return p.Programs.Confide(func(f func()) { safe.Go(program, func(string, string) {}, f) }, dismissed, program, args...)
}

func (realPrograms) ForgetSecret() { linux.ForgetSecret() }

func startApart(program, name string) (Apart, error) {
	a, err := linux.StartApart(program, name)
	if err != nil {
		return nil, err
	}
	return a, nil
}

func openTerminal(path string) (Terminal, error) {
	t, err := linux.OpenTerminal(path)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// ueventBuffer is the wanted receive buffer of the uevent socket in bytes; the kernel takes memory only for what waits.
const ueventBuffer = 16 << 20

func listen() (Uevents, error) { return uevent.Listen(ueventBuffer) }

type realDisk struct{ *linux.Disk }

func (d realDisk) Geometry() (size int64, sector int) { return d.Size, d.Sector }

func openDisk(node string) (Disk, error) {
	d, err := linux.OpenDisk(node)
	if err != nil {
		return nil, err
	}
	return realDisk{d}, nil
}

// realRoot is the new root for proving and reading.
type realRoot struct {
	switchroot.Root
	dir *linux.Root
}

func openRoot(dir string) (Root, error) {
	r, err := linux.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return realRoot{switchroot.InRoot(r), r}, nil
}

func (r realRoot) ReadFile(path string, limit int64) ([]byte, error) {
	return r.dir.ReadFile(path, limit)
}
func (r realRoot) Mkdir(path string, mode uint32) error { return r.dir.Mkdir(path, mode) }
func (r realRoot) Close() error                         { return r.dir.Close() }

func openVT(path string) (vconsole.Terminal, error) {
	t, err := linux.OpenVT(path)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// OpenLog opens the kernel log for one message.
func OpenLog() (io.WriteCloser, error) {
	f, err := linux.OpenAppend("/dev/kmsg")
	if err != nil {
		return nil, err
	}
	return f, nil
}

func openConsole() (io.WriteCloser, error) {
	f, err := linux.OpenAppend("/dev/console")
	if err != nil {
		return nil, err
	}
	return f, nil
}

func openInput(node string) (io.ReadCloser, error) {
	f, err := linux.OpenInput(node)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// realHooks is what the hook shell asks of this machine.
func realHooks() *hooks.System {
	return &hooks.System{
		Files: linux.Files{}, Proc: os.DirFS("/proc"), Signal: linux.Signal, Urgent: linux.Urgent,
		Channel: func(path string) (hooks.Channel, error) {
			f, err := linux.MakeFIFO(path)
			if err != nil {
				return nil, err
			}
			return f, nil
		},
		Start: func(c hooks.Command) (hooks.Process, error) {
			if c.Private {
				return startPrivate(c)
			}
			p, err := linux.StartBackground(c.Argv, c.Env, c.Dir, c.Input, c.Output)
			if err != nil {
				return nil, err
			}
			return p, nil
		},
	}
}

// startPrivate starts a process from a thread that ends afterwards.
func startPrivate(c hooks.Command) (hooks.Process, error) {
	var p *linux.Background
	err := errors.New("the program could not be started")
	linux.OffMainThread(func(f func()) { safe.Go("start of a program", nil, f) }, func() {
		p, err = linux.StartPrivate(c.Argv, c.Env, c.Dir, c.Input, c.Output)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func watchDirectories(dirs ...string) (Changes, error) {
	c, err := linux.WatchDirectories(dirs...)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func udevMonitor() (Messages, error) {
	m, err := linux.ListenUdev()
	if err != nil {
		return nil, err
	}
	return m, nil
}

// realRAMDisk is what a classic initrd asks of this machine.
func realRAMDisk() *RAMDisk {
	return &RAMDisk{Move: linux.MoveMount, Detach: linux.Detach, Unload: linux.Modules{}.Remove, AwaitReader: linux.AwaitReader}
}
