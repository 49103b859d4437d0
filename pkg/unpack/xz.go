package unpack

import (
	"errors"
	"io"

	"github.com/xi2/xz"
)

// xzReader reads stream after stream, and the zeros between and behind them
// (the .xz file format, version 1.1).
type xzReader struct {
	in *input
	z  *xz.Reader
}

func openXZ(in *input) (io.Reader, error) {
	r := xzReader{in: in}
	var err error
	r.z, err = xz.NewReader(in, MaxWindow)
	return r, r.explain(err)
}

func (r xzReader) Read(p []byte) (int, error) {
	n, err := r.z.Read(p)
	return n, r.explain(err)
}

func (r xzReader) explain(err error) error {
	switch {
	case errors.Is(err, xz.ErrMemlimit):
		return errWindow
	case errors.Is(err, xz.ErrUnsupportedCheck):
		return refusal("its checksum is neither CRC32, CRC64 nor SHA-256: pack it with --check=crc32")
	case errors.Is(err, xz.ErrOptions):
		return refusal("it has a filter or an option that is not known: pack it without filters")
	case errors.Is(err, xz.ErrBuf) && r.in.ended:
		return io.ErrUnexpectedEOF
	}
	return err
}
