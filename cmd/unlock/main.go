// Command unlock is the helper for LUKS volumes, in images of preroot whose root may lie on one.
//
//	unlock rename OLD NEW
//	unlock close NAME
//	unlock [--any] [--console=DEVICE]... [--volume=NAME --node=DEVICE [ARGUMENT]...]...
//
// The first gives a mapping another name, the second takes one away. The third opens the volumes by their key files, then by passphrases, for which it asks on all consoles, on those that a plymouthd has by plymouthd. Arguments of a volume: --header=FILE, --key=FILE (behind --key-offset=N and --key-size=N), each with
// --on=DEVICE and --type=FILESYSTEM if it is not in the image, a key with --optional; --flag=FLAG, --slot=N, --read-only, --tries=N, --timeout=TIME, --try-empty, --headless. With --any one opened
// volume is enough.
//
// What is done is told line by line, what is missing or refused with "lacks: " before it. A last line with "fails: " or "denied: " before it says why the work has failed; denied is who did not know the
// passphrase. The helper then stops itself (SIGSTOP), for its parent to erase its memory; it does so after a SIGTERM, too.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/storage"
	"github.com/preroot/preroot/pkg/unlock"
)

func main() {
	if change := changes(os.Args[1:]); change != nil {
		if err := withMapper(change); err != nil {
			say(err.Error())
			os.Exit(1)
		}
		return
	}
	ctx, done := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer done()
	switch err := run(ctx, os.Args[1:]); {
	case errors.Is(err, unlock.ErrAuthentication):
		say(storage.DeniedMark + err.Error())
	case err != nil:
		say(storage.FailMark + err.Error())
	}
	linux.StopSelf()
}

// changes is what is done to a mapping, nil if the arguments say something else. It learns no secret, and ends as any program.
func changes(args []string) func(*linux.Mapper) error {
	switch {
	case len(args) == 3 && args[0] == "rename":
		return func(m *linux.Mapper) error { return m.Rename(args[1], args[2], 0) }
	case len(args) == 2 && args[0] == "close":
		return func(m *linux.Mapper) error { return m.Remove(args[1], false) }
	}
	return nil
}

func withMapper(f func(*linux.Mapper) error) error {
	mapper, err := linux.OpenMapper()
	if err != nil {
		return err
	}
	defer mapper.Close()
	return f(mapper)
}

func run(ctx context.Context, args []string) error {
	linux.NoDumps()
	r, err := unlock.ParseArgs(args)
	if err != nil {
		return err
	}
	mapper, err := linux.OpenMapper()
	if err != nil {
		return err
	}
	defer mapper.Close()
	return unlock.Run(ctx, unlock.Machine{
		Open: openDisk, OpenFile: openFile, Mapper: mapper, WithKey: linux.WithLogonKey, Kernel: kernel{}, HasCipher: linux.HasCipher, Memory: linux.HalfOfMemory,
		Cryptsetup: cryptsetup(), Keep: keep, Kept: linux.KeptSecret, Ask: people(r.Consoles).Ask, Say: say, Lack: func(line string) { say(storage.LackMark + line) },
	}, r)
}

// keepFor is how long a passphrase is kept that nobody has it forgotten (linux.ForgetSecret): longer than a boot takes, as a rule.
const keepFor = 10 * time.Minute

func keep(secret []byte) error { return linux.KeepSecret(secret, keepFor) }

func say(line string) { fmt.Println(line) }

type disk struct{ *linux.Disk }

func (d disk) Geometry() (size int64, sector int) { return d.Size, d.Sector }

func openDisk(node string) (unlock.Disk, error) {
	d, err := linux.OpenDisk(node)
	if err != nil {
		return nil, err
	}
	return disk{d}, nil
}

// file is a regular file in the place of a device.
type file struct {
	*os.File
	size int64
}

func (f file) Geometry() (size int64, sector int) { return f.size, 512 }
func (file) Number() string                       { return "" }

// openFile opens a regular file of the image or of a device.
func openFile(at unlock.File) (unlock.Disk, error) {
	f, err := linux.OpenOn(at.On, at.Type, at.Path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return file{f, info.Size()}, nil
}
