package initrd

import (
	"fmt"
	"os"

	"github.com/preroot/preroot/internal/vm"
)

// Disks returns the root disks of a case; each is made once and never written to.
func (m Maker) Disks(c Case) ([]vm.Disk, error) {
	var disks []vm.Disk
	for i, d := range c.Disks {
		path, err := m.disk(d, string(rune('a'+i)))
		if err != nil {
			return nil, err
		}
		disks = append(disks, vm.Disk{Path: path, Snapshot: true})
	}
	return disks, nil
}

// disk makes a root disk with a name in it.
func (m Maker) disk(d Disk, name string) (string, error) {
	init, err := m.program(initSource)
	if err != nil {
		return "", err
	}
	return m.Shop.Make(fmt.Sprintf("root-%s-%s-%v.img", name, d.FS, d.Dir), func(path string) error {
		mark := path + ".name"
		if err := os.WriteFile(mark, []byte(name+"\n"), 0o644); err != nil {
			return err
		}
		// Disks that are attached at once are no twins of each other.
		root := vm.Root{FS: d.FS, Init: init, Files: map[string]string{"etc/disk": mark}, SizeMiB: 64, Label: "root" + name, UUID: uuidOf(name)}
		if d.Dir {
			root.Dirs = []string{"initrd"}
		}
		return root.Make(path)
	})
}

// uuidOf is the UUID of the disk of that name, a letter.
func uuidOf(name string) string { return "11111111-2222-3333-4444-55555555555" + name }
