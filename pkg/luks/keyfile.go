package luks

import (
	"bytes"
	"fmt"
	"io"
)

// MaxKeyFile is the most that is read from a key file, in bytes; it is that of
// cryptsetup.
const MaxKeyFile = 8 << 20

// ReadKeyFile reads a key from a regular file of size bytes: length bytes from
// offset on, all that follow if length is 0 (keyfile-offset= and keyfile-size=
// of crypttab). Every byte counts, a newline at the end too. The caller wipes
// what it gets, and has seen to it that the file is a regular one.
func ReadKeyFile(file io.ReaderAt, size, offset, length int64) ([]byte, error) {
	switch {
	case offset < 0 || length < 0:
		return nil, fmt.Errorf("key file: offset %d and size %d: write numbers from 0 on", offset, length)
	case offset >= size:
		return nil, fmt.Errorf("key file: it has %d bytes, nothing is left from byte %d on", size, offset)
	case length > size-offset:
		return nil, fmt.Errorf("key file: it has %d bytes, keyfile-size= wants %d from byte %d on", size, length, offset)
	case length == 0:
		length = size - offset
	}
	if length > MaxKeyFile {
		return nil, fmt.Errorf("key file: %d bytes are more than %d; set keyfile-size=", length, MaxKeyFile)
	}
	return readAt(file, offset, int(length))
}

// Line is a passphrase that was typed or piped in: what stands before the first
// newline. It is a part of b, not a copy.
func Line(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte{'\n'})
	return line
}
