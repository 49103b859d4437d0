package unlock

import (
	"context"
	"errors"
	"strconv"

	"github.com/preroot/preroot/pkg/luks"
)

// Cryptsetup opens a volume by the cryptsetup(8) of the image, with a secret on its standard input; the error is luks.ErrPassphrase when that is what it says. It is for headers that are correct and
// that pkg/luks does not open, never for those that it refuses.
type Cryptsetup func(ctx context.Context, v Volume, secret []byte) error

// isForeign says whether cryptsetup is to open what we do not.
func (o *opener) isForeign(err error) bool {
	var e *luks.Error
	return o.Cryptsetup != nil && errors.As(err, &e) && e.Kind == luks.NeedsCryptsetup
}

// CryptsetupArgs are its arguments for a volume whose header, if it is elsewhere, is no file on another device.
func CryptsetupArgs(v Volume) ([]string, error) {
	args := []string{"open", "--type", "luks", "--batch-mode", "--key-file", "-"}
	if v.Header.On != "" {
		return nil, errors.New("cryptsetup does not get a header that lies on another file system")
	}
	if v.Header.Path != "" {
		args = append(args, "--header", v.Header.Path)
	}
	for _, flag := range v.Flags {
		args = append(args, "--"+cryptsetupFlags[flag])
	}
	if v.ReadOnly {
		args = append(args, "--readonly")
	}
	for _, slot := range v.Slots {
		args = append(args, "--key-slot", strconv.Itoa(slot))
	}
	return append(args, v.Node, v.Name), nil
}

// cryptsetupFlags are the options of cryptsetup(8) for flags of a mapping.
var cryptsetupFlags = map[string]string{
	"allow-discards": "allow-discards", "no-read-workqueue": "perf-no_read_workqueue", "no-write-workqueue": "perf-no_write_workqueue",
	"same-cpu-crypt": "perf-same_cpu_crypt", "submit-from-crypt-cpus": "perf-submit_from_crypt_cpus",
}
