package unpack

import (
	"compress/gzip"
	"io"
)

const gzipMagic = "\x1f\x8b"

// gzipReader reads member after member (RFC 1952), and the zeros behind them.
type gzipReader struct {
	in *input
	z  *gzip.Reader
}

func openGzip(in *input) (io.Reader, error) {
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gzipReader{in, z}, nil
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.z.Read(p)
		if n > 0 && err == io.EOF {
			return n, nil // it comes again
		}
		if err != io.EOF {
			return n, err
		}
		if g.in.single {
			return 0, io.EOF
		}
		more, err := g.in.another(gzipMagic)
		switch {
		case err != nil:
			return 0, err
		case !more:
			return 0, io.EOF
		}
		if err := g.z.Reset(g.in); err != nil {
			return 0, cut(err)
		}
		g.z.Multistream(false)
	}
}

// cut makes an error of an end where there must be none.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
