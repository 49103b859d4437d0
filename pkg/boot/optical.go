package boot

import "strings"

// An optical drive takes long to say what is in it, and udevd asks it too; both at once take longer than one after the other. So beside an udevd that is waited for
// it is looked at when udevd has nothing to do any more, and its word that there is no disc is taken.

func optical(name string) bool { return strings.HasPrefix(name, "sr") }

// later says whether a device is not probed yet.
func (f *finder) later(name string) bool { return f.udevIdle != nil && optical(name) && !f.udevIdle() }

// noDisc says that udevd has found an optical drive empty: its entry of the drive (sd-device, /run/udev/data/bMAJOR:MINOR) has ID_CDROM=1 and no ID_CDROM_MEDIA=1
// (60-cdrom_id.rules).
func (b *Boot) noDisc(name string) bool {
	number := readWord(b.sys(), "class/block/"+name+"/dev")
	entry := "\n" + b.read("run/udev/data/b"+number) + "\n"
	return strings.Contains(entry, "\nE:ID_CDROM=1\n") && !strings.Contains(entry, "\nE:ID_CDROM_MEDIA=1\n")
}
