package unpack

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// input is the packed file. It reads ahead, but counts what the decoder has
// taken: a decoder that asks for single bytes takes none too many.
type input struct {
	buf    *bufio.Reader
	count  int64 // bytes taken
	ended  bool  // the decoder has met the end of the file
	single bool  // what follows the first stream is not looked at
	err    error // the first error of the file itself
}

func newInput(r io.Reader) *input { return &input{buf: bufio.NewReaderSize(r, 64<<10)} }

func (in *input) Read(p []byte) (int, error) {
	n, err := in.buf.Read(p)
	in.count += int64(n)
	return n, in.note(err)
}

func (in *input) ReadByte() (byte, error) {
	b, err := in.buf.ReadByte()
	if err == nil {
		in.count++
	}
	return b, in.note(err)
}

func (in *input) note(err error) error {
	switch {
	case err == io.EOF:
		in.ended = true
	case err != nil && in.err == nil:
		in.err = err
	}
	return err
}

// peek gives up to n bytes without taking them; there are fewer at the end.
func (in *input) peek(n int) ([]byte, error) {
	head, err := in.buf.Peek(n)
	if err != nil && err != io.EOF {
		return nil, in.note(err)
	}
	return head, nil
}

// full takes exactly len(p) bytes.
func (in *input) full(p []byte) error {
	_, err := io.ReadFull(in, p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// another says what follows the end of a part: one more part that begins with
// magic, or nothing but zeros up to the end, which are taken.
func (in *input) another(magic string) (bool, error) {
	head, err := in.peek(len(magic))
	if err != nil || string(head) == magic {
		return err == nil, err
	}
	return false, in.zeros()
}

// zeros takes the rest of the file, which must be zeros: what an image is
// filled up with to a whole sector.
func (in *input) zeros() error {
	for {
		switch b, err := in.ReadByte(); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case b != 0:
			return fmt.Errorf("behind the end of the data stands something else")
		}
	}
}
