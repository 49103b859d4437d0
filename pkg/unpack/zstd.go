package unpack

import (
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// zstdReader reads frame after frame (RFC 8878), skippable ones among them.
type zstdReader struct{ z *zstd.Decoder }

func openZstd(in *input) (io.Reader, error) {
	// With one decoder it starts no goroutine.
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(MaxWindow))
	return zstdReader{z}, err
}

func (r zstdReader) Read(p []byte) (int, error) {
	n, err := r.z.Read(p)
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		err = errWindow
	case errors.Is(err, zstd.ErrUnknownDictionary):
		err = refusal("it needs a dictionary of its own: pack it without one")
	}
	return n, err
}
