//go:build guest

package luks

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// algSockets is AF_ALG of this machine.
type algSockets struct{}

type algSocket struct{ conn int }

func (algSockets) Open(algorithm string, key []byte) (SectorCipher, error) {
	s, err := unix.Socket(unix.AF_ALG, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(s)
	if err := unix.Bind(s, &unix.SockaddrALG{Type: "skcipher", Name: algorithm}); err != nil {
		return nil, err
	}
	if err := unix.SetsockoptString(s, unix.SOL_ALG, unix.ALG_SET_KEY, string(key)); err != nil {
		return nil, err
	}
	conn, _, err := unix.Accept(s)
	return algSocket{conn}, err
}

func (a algSocket) Decrypt(iv, sector []byte) error {
	ne := binary.NativeEndian
	control := func(kind int, data []byte) []byte {
		b := make([]byte, unix.CmsgSpace(len(data)))
		ne.PutUint64(b, uint64(unix.CmsgLen(len(data))))
		ne.PutUint32(b[8:], unix.SOL_ALG)
		ne.PutUint32(b[12:], uint32(kind))
		copy(b[unix.CmsgLen(0):], data)
		return b
	}
	oob := control(unix.ALG_SET_OP, ne.AppendUint32(nil, unix.ALG_OP_DECRYPT))
	oob = append(oob, control(unix.ALG_SET_IV, append(ne.AppendUint32(nil, uint32(len(iv))), iv...))...)
	if err := unix.Sendmsg(a.conn, sector, oob, nil, 0); err != nil {
		return err
	}
	if n, err := unix.Read(a.conn, sector); err != nil || n != len(sector) {
		return fmt.Errorf("%d bytes: %w", n, err)
	}
	return nil
}

func (a algSocket) Close() error { return unix.Close(a.conn) }

// TestKernel: what the kernel calls these algorithms decrypts as we do.
func TestKernel(t *testing.T) {
	for _, text := range []string{"aes-xts-plain64", "aes-cbc-essiv:sha256", "aes-cbc-plain64"} {
		t.Run(text, func(t *testing.T) {
			c, err := parseCipher(text)
			if err != nil {
				t.Fatal(err)
			}
			key := bytes.Repeat([]byte("0123456789abcdef"), 2)
			ours, theirs := bytes.Repeat([]byte("secret!."), 512), bytes.Repeat([]byte("secret!."), 512)
			if err := c.decrypt(key, ours, nil); err != nil {
				t.Fatal(err)
			}
			k, err := algSockets{}.Open(c.kernelName(), key)
			if err != nil {
				t.Fatalf("AF_ALG %s: %v", c.kernelName(), err)
			}
			iv := make([]byte, 16)
			for n := 0; n < len(theirs); n += 512 {
				binary.LittleEndian.PutUint64(iv, uint64(n/512))
				if err := k.Decrypt(iv, theirs[n:n+512]); err != nil {
					t.Fatal(err)
				}
			}
			if err := k.Close(); err != nil || !bytes.Equal(ours, theirs) {
				t.Errorf("%s differs from the kernel's %s (%v)", text, c.kernelName(), err)
			}
		})
	}
}
