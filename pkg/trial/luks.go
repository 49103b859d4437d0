package trial

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/crypto/xts"

	"crypto/aes"

	"github.com/preroot/preroot/pkg/luks"
)

// luksHeader is what cryptsetup sets apart before the data, in bytes: 16 MiB for LUKS2, 2 MiB for LUKS1.
const luksHeader = 16 * mib

// luks makes a volume that Passphrase opens, with what lies in it. The header is cryptsetup's, which needs no privileges for that; it would need a device to encrypt the data.
func (m *maker) luks(f *os.File, v *Volume) error {
	args := []string{"luksFormat", "-q", "--type", fmt.Sprintf("luks%d", v.Version), "--pbkdf-force-iterations", "1000", "--cipher", "aes-xts-plain64", "--key-size", "512"}
	if v.Version == 2 {
		args = append(args, "--pbkdf", "pbkdf2", "--sector-size", "512")
		args = with(args, "--label", v.Label)
	}
	args = with(args, "--uuid", v.UUID)
	if _, err := run(Passphrase, "cryptsetup", append(args, "--key-file=-", f.Name())...); err != nil {
		return err
	}
	h, err := luks.Read(f, sizeOf(v))
	if err != nil {
		return err
	}
	key, err := h.Unlock(context.Background(), f, []byte(Passphrase), luks.Options{})
	if err != nil {
		return err
	}
	table, err := h.Table(sizeOf(v), false)
	if err != nil {
		return err
	}
	inner := filepath.Join(m.dir, fmt.Sprintf("inner%d", m.n))
	defer os.Remove(inner)
	plain, err := sparse(inner, int64(table.Sectors)*sector)
	if err != nil {
		return err
	}
	defer plain.Close()
	if err := m.into(plain, 0, v.Inner); err != nil {
		return err
	}
	return encrypt(f, int64(table.Offset)*sector, plain, key.Key)
}

// encrypt writes from behind at as aes-xts-plain64 has it (admin-guide/device-mapper/dm-crypt.rst): the tweak is the number of the sector. Zeros are encrypted like all else, since that is what the reader expects.
func encrypt(to io.WriterAt, at int64, from io.Reader, key []byte) error {
	c, err := xts.NewCipher(aes.NewCipher, key)
	if err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for number := uint64(0); ; {
		n, err := io.ReadFull(from, block)
		for i := 0; i+sector <= n; i += sector {
			c.Encrypt(block[i:i+sector], block[i:i+sector], number)
			number++
		}
		if n > 0 {
			if _, err := to.WriteAt(block[:n], at); err != nil {
				return err
			}
		}
		at += int64(n)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
