package boot

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/preroot/preroot/pkg/crypttab"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/storage"
)

// nameMappings gives the mappings of LUKS volumes the names that the real system's crypttab has for them: under another name its own tools would open the volume a second time, and fail. It comes
// last, since root may be named by the mapping's name.
func (b *Boot) nameMappings() {
	if b.udevd != nil || len(b.finder.layers.done) == 0 {
		return
	}
	table, err := b.systemCrypttab()
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			b.m.Log.Warnf("the real system's %s: %v; encrypted volumes keep their names", crypttabFile, err)
		}
		return
	}
	for _, d := range b.finder.inv.Devices() {
		if strings.HasPrefix(d.DMUUID, "CRYPT-LUKS") && len(d.Slaves) == 1 {
			b.renameMapping(d, mappingName(table, b.finder.inv.ByName(d.Slaves[0])))
		}
	}
}

// maxCrypttab bounds what is read, in bytes.
const maxCrypttab = 1 << 20

func (b *Boot) systemCrypttab() ([]crypttab.Entry, error) {
	root, err := b.m.OpenRoot(Sysroot)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	text, err := root.ReadFile(crypttabFile, maxCrypttab)
	if err != nil {
		return nil, err
	}
	table, _ := crypttab.Parse(crypttabFile, string(text)) // its faults are the real system's to tell
	return table, nil
}

// mappingName is the name that a table has for what lies on a device, "" for none.
func mappingName(table []crypttab.Entry, d *device.Device) string {
	if d == nil {
		return ""
	}
	all := crypttab.Words{LUKS: true, Crypttab: true}
	v, ok := all.Volume(table, storage.Described(d))
	if !ok || v.Why == "" {
		return ""
	}
	return v.Name
}

// renameMapping does it, by the helper that has opened the volume; the link in /dev/mapper goes with it.
func (b *Boot) renameMapping(d *device.Device, name string) {
	if name == "" || name == d.DMName {
		return
	}
	if _, err := runHelper(b.m.Programs, storage.UnlockHelper, "rename", d.DMName, name); err != nil {
		b.m.Log.Warnf("%s is %s in the real system's %s, and cannot be renamed: %v", d.DMName, name, crypttabFile, err)
		return
	}
	_ = b.m.Scratch.Remove("/dev/mapper/" + d.DMName)
	_ = b.m.Scratch.Symlink("../"+strings.TrimPrefix(d.Node, "/dev/"), "/dev/mapper/"+name)
	b.m.Log.Notef("%s is called %s, as the real system's %s has it", d.DMName, name, crypttabFile)
}
