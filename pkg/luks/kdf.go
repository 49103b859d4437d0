package luks

import (
	"context"
	"crypto/hmac"
	"runtime"

	"golang.org/x/crypto/argon2"
)

// Bounds of what a try may cost. Cryptsetup writes at most 4 GiB and 4 threads,
// and measures the rest for the machine that it runs on.
const (
	maxArgonMemory = 4 << 20 // KiB
	maxArgonCPUs   = 16
	maxArgonTime   = 1 << 20 // passes
	maxArgonWork   = 1 << 30 // KiB times passes: some quarter of an hour
	maxIterations  = 1<<31 - 1
	ctxEvery       = 1 << 16 // iterations between two looks at the context
)

// kdf makes a key of a passphrase, or a digest of a key.
type kdf struct {
	kind       string   // "pbkdf2", "argon2i", "argon2id"
	hash       hashSpec // pbkdf2
	iterations uint32   // pbkdf2; passes of argon2
	memory     uint32   // argon2, KiB
	cpus       uint32   // argon2
	salt       []byte
}

// check bounds the cost. It knows no lower bound: who lowers the cost of a slot
// makes it another key.
func (k kdf) check() error {
	if k.kind == "pbkdf2" {
		if k.iterations < 1 || k.iterations > maxIterations {
			return refused("%d iterations of pbkdf2, at most %d are allowed", k.iterations, maxIterations)
		}
		return nil
	}
	switch {
	case k.memory > maxArgonMemory:
		return refused("%s wants %d MiB of memory, at most %d are allowed", k.kind, k.memory>>10, maxArgonMemory>>10)
	case k.cpus < 1 || k.cpus > maxArgonCPUs:
		return refused("%s wants %d threads, 1 to %d are allowed", k.kind, k.cpus, maxArgonCPUs)
	case k.memory < 8*k.cpus:
		return refused("%s with %d KiB of memory, its %d threads need %d", k.kind, k.memory, k.cpus, 8*k.cpus)
	case k.iterations < 1 || k.iterations > maxArgonTime || uint64(k.iterations)*uint64(k.memory) > maxArgonWork:
		return refused("%s wants %d passes over %d MiB", k.kind, k.iterations, k.memory>>10)
	}
	return nil
}

// derive makes n bytes. Argon2 looks at the context only before it begins.
func (k kdf) derive(ctx context.Context, secret []byte, n int) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if k.kind == "pbkdf2" {
		return pbkdf2(ctx, k, secret, n)
	}
	// The memory is used again by the next slot: two of them at once may be more than there is.
	defer runtime.GC()
	if k.kind == "argon2i" {
		return argon2.Key(secret, k.salt, k.iterations, k.memory, uint8(k.cpus), uint32(n)), nil
	}
	return argon2.IDKey(secret, k.salt, k.iterations, k.memory, uint8(k.cpus), uint32(n)), nil
}

// pbkdf2 is the function of RFC 8018, 5.2. That of the Go library takes the
// secret as a string, which cannot be wiped, and cannot be stopped.
func pbkdf2(ctx context.Context, k kdf, secret []byte, n int) ([]byte, error) {
	prf := hmac.New(k.hash.new, secret)
	blocks := (n + k.hash.size - 1) / k.hash.size
	out := make([]byte, 0, blocks*k.hash.size)
	u := make([]byte, 0, k.hash.size)
	defer func() { clear(u[:cap(u)]) }()
	for b := 1; b <= blocks; b++ {
		prf.Reset()
		prf.Write(k.salt)
		prf.Write([]byte{byte(b >> 24), byte(b >> 16), byte(b >> 8), byte(b)})
		u = prf.Sum(u[:0])
		out = append(out, u...)
		t := out[len(out)-k.hash.size:]
		for i := uint32(1); i < k.iterations; i++ {
			if i%ctxEvery == 0 && ctx.Err() != nil {
				clear(out)
				return nil, ctx.Err()
			}
			prf.Reset()
			prf.Write(u)
			u = prf.Sum(u[:0])
			for j := range t {
				t[j] ^= u[j]
			}
		}
	}
	clear(out[n:])
	return out[:n], nil
}
