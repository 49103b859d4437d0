package boot

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/preroot/preroot/pkg/crypttab"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/storage"
)

// leaveMappings gives the mappings of LUKS volumes the names that the real system's crypttab has for them: under another name its own tools would open the volume a second time, and fail. Those that were
// opened for a key file only are closed. It comes last, since root may be named by the mapping's name.
func (b *Boot) leaveMappings() {
	f := b.finder
	if b.udevd != nil || len(f.layers.done) == 0 {
		return
	}
	table := b.systemCrypttab()
	for _, d := range f.inv.Devices() {
		if !strings.HasPrefix(d.DMUUID, "CRYPT-LUKS") || len(d.Slaves) != 1 {
			continue
		}
		under := f.inv.ByName(d.Slaves[0])
		if under != nil && f.isKeySource(under) {
			b.changeMapping(d, "close") // opened for a key file
		} else {
			b.renameMapping(d, mappingName(table, under))
		}
	}
}

func (f *finder) isKeySource(d *device.Device) bool {
	w := f.readWritten()
	v, ok := w.Volume(w.Table, storage.Described(d))
	return ok && v.KeySource
}

// maxCrypttab bounds what is read, in bytes.
const maxCrypttab = 1 << 20

// systemCrypttab reads it; its faults are the real system's to tell.
func (b *Boot) systemCrypttab() []crypttab.Entry {
	root, err := b.m.OpenRoot(Sysroot)
	if err == nil {
		defer root.Close()
		var text []byte
		if text, err = root.ReadFile(crypttabFile, maxCrypttab); err == nil {
			table, _ := crypttab.Parse(crypttabFile, string(text))
			return table
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		b.m.Log.Warnf("the real system's %s: %v; encrypted volumes keep their names", crypttabFile, err)
	}
	return nil
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

// renameMapping does it; the link in /dev/mapper goes with it.
func (b *Boot) renameMapping(d *device.Device, name string) {
	if name == "" || name == d.DMName || !b.changeMapping(d, "rename", name) {
		return
	}
	_ = b.m.Scratch.Symlink("../"+strings.TrimPrefix(d.Node, "/dev/"), "/dev/mapper/"+name)
	b.m.Log.Notef("%s is called %s, as the real system's %s has it", d.DMName, name, crypttabFile)
}

// changeMapping has the helper that has opened a volume do something to its mapping.
func (b *Boot) changeMapping(d *device.Device, change string, more ...string) bool {
	if _, err := runHelper(b.m.Programs, storage.UnlockHelper, append([]string{change, d.DMName}, more...)...); err != nil {
		b.m.Log.Warnf("%s stays as it is: %s: %v", d.DMName, change, err)
		return false
	}
	_ = b.m.Scratch.Remove("/dev/mapper/" + d.DMName)
	return true
}
