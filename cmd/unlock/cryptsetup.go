package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/luks"
	"github.com/preroot/preroot/pkg/unlock"
)

// wrongPassphrase is cryptsetup's exit status for "no permission (bad passphrase)" (cryptsetup(8), RETURN CODES).
const wrongPassphrase = 2

// cryptsetup is that of the image, nil if it has none.
func cryptsetup() unlock.Cryptsetup {
	for _, program := range []string{"/usr/sbin/cryptsetup", "/sbin/cryptsetup"} {
		if _, err := os.Stat(program); err == nil {
			return func(_ context.Context, v unlock.Volume, secret []byte) error { return openBy(program, v, secret) }
		}
	}
	return nil
}

func openBy(program string, v unlock.Volume, secret []byte) error {
	args, err := unlock.CryptsetupArgs(v)
	if err != nil {
		return err
	}
	switch status, said, err := (linux.Programs{}).RunWith(secret, program, args...); {
	case err != nil:
		return err
	case status == wrongPassphrase:
		return luks.ErrPassphrase
	case status != 0:
		return fmt.Errorf("cryptsetup: status %d: %s", status, strings.TrimSpace(said))
	}
	return nil
}
