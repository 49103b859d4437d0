// Command lvm is the helper for logical volumes, in images of preroot whose root may lie on one.
//
//	lvm [--degraded] [--vg=VG]... [--lv=VG/LV]... [--for=DEVICE]... [--locked=DEVICE]... NODE...
//
// It makes the devices of the volumes that are named, and of those in which a DEVICE (UUID=... and the other forms of root=) lies, or a locked one that another layer opens, from the physical volumes NODE. What is done is told line by line, what is
// missing or refused with "lacks: " before it, and with "twins: " that there are two of what is in use; the last line says what is wrong when the status is not 0.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/activate"
	"github.com/preroot/preroot/pkg/storage"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run(args []string) error {
	r, err := activate.ParseArgs(args)
	if err != nil {
		return err
	}
	mapper, err := linux.OpenMapper()
	if err != nil {
		return err
	}
	defer mapper.Close()
	err = activate.Run(activate.Machine{Open: open, Mapper: mapper, Say: say, Lack: func(line string) { say(storage.LackMark + line) }}, r)
	if errors.Is(err, activate.ErrTwins) {
		say(storage.TwinsMark + err.Error())
		return nil
	}
	return err
}

func say(line string) { fmt.Println(line) }

type disk struct{ *linux.Disk }

func (d disk) Geometry() (size int64, sector int) { return d.Size, d.Sector }

func open(node string) (activate.Disk, error) {
	d, err := linux.OpenDisk(node)
	if err != nil {
		return nil, err
	}
	return disk{d}, nil
}
