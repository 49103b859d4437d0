package luks

import "fmt"

// Kind says what follows from an [Error].
type Kind int

const (
	// Damaged is a header that cannot be understood. Cryptsetup would not either.
	Damaged Kind = iota + 1
	// Refused is a header that is understood and dangerous. It is not for cryptsetup.
	Refused
	// NeedsCryptsetup is a correct header of a kind that is not opened here.
	NeedsCryptsetup
)

func (k Kind) String() string {
	switch k {
	case Damaged:
		return "damaged"
	case Refused:
		return "refused"
	case NeedsCryptsetup:
		return "needs cryptsetup"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Error says what is wrong with a header, in one line.
type Error struct {
	Kind Kind
	Text string // names the place: "key slot 1: area: cipher_null-ecb encrypts nothing"
}

func (e *Error) Error() string {
	switch e.Kind {
	case Refused:
		return "refused: " + e.Text
	case NeedsCryptsetup:
		return e.Text + ": this needs cryptsetup"
	}
	return e.Text
}

// ReadError is a failure of the device, not of what it holds.
type ReadError struct {
	Offset int64 // bytes
	Err    error
}

func (e *ReadError) Error() string { return fmt.Sprintf("reading at byte %d: %v", e.Offset, e.Err) }
func (e *ReadError) Unwrap() error { return e.Err }

// MemoryError says that no slot could be tried for want of memory.
type MemoryError struct {
	Slot      int
	Need, Max int64 // KiB
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("key slot %d needs %d MiB of memory, %d MiB are available", e.Slot, (e.Need+1023)/1024, e.Max/1024)
}

func damaged(format string, args ...any) error {
	return &Error{Damaged, fmt.Sprintf(format, args...)}
}

func refused(format string, args ...any) error {
	return &Error{Refused, fmt.Sprintf(format, args...)}
}

func foreign(format string, args ...any) error {
	return &Error{NeedsCryptsetup, fmt.Sprintf(format, args...)}
}

// kindOf is the kind of an error of this package, 0 for nil and for others.
func kindOf(err error) Kind {
	if e, ok := err.(*Error); ok {
		return e.Kind
	}
	return 0
}

// within puts the place in front of an error of this package.
func within(place string, err error) error {
	if e, ok := err.(*Error); ok {
		return &Error{e.Kind, place + ": " + e.Text}
	}
	return err
}
