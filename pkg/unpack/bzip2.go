package unpack

import (
	"compress/bzip2"
	"io"
)

// openBzip2 reads stream after stream; the standard library goes on by itself.
func openBzip2(in *input) (io.Reader, error) { return bzip2.NewReader(in), nil }
