package linux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"
	"unsafe"
)

// A program that is to outlive the initramfs must not lie there: all of a file in a ramfs stays in memory as long as a process runs it, and counts as unevictable. So such a process begins as a
// loader of one page, in a memory file of its own, which puts the program into memory that belongs to the process alone, as the kernel would map it, and jumps to its beginning.

// The loader's file: ELF headers, its code (inmemory_ARCH.s) and a table.
const (
	loaderAddress = 0x40000000 // where no Go program is linked to
	loaderStart   = 0x100
	loaderCode    = 0x200 // bytes of code at most
	loaderTable   = 0x400 // known to the code
	loaderSize    = 0x600
)

// The descriptors of a program that is started so: the first two are known to the loader's code, which reads the one, writes a byte to the other when the program is in memory, and closes both; the last has its input.
const (
	programFD = 3
	copiedFD  = 4
	FeedFD    = 5
)

// segment is a line of the table, known to the code: what to map, what to read into it, and how it is protected then. A line without an address is the last one, and has in place of
// the length where to begin.
type segment struct{ address, length, offset, bytes, protection uint64 }

// InMemory is a program that holds none of its file.
type InMemory struct {
	PID    int
	Feed   *os.File // what is written here is its input (FeedFD)
	copied *os.File // has one byte when it is in memory
}

// StartInMemory starts a static program that holds none of its file once Copied has returned, in a session of its own. files are its descriptors 0 to 2, and those behind FeedFD. argv[0] must be given as
// ever. It is for who does not reap by wait4(-1) at the same time.
func StartInMemory(program string, argv, env []string, files ...uintptr) (p *InMemory, err error) {
	file, err := os.Open(program)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	table, err := segments(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	in, feed, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	copied, copying, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, feed.Close())
	}
	defer copying.Close()
	pid, err := startLoader(table, argv, env, slices.Concat(files[:programFD], []uintptr{file.Fd(), copying.Fd(), in.Fd()}, files[programFD:]))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: exec of its loader: %w", program, err), feed.Close(), copied.Close())
	}
	return &InMemory{pid, feed, copied}, nil
}

// startLoader makes the loader's file and executes it.
func startLoader(table []segment, argv, env []string, files []uintptr) (pid int, err error) {
	loader, err := MemoryFile("loader")
	if err != nil {
		return 0, err
	}
	defer loader.Close()
	if _, err := loader.Write(loaderFile(table)); err != nil {
		return 0, err
	}
	// This process's descriptor: in the child one of files may have taken its place.
	return StartChild(fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), loader.Fd()), argv, env, files, true)
}

// Copied waits until the program is in memory.
func (p *InMemory) Copied(limit time.Duration) error {
	_ = p.copied.SetReadDeadline(time.Now().Add(limit))
	_, err := p.copied.Read(make([]byte, 1))
	if err == io.EOF {
		err = errors.New("it has ended before it was in memory")
	}
	return errors.Join(err, p.copied.Close())
}

var errELF = errors.New("no static ELF program of 64 bits")

// segments makes the table for an ELF program (elf(5), Elf64_Ehdr and Elf64_Phdr).
func segments(file *os.File) ([]segment, error) {
	head := make([]byte, 4096)
	if n, _ := file.ReadAt(head, 0); n < 64 || string(head[:6]) != "\x7fELF\x02\x01" {
		return nil, errELF
	}
	le := binary.LittleEndian
	entry, at, size, count := le.Uint64(head[24:]), le.Uint64(head[32:]), uint64(le.Uint16(head[54:])), uint64(le.Uint16(head[56:]))
	if at > 4096 || size < 56 || at+size*count > 4096 {
		return nil, errELF
	}
	var table []segment
	page := uint64(os.Getpagesize())
	for ; count > 0; count, at = count-1, at+size {
		const load, dynamic, interpreter = 1, 2, 3
		switch ph := head[at:]; le.Uint32(ph) {
		case load:
			address := le.Uint64(ph[16:])
			lead := address % page
			table = append(table, segment{
				address: address - lead, length: (lead + le.Uint64(ph[40:]) + page - 1) / page * page,
				offset: le.Uint64(ph[8:]) - lead, bytes: lead + le.Uint64(ph[32:]), protection: protection(le.Uint32(ph[4:])),
			})
		case dynamic, interpreter:
			return nil, errELF
		}
	}
	if len(table) == 0 || len(table) > (loaderSize-loaderTable)/40-1 {
		return nil, errELF
	}
	return append(table, segment{length: entry}), nil
}

// protection turns the flags of a segment (PF_X 1, PF_W 2, PF_R 4) into those of mprotect(2), which has them the other way round.
func protection(flags uint32) uint64 { return uint64(flags&1<<2 | flags&2 | flags&4>>2) }

// loaderFile is the loader as a program of one segment.
func loaderFile(table []segment) []byte {
	machine := uint16(62) // EM_X86_64
	if runtime.GOARCH == "arm64" {
		machine = 183 // EM_AARCH64
	}
	le := binary.LittleEndian
	b := make([]byte, 0, loaderSize)
	b = append(b, "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	b = le.AppendUint16(b, 2) // ET_EXEC
	b = le.AppendUint16(b, machine)
	b = le.AppendUint32(b, 1)
	for _, v := range []uint64{loaderAddress + loaderStart, 64, 0} { // entry, program headers, no sections
		b = le.AppendUint64(b, v)
	}
	b = append(b, 0, 0, 0, 0, 64, 0, 56, 0, 2, 0, 0, 0, 0, 0, 0, 0) // sizes of the headers, two of segments
	appendSegment := func(kind, flags uint32, values ...uint64) {
		b = le.AppendUint32(le.AppendUint32(b, kind), flags)
		for _, v := range values {
			b = le.AppendUint64(b, v)
		}
	}
	appendSegment(1, 5, 0, loaderAddress, loaderAddress, loaderSize, loaderSize, uint64(os.Getpagesize())) // PT_LOAD, read and execute
	appendSegment(0x6474e551, 6, 0, 0, 0, 0, 0, 16)                                                        // PT_GNU_STACK: none that is executed
	b = b[:loaderSize]
	copy(b[loaderStart:], unsafe.Slice((*byte)(loader()), loaderCode))
	line := b[loaderTable:loaderTable]
	for _, s := range table {
		for _, v := range []uint64{s.address, s.length, s.offset, s.bytes, s.protection} {
			line = le.AppendUint64(line, v)
		}
	}
	return b
}

// loader is the address of the loader's code.
func loader() unsafe.Pointer
