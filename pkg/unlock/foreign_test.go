package unlock

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/luks"
)

// TestForeign: a volume with a hash that is not ours is opened by cryptsetup, if the image has it; a real one says whether the passphrase is right.
func TestForeign(t *testing.T) {
	path := newVolume(t, uuid1, pass, "--type", "luks1", "--hash", "sha3-256")
	files := map[string]string{"/dev/sd1": path}
	without := machine{}
	if err := without.run(t, files, one()); err != nil || len(without.said) != 1 || !strings.Contains(without.said[0], `hash "sha3-256"`) || len(without.asked) > 0 {
		t.Errorf("without cryptsetup: %v, %q, asked %q", err, without.said, without.asked)
	}
	with := machine{lines: []string{"wrong", pass}}
	with.cryptsetup = func(_ context.Context, v Volume, secret []byte) error {
		args, err := CryptsetupArgs(v)
		if err != nil {
			return err
		}
		for i := range args {
			if args[i] == v.Node {
				args[i] = path
			}
		}
		cmd := exec.Command("/usr/sbin/cryptsetup", append(args, "--test-passphrase")...)
		cmd.Stdin = strings.NewReader(string(secret))
		var exit *exec.ExitError
		if err := cmd.Run(); errors.As(err, &exit) && exit.ExitCode() == 2 {
			return luks.ErrPassphrase
		} else if err != nil {
			return err
		}
		with.note("cryptsetup %s", v.Name)
		return nil
	}
	err := with.run(t, files, one())
	if err != nil || len(with.asked) != 2 || strings.Join(with.log, "") != "cryptsetup root" || !strings.Contains(strings.Join(with.said, "; "), "cryptsetup of the image opens it; /dev/sd1 is open: /dev/mapper/root") {
		t.Errorf("%v, %q, %q, asked %q", err, with.log, with.said, with.asked)
	}
}

func TestCryptsetupArgs(t *testing.T) {
	for _, c := range []struct {
		v    Volume
		want string
	}{
		{Volume{Name: "root", Node: "/dev/vda"}, "open --type luks --batch-mode --key-file - /dev/vda root"},
		{Volume{Name: "root", Node: "/dev/vda", ReadOnly: true, Slots: []int{3}, Header: File{Path: "/h"}, Flags: []string{"allow-discards", "no-read-workqueue"}},
			"open --type luks --batch-mode --key-file - --header /h --allow-discards --perf-no_read_workqueue --readonly --key-slot 3 /dev/vda root"},
		{Volume{Name: "root", Node: "/dev/vda", Header: File{Path: "/h", On: "/dev/vdb"}}, ""},
	} {
		args, err := CryptsetupArgs(c.v)
		if strings.Join(args, " ") != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%+v: %q, %v", c.v, args, err)
		}
	}
}
