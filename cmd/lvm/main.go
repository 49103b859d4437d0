// Command lvm is the helper for logical volumes, in images of preroot whose root may lie on one.
//
//	lvm [--degraded] [--no-conf] [--vg=VG]... [--lv=VG/LV]... [--for=DEVICE]... [--locked=DEVICE]... NODE...
//
// It makes the devices of the volumes that are named, and of those in which a DEVICE (UUID=... and the other forms of root=) lies, or a locked one that another layer opens, from the physical volumes NODE. What is done is told line by line, what is
// missing or refused with "lacks: " before it, and with "twins: " that there are two of what is in use; the last line says what is wrong when the status is not 0.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/activate"
	"github.com/preroot/preroot/pkg/lvm"
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
	if !r.NoConf {
		if r.SystemIDs, err = systemIDs(); err != nil {
			say(storage.LackMark + err.Error())
		}
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

// systemIDs reads those of this machine from the image's configuration. The name of a host is not set this early; the image may have it.
func systemIDs() ([]string, error) {
	id := lvm.Identity{Hostname: strings.TrimSpace(read("/etc/hostname")), MachineID: read("/etc/machine-id"), ReadFile: read}
	return lvm.SystemIDs(read("/etc/lvm/lvm.conf"), read("/etc/lvm/lvmlocal.conf"), id)
}

// maxConf bounds a file of the configuration, in bytes.
const maxConf = 1 << 20

// read is a small file, "" if there is none.
func read(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, maxConf))
	return string(text)
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
