package linux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Erase overwrites the memory of a child that has seen a secret, ends it and reaps it; it returns how many bytes were overwritten. A program cannot do that itself: the runtime of Go copies what
// grows, a library keeps its buffers, and a process that ends leaves its pages as they are until somebody needs them.
//
// The child should have stopped itself (StopSelf) when it had done its work; it is stopped otherwise. All of its private memory that is there (heap, stacks, data, anonymous mappings) becomes
// zero, through /proc/PID/mem; memory that it shares is left alone. Not reached are copies of the kernel's: the registers of its threads, pipes, sockets, the page cache.
//
// The child is ended and reaped in any case, also when the overwriting fails half-way. The caller, its parent, must not wait for it elsewhere.
func Erase(pid int) (bytes int64, err error) { return erase(pid, func() {}) }

// erase is Erase; before is called when the memory is overwritten and the child still there.
func erase(pid int, before func()) (bytes int64, err error) {
	if pid <= 1 || pid == unix.Getpid() {
		return 0, fmt.Errorf("erase: %d is no child", pid)
	}
	defer func() {
		if e := endChild(pid); err == nil {
			err = e
		}
	}()
	if err := stop(pid); err != nil {
		return 0, err
	}
	bytes, err = overwrite(pid)
	before()
	return bytes, err
}

// StopSelf stops this process until somebody lets it go on. A signal to the process may be taken by another of its threads, while this one runs on and may end it; one to the thread itself stops
// it before the call returns.
func StopSelf() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_ = unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGSTOP)
}

// endChild kills a child and reaps it.
func endChild(pid int) error {
	if err := Kill(pid); err != nil {
		return os.NewSyscallError("kill", err)
	}
	for {
		switch _, err := unix.Wait4(pid, nil, 0, nil); err {
		case unix.EINTR:
		case nil, unix.ECHILD: // somebody else has reaped it
			return nil
		default:
			return os.NewSyscallError("wait4", err)
		}
	}
}

// stop stops a child, whose threads then change nothing any more, and waits for it. The kernel tells that a child has stopped once, which somebody may have heard already.
func stop(pid int) error {
	if stopped, err := isStopped(pid); stopped || err != nil {
		return err
	}
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		return os.NewSyscallError("kill", err)
	}
	for {
		var info unix.Siginfo
		switch err := unix.Waitid(unix.P_PID, pid, &info, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil); {
		case err == unix.EINTR:
		case err != nil:
			return os.NewSyscallError("waitid", err)
		case info.Code != cldStopped:
			return fmt.Errorf("erase: process %d has ended by itself, its memory is out of reach", pid)
		default:
			return nil
		}
	}
}

// cldStopped is CLD_STOPPED (asm-generic/siginfo.h), the code of SIGCHLD for a child that has stopped.
const cldStopped = 5

// isStopped says whether every thread of a process is stopped: state T in proc(5).
func isStopped(pid int) (bool, error) {
	dir := "/proc/" + strconv.Itoa(pid) + "/task"
	threads, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, t := range threads {
		stat, err := os.ReadFile(dir + "/" + t.Name() + "/stat")
		if err != nil {
			continue // the thread has ended
		}
		_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
		if rest == "" || rest[0] != 'T' {
			return false, nil
		}
	}
	return len(threads) > 0, nil
}

// mapping is a line of /proc/PID/maps.
type mapping struct {
	start, end uint64
	writable   bool
}

// overwrite zeroes the private memory of a stopped process. It goes on behind what it cannot write, and returns the first error.
func overwrite(pid int) (bytes int64, err error) {
	dir := "/proc/" + strconv.Itoa(pid)
	maps, err := os.ReadFile(dir + "/smaps")
	if err != nil {
		return 0, err
	}
	mem, err := os.OpenFile(dir+"/mem", os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer mem.Close()
	pages, err := os.Open(dir + "/pagemap")
	if err != nil {
		return 0, err
	}
	defer pages.Close()
	var first error
	for _, m := range presentMappings(string(maps)) {
		n, err := m.overwrite(mem, pages)
		bytes += n
		if err != nil && m.writable { // what is not writable may be refused, by proc_mem.force_override= for one
			first = errors.Join(first, err)
		}
	}
	if bytes == 0 && first == nil {
		first = fmt.Errorf("erase: no page of process %d is seen, its memory is as it was", pid)
	}
	return bytes, first
}

// presentMappings picks the private mappings of which anything is there, from the text of /proc/PID/smaps (proc_pid_smaps(5)): the runtime of Go reserves address space by the hundred megabytes, and to look
// at each page of it takes longer than all the rest.
func presentMappings(smaps string) (list []mapping) {
	var m mapping
	ok := false
	for line := range strings.Lines(smaps) {
		key, value, _ := strings.Cut(line, ":")
		switch key {
		case "Rss", "Swap":
			if ok && strings.TrimSpace(value) != "0 kB" {
				list, ok = append(list, m), false
			}
		default:
			if strings.Contains(key, "-") { // the head of a mapping: no other line has one before its colon
				m, ok = privateMapping(strings.TrimSpace(line))
			}
		}
	}
	return list
}

// privateMapping picks the mappings whose pages belong to the process alone and may hold what it wrote: those that are private and writable, and anonymous ones that have been writable. What the
// kernel maps into each process ([vvar], [vdso]) is none.
func privateMapping(line string) (mapping, bool) {
	f := strings.Fields(line)
	if len(f) < 5 || len(f[1]) != 4 || f[1][3] != 'p' {
		return mapping{}, false
	}
	if len(f) > 5 && (strings.HasPrefix(f[5], "[v")) {
		return mapping{}, false
	}
	a, b, _ := strings.Cut(f[0], "-")
	start, err1 := strconv.ParseUint(a, 16, 63)
	end, err2 := strconv.ParseUint(b, 16, 63)
	m := mapping{start, end, f[1][1] == 'w'}
	return m, err1 == nil && err2 == nil && start < end && (m.writable || f[4] == "0")
}

// The bits of an entry of /proc/PID/pagemap (linux/Documentation/admin-guide/mm/pagemap.rst).
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
)

// overwrite zeroes the pages of a mapping that are there.
func (m mapping) overwrite(mem, pages *os.File) (bytes int64, err error) {
	page := uint64(os.Getpagesize())
	zeros := make([]byte, 64*page)
	entries := make([]byte, 8*4096)
	for at := m.start; at < m.end; {
		n := min((m.end-at)/page, uint64(len(entries)/8))
		k, e := pages.ReadAt(entries[:8*n], int64(at/page*8))
		if n = uint64(k / 8); n == 0 {
			return bytes, errors.Join(err, fmt.Errorf("erase: the pages at %x: %w", at, e))
		}
		for i := uint64(0); i < n; {
			run := present(entries[8*i:8*n], 64)
			if run > 0 {
				k, e := mem.WriteAt(zeros[:run*page], int64(at+i*page))
				bytes += int64(k)
				if e != nil && err == nil {
					err = fmt.Errorf("erase: the pages at %x: %w", at+i*page, e)
				}
			}
			i += max(run, 1)
		}
		at += n * page
	}
	return bytes, err
}

// present counts the pages at the beginning of a piece of pagemap that are there, at most limit.
func present(entries []byte, limit int) (n uint64) {
	for ; int(n) < min(len(entries)/8, limit); n++ {
		if binary.NativeEndian.Uint64(entries[8*n:])&(pagePresent|pageSwapped) == 0 {
			break
		}
	}
	return n
}
