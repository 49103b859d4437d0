// Command modules is a helper of /init: it loads what is left of the kernel modules while the real init runs already, and the initramfs is gone. So it holds no file of it: it is started in
// memory of its own (linux.StartInMemory), and gets the modules themselves. It is small for that reason, and has neither fmt nor os: each page is copied at each boot.
//
//	2  the kernel log
//	5  the modules, in the order in which they are loaded (kmod.Loader.Send); it begins when the other end is closed
//
// It ends after 30 seconds whatever is left. A module that does not load costs a line in the log.
package main

import (
	"syscall"
	"unsafe"

	"github.com/preroot/preroot/internal/inflate"
)

const (
	feedFD = 5

	limit     = 30      // seconds
	maxModule = 1 << 28 // bytes of one
)

// module is one of the list, with its file.
type module struct {
	how    byte // see pkg/kmod/later.go
	path   string
	params []byte // with a NUL behind them
	data   []byte
}

func main() {
	setName("preroot-modules\x00")
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19)
	in := &input{read: func(p []byte) (int, error) { return syscall.Read(feedFD, p) }}
	modules, whole := in.modules()
	if !whole || !in.closed() {
		return
	}
	endAfter(limit)
	for i := range modules {
		m := &modules[i]
		if err := m.load(); err != nil {
			report(m.path, err.Error())
		}
		m.data = nil
	}
}

// load hands a module to the kernel. That it is in already is no error, nor that it has found no device.
func (m *module) load() error {
	var err error
	switch m.how {
	case 'g':
		var image []byte
		if image, err = inflate.Gunzip(m.data, maxModule); err == nil {
			err = initModule(image, m.params)
		}
	case 'k':
		err = finitModule(m.data, m.params)
	default:
		err = initModule(m.data, m.params)
	}
	if err == syscall.EEXIST || err == syscall.ENODEV {
		return nil
	}
	return err
}

// report writes a line into the kernel log, with the priority of a warning.
func report(path, why string) {
	_, _ = syscall.Write(syscall.Stderr, []byte("<4>preroot: module "+path+" is not loaded: "+why+"\n"))
}

func initModule(image, params []byte) error {
	_, _, err := syscall.Syscall(syscall.SYS_INIT_MODULE, uintptr(unsafe.Pointer(unsafe.SliceData(image))), uintptr(len(image)), uintptr(unsafe.Pointer(unsafe.SliceData(params))))
	return failed(err)
}

// finitModule gives the kernel a file that is to be unpacked by it.
func finitModule(packed, params []byte) error {
	const compressed = 4 // MODULE_INIT_COMPRESSED_FILE
	name := []byte("module\x00")
	fd, _, err := syscall.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(unsafe.SliceData(name))), 1, 0) // MFD_CLOEXEC
	if err != 0 {
		return err
	}
	defer syscall.Close(int(fd))
	for rest := packed; len(rest) > 0; {
		n, err := syscall.Write(int(fd), rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	_, _, err = syscall.Syscall(sysFinitModule, fd, uintptr(unsafe.Pointer(unsafe.SliceData(params))), compressed)
	return failed(err)
}

func failed(err syscall.Errno) error {
	if err == 0 {
		return nil
	}
	return err
}

// endAfter has the kernel end this process: the Go runtime would only note the signal.
func endAfter(seconds int64) {
	var byDefault [32]byte // struct sigaction of the kernel: SIG_DFL
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(syscall.SIGALRM), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
	timer := [4]int64{2: seconds} // struct itimerval, ITIMER_REAL
	_, _, _ = syscall.RawSyscall(syscall.SYS_SETITIMER, 0, uintptr(unsafe.Pointer(&timer)), 0)
}

// setName is what ps shows; the loader has left the number of a descriptor there.
func setName(name string) {
	const prSetName = 15
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetName, uintptr(unsafe.Pointer(unsafe.StringData(name))), 0)
}
