package chain

import (
	"path"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/crypttab"
)

// Words are the kernel parameters that the image needs, for a file of etc/cmdline.d. The kernel's own line comes later, so that what stands there wins.
func (c *Chain) Words() (list []string) {
	add := func(word string) {
		for _, w := range list {
			if w == word {
				return
			}
		}
		list = append(list, word)
	}
	for _, word := range c.rootWords() {
		add(word)
	}
	for _, d := range c.Devices {
		switch {
		case d.Kind == Crypt:
			for _, word := range c.luksWords(d) {
				add(word)
			}
		case d.Kind == LVM && c.isPerson(d):
			add("rd.lvm.lv=" + d.VG + "/" + d.LV)
		case d.Kind == MD && len(d.Below) > 0 && d.Below[0].UUID != "":
			add("rd.md.uuid=" + mdUUID(d.Below[0].UUID))
		}
	}
	if g := c.Goal("resume"); g != nil && !c.params.Has("resume") && len(g.On) > 0 {
		add("resume=" + g.On[0].name())
	}
	return list
}

// Cmdline is the kernel's command line that the chain was read for.
func (c *Chain) Cmdline() string {
	var list []string
	for _, w := range c.params.Words() {
		list = append(list, Quote(w))
	}
	return strings.Join(list, " ")
}

// Quote writes a word so that the kernel reads the same again (lib/cmdline.c).
func Quote(w cmdline.Word) string {
	switch {
	case !strings.ContainsAny(w.String(), " \t\n"):
		return w.String()
	case w.HasValue:
		return w.Key + `="` + w.Value + `"`
	}
	return `"` + w.Key + `"`
}

// luksWords name a volume; its other words stand in crypttab, if it has a line there. Lines alone would do, but not beside words for other volumes (pkg/crypttab, Words.Volume).
func (c *Chain) luksWords(d *Device) []string {
	uuid := luksUUID(d.DMUUID)
	if uuid == "" || len(d.Below) == 0 {
		return nil
	}
	list := []string{"rd.luks.uuid=luks-" + uuid}
	e := c.line(d)
	if e == nil && d.DMName != "luks-"+uuid && crypttab.ValidName(d.DMName) {
		list = append(list, "rd.luks.name="+uuid+"="+d.DMName)
	}
	if d.Below[0].FSType != "crypto_LUKS" { // its header is elsewhere
		data := d.Below[0].name()
		if e != nil {
			data = e.Device
		}
		list = append(list, "rd.luks.data="+uuid+"="+data)
	}
	return list
}

// luksUUID is the UUID of the volume in that which cryptsetup gives to its mapping, "CRYPT-LUKS2-" and 32 digits; "" when there is none.
func luksUUID(dm string) string {
	rest, ok := strings.CutPrefix(dm, "CRYPT-LUKS")
	if !ok || len(rest) < 34 || rest[1] != '-' {
		return ""
	}
	hex := rest[2:34]
	if strings.Trim(hex, "0123456789abcdefABCDEF") != "" {
		return ""
	}
	return hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:]
}

// isPerson says whether a logical volume is one that people see, and not a part of another.
func (c *Chain) isPerson(d *Device) bool {
	if d.LV == "" {
		return false
	}
	for _, up := range c.Devices {
		for _, b := range up.Below {
			if b == d && up.Kind == LVM {
				return false // a leg of a raid, a pool
			}
		}
	}
	return true
}

// rootWords say what root is, when the line of the boot loader does not.
func (c *Chain) rootWords() (list []string) {
	g := c.Goal("/")
	if g == nil || len(g.On) == 0 || c.params.Has("root") {
		return nil
	}
	list = append(list, "root="+g.On[0].name())
	if g.FSType != "" && g.FSType != g.On[0].FSType {
		list = append(list, "rootfstype="+g.FSType)
	}
	if sub := strings.TrimPrefix(g.Subvolume, "/"); sub != "" && !c.params.Has("rootflags") && !strings.ContainsAny(sub, " \t\n\"',") {
		list = append(list, "rootflags=subvol="+sub)
	}
	return list
}

// name is how a word names a device, in a form that does not change with the order in which disks come.
func (d *Device) name() string {
	switch {
	case d.UUID != "" && !strings.ContainsAny(d.UUID, " \t\n\"'"):
		return "UUID=" + d.UUID
	case d.DMName != "":
		return "/dev/mapper/" + d.DMName
	case d.PartUUID != "":
		return "PARTUUID=" + d.PartUUID
	}
	return d.Node
}

// mdUUID writes the UUID of an array as mdadm does: four groups of eight digits.
func mdUUID(uuid string) string {
	hex := strings.ReplaceAll(uuid, "-", "")
	if len(hex) != 32 {
		return uuid
	}
	return hex[:8] + ":" + hex[8:16] + ":" + hex[16:24] + ":" + hex[24:]
}

// Crypttab are the lines of the sysroot's crypttab for volumes of the chain, as they are.
func (c *Chain) Crypttab() (list []string) {
	for _, e := range c.volumes() {
		if e.Line >= 1 && e.Line <= len(c.lines) {
			list = append(list, c.lines[e.Line-1])
		}
	}
	return list
}

// HeaderFiles are the files of the sysroot with the headers of these volumes, without which they cannot be opened: clean paths from its root, each once.
func (c *Chain) HeaderFiles() (list []string) {
	for _, e := range c.volumes() {
		list = addFile(list, e.Options.Header)
	}
	return list
}

// KeyFiles are the key files of these lines that lie in the sysroot, in the same form.
func (c *Chain) KeyFiles() (list []string) {
	for _, e := range c.volumes() {
		list = addFile(list, e.Key)
	}
	return list
}

// KeyNotes tells, for each volume, of a key file that an image lacks; has says of a path whether it is inside.
func (c *Chain) KeyNotes(has func(file string) bool) (list []string) {
	for _, e := range c.volumes() {
		for _, name := range addFile(nil, e.Key) {
			if !has(name) {
				list = append(list, e.Name+": its key file "+name+" is no part of the image unless asked for (--include-keys, or include_keys=yes in preroot.conf); without it the passphrase is asked for")
			}
		}
	}
	return list
}

// volumes are the lines of crypttab about volumes of the chain.
func (c *Chain) volumes() (list []*crypttab.Entry) {
	for _, d := range c.Devices {
		if d.Kind == Crypt {
			if e := c.line(d); e != nil && !slices.Contains(list, e) {
				list = append(list, e)
			}
		}
	}
	return list
}

// addFile adds a file of the sysroot that is not in the list yet; what lies on another device, or is one, is none.
func addFile(list []string, at crypttab.Location) []string {
	name := path.Clean(at.Path)
	if at.Device != "" || !strings.HasPrefix(name, "/") || strings.HasPrefix(name, "/dev/") || slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}
