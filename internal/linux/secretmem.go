package linux

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// SecretMemory holds a secret in pages of its own: never swapped, in no core dump, in no child, and never moved or copied by the runtime. It has a fixed capacity and is not safe for
// concurrent use. A secret is never made a string.
type SecretMemory struct {
	pages []byte
	size  int // the capacity that was asked for
	n     int // bytes that hold the secret
}

// maxSecretMemory bounds a secret: a key file may have 8 MiB.
const maxSecretMemory = 16 << 20

// NewSecretMemory makes room for a secret of at most capacity bytes. The caller calls Close.
func NewSecretMemory(capacity int) (*SecretMemory, error) {
	if capacity < 1 || capacity > maxSecretMemory {
		return nil, fmt.Errorf("%d bytes of secret memory: not within 1 to %d", capacity, maxSecretMemory)
	}
	page := os.Getpagesize()
	pages, err := unix.Mmap(-1, 0, (capacity+page-1)/page*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	err = os.NewSyscallError("mlock", unix.Mlock(pages))
	if err == nil {
		err = os.NewSyscallError("madvise", unix.Madvise(pages, unix.MADV_DONTDUMP))
	}
	if err != nil {
		_ = unix.Munmap(pages)
		return nil, err
	}
	_ = unix.Madvise(pages, unix.MADV_WIPEONFORK) // Linux 4.14; a child that executes a program has none of it anyway
	return &SecretMemory{pages: pages, size: capacity}, nil
}

// Bytes is the secret. It must not be used after Close.
func (m *SecretMemory) Bytes() []byte { return m.pages[:m.n:m.n] }

// Space is the whole capacity, to read a secret into; SetLen says then how much of it there is.
func (m *SecretMemory) Space() []byte { return m.pages[:m.size:m.size] }

// SetLen says that the first n bytes of Space are the secret. What lies behind is wiped.
func (m *SecretMemory) SetLen(n int) {
	m.n = max(0, min(n, m.size))
	clear(m.pages[m.n:])
}

// Append adds bytes to the secret; it says whether there was room for all of them, otherwise it adds none.
func (m *SecretMemory) Append(p []byte) bool {
	if len(p) > m.size-m.n {
		return false
	}
	m.n += copy(m.pages[m.n:], p)
	return true
}

// Wipe overwrites the secret and empties the memory.
func (m *SecretMemory) Wipe() {
	clear(m.pages)
	m.n = 0
}

// Close wipes the memory and gives it back.
func (m *SecretMemory) Close() error {
	if m.pages == nil {
		return nil
	}
	m.Wipe()
	pages := m.pages
	m.pages, m.size = nil, 0
	return os.NewSyscallError("munmap", unix.Munmap(pages))
}
