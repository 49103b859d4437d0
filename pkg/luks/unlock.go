package luks

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrPassphrase says that a passphrase opens none of the slots that were tried.
var ErrPassphrase = errors.New("no key slot opens with this passphrase")

// Options are how [Header.Unlock] goes about it. The zero value tries all slots
// of the volume that are not to be asked for by number.
type Options struct {
	Slots     []int                  // only these, in this order
	MaxMemory int64                  // KiB; slots that need more are not tried; 0: no bound
	Kernel    Kernel                 // for areas that are not encrypted by AES; nil: such slots are not tried
	Trying    func(slot int, c Cost) // if not nil, called before each
}

// Cost is what the try of a slot costs.
type Cost struct {
	KDF        string // "pbkdf2", "argon2i", "argon2id"
	Iterations uint32 // of PBKDF2, passes of Argon2
	Memory     int64  // KiB, of Argon2
	Threads    int
}

// Slot is a key slot in use.
type Slot struct {
	Number   int
	Priority int // 0 is tried only if asked for by number, 2 before 1
	Cost     Cost
	Err      error // why it cannot be tried
}

// VolumeKey is what a slot has given.
type VolumeKey struct {
	Slot int
	Key  []byte
}

// Wipe overwrites the key.
func (k *VolumeKey) Wipe() { clear(k.Key) }

// Slots lists the key slots of the volume, by number.
func (h *Header) Slots() []Slot {
	var list []Slot
	for _, s := range h.slots {
		if !s.unbound {
			list = append(list, Slot{s.number, s.priority, s.kdf.cost(), s.unusable})
		}
	}
	return list
}

func (k kdf) cost() Cost {
	return Cost{k.kind, k.iterations, int64(k.memory), int(k.cpus)}
}

// Cost is what the dearest of some slots costs, of those that Unlock tries by
// itself if none are named: the one with the most memory, and the most
// iterations.
func (h *Header) Cost(slots ...int) Cost {
	var most Cost
	list, _ := h.candidates(slots)
	for _, s := range list {
		c := s.kdf.cost()
		if c.Memory > most.Memory || c.Memory == most.Memory && c.Iterations > most.Iterations {
			most = c
		}
	}
	return most
}

// Unlock tries the passphrase on key slots, whose areas it reads from the device
// or file of the header, until one gives the volume key. The passphrase is the
// caller's to wipe, and so is the key.
//
// ctx is looked at between slots and within PBKDF2; Argon2 cannot be stopped. If
// a slot could not be tried, the error says so, and is [ErrPassphrase] only if
// another one was.
func (h *Header) Unlock(ctx context.Context, areas io.ReaderAt, passphrase []byte, o Options) (*VolumeKey, error) {
	list, err := h.candidates(o.Slots)
	if err != nil {
		return nil, err
	}
	var failed []error
	wrong := false
	for _, s := range list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		key, err := h.try(ctx, areas, passphrase, s, o)
		switch {
		case err == nil:
			return &VolumeKey{s.number, key}, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, ErrPassphrase):
			wrong = true
		default:
			failed = append(failed, fmt.Errorf("key slot %d: %w", s.number, err))
		}
	}
	return nil, verdict(wrong, failed)
}

// verdict is the error when no slot has opened.
func verdict(wrong bool, failed []error) error {
	switch {
	case wrong && len(failed) > 0:
		return fmt.Errorf("%w; not tried: %w", ErrPassphrase, failed[0])
	case wrong:
		return ErrPassphrase
	case len(failed) > 0:
		return failed[0]
	}
	return damaged("there is no key slot to try; was the header erased?")
}

// candidates are the slots to try, in order.
func (h *Header) candidates(numbers []int) ([]slot, error) {
	var list []slot
	for _, n := range numbers {
		i := slices.IndexFunc(h.slots, func(s slot) bool { return s.number == n && !s.unbound })
		if i < 0 {
			return nil, fmt.Errorf("key slot %d does not open this volume; see cryptsetup luksDump", n)
		}
		list = append(list, h.slots[i])
	}
	if len(numbers) > 0 {
		return list, nil
	}
	for priority := 2; priority > 0; priority-- {
		for _, s := range h.slots {
			if s.priority == priority && !s.unbound {
				list = append(list, s)
			}
		}
	}
	return list, nil
}

// try opens one slot: passphrase -> key of the area -> split key -> volume key.
func (h *Header) try(ctx context.Context, areas io.ReaderAt, passphrase []byte, s slot, o Options) ([]byte, error) {
	switch need := int64(s.kdf.memory); {
	case s.unusable != nil:
		return nil, s.unusable
	case !s.area.cipher.native() && o.Kernel == nil:
		return nil, foreign("cipher %s", s.area.cipher.text)
	case o.MaxMemory > 0 && need > o.MaxMemory:
		return nil, &MemoryError{s.number, need, o.MaxMemory}
	}
	if o.Trying != nil {
		o.Trying(s.number, s.kdf.cost())
	}
	split, err := readAt(areas, int64(s.area.offset), int(splitBytes(s.keyBytes)))
	if err != nil {
		return nil, err
	}
	defer clear(split)
	if err := s.open(ctx, passphrase, split, o.Kernel); err != nil {
		return nil, err
	}
	key := merge(split, s.keyBytes, s.afHash)
	if err := h.prove(ctx, key); err != nil {
		clear(key)
		return nil, err
	}
	return key, nil
}

// open decrypts the area of a slot in place.
func (s slot) open(ctx context.Context, passphrase, split []byte, kernel Kernel) error {
	key, err := s.kdf.derive(ctx, passphrase, s.area.keyBytes)
	if err != nil {
		return err
	}
	defer clear(key)
	return s.area.cipher.decrypt(key, split, kernel)
}

// prove compares a key with the digest of the volume key.
func (h *Header) prove(ctx context.Context, key []byte) error {
	sum, err := h.digest.kdf.derive(ctx, key, len(h.digest.sum))
	if err == nil && subtle.ConstantTimeCompare(sum, h.digest.sum) != 1 {
		err = ErrPassphrase
	}
	return err
}

// IsVolumeKey says whether a key that was not made by Unlock is that of the
// volume. It may take as long as a slot with PBKDF2.
func (h *Header) IsVolumeKey(ctx context.Context, key []byte) (bool, error) {
	if h.segment.cipher.checkKey(len(key)) != nil {
		return false, nil
	}
	err := h.prove(ctx, key)
	if errors.Is(err, ErrPassphrase) {
		return false, nil
	}
	return err == nil, err
}
