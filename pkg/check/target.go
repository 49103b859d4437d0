package check

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Target is the machine that an image is to find root of.
//
// Its text form is words, split by blanks, commas and new lines; # begins a comment:
//
//	virtio-blk                a disk's bus: virtio-blk, virtio-scsi, nvme, ahci, usb
//	modalias=ALIAS            a piece of hardware between root and the processor, as /sys has it
//	driver=NAME               the driver of that before, for kernels that have it built in: they know no alias of it
//	module=NAME               a module or an alias that is needed besides
//	ext4                      the file system of root; also fs=TYPE
//	luks lvm md               layers between the disk and root
//	cipher=NAME               what LUKS asks the kernel for: xts, aes; without, the usual ones
//	key=/PATH                 a file that the image must have, such as a key
//	firmware=NAME             a file below /lib/firmware that a driver asks for
//	fatal=SENTENCE            a line of its own: what /init of preroot does not do, and hooks may
//	doubt=SENTENCE            a line of its own: what is not known of the machine
//
// and what the kernel command line says of root: root=UUID=..., rootfstype=ext4.
type Target struct {
	Root     string   // what root= says
	FSType   string   // "" if it is not known
	Devices  []Device // the hardware on the way
	Modules  []string
	Layers   []string
	Ciphers  []string // what LUKS asks the kernel for: "crypto-xts", "crypto-aes"; none for the usual ones
	Files    []string // keys and the like, without a leading slash
	Firmware []string
	Fatal    []string // what /init of preroot does not do by itself, a sentence each
	Doubt    []string // what is not known of the machine, a sentence each
}

// Device is a piece of hardware that needs a driver.
type Device struct{ Name, Modalias, Driver string }

// buses are the disks that have a name: what their hardware is called where QEMU makes them.
func buses() map[string][]Device {
	disk := Device{"disk", "scsi:t-0x00", "sd_mod"}
	return map[string][]Device{
		"virtio-blk":  {{"virtio-pci", "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00", "virtio_pci"}, {"virtio-blk", "virtio:d00000002v00001AF4", "virtio_blk"}},
		"virtio-scsi": {{"virtio-pci", "pci:v00001AF4d00001004sv00001AF4sd00000008bc01sc00i00", "virtio_pci"}, {"virtio-scsi", "virtio:d00000008v00001AF4", "virtio_scsi"}, disk},
		"nvme":        {{"nvme", "pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02", "nvme"}},
		"ahci":        {{"ahci", "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01", "ahci"}, disk},
		"usb": {{"usb host", "pci:v00001B36d0000000Dsv00001AF4sd00001100bc0Csc03i30", "xhci_pci"},
			{"usb disk", "usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00", "usb_storage"}, disk},
	}
}

var fileSystems = []string{"ext4", "ext3", "ext2", "xfs", "btrfs", "f2fs", "squashfs", "erofs", "vfat", "exfat", "iso9660", "bcachefs", "nilfs2", "udf"}

// layerModules are what layers need of the kernel.
func layerModules() map[string][]string {
	return map[string][]string{"luks": {"dm_mod", "dm_crypt"}, "lvm": {"dm_mod"}, "md": {"md_mod"}}
}

// ParseTarget reads the text form; all words that make no sense are in the error.
func ParseTarget(text string) (t Target, err error) {
	var errs []error
	for line := range strings.Lines(text) {
		if t.sentence(line) {
			continue
		}
		line, _, _ = strings.Cut(line, "#")
		for word := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' || r == '\r' }) {
			if e := t.word(word); e != nil {
				errs = append(errs, e)
			}
		}
	}
	return t, errors.Join(errs...)
}

// sentence takes a line that is one key with blanks in its value.
func (t *Target) sentence(line string) bool {
	key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
	list := map[string]*[]string{"fatal": &t.Fatal, "doubt": &t.Doubt}[key]
	value = strings.Join(strings.Fields(value), " ")
	if list == nil || value == "" {
		return false
	}
	*list = append(*list, value)
	return true
}

func (t *Target) word(word string) error {
	key, value, valued := strings.Cut(word, "=")
	switch {
	case valued && value == "":
		return fmt.Errorf("target: %s says nothing behind =", word)
	case valued:
		return t.set(key, value)
	case slices.Contains(fileSystems, word):
		t.FSType = word
	case layerModules()[word] != nil:
		t.Layers = append(t.Layers, word)
	case buses()[word] != nil:
		t.Devices = append(t.Devices, buses()[word]...)
	default:
		return fmt.Errorf("target: %q is no bus (%s), no file system and no layer (luks, lvm, md): write modalias=, module= or fs=", word, strings.Join(slices.Sorted(maps.Keys(buses())), ", "))
	}
	return nil
}

// set takes a word with a value.
func (t *Target) set(key, value string) error {
	switch {
	case key == "root":
		t.Root = value
	case key == "fs" || key == "rootfstype":
		t.FSType = value
	case key == "modalias":
		t.Devices = append(t.Devices, Device{Name: value, Modalias: value})
	case key == "driver" && len(t.Devices) > 0:
		t.Devices[len(t.Devices)-1].Driver = value
	case key == "module":
		t.Modules = append(t.Modules, value)
	case key == "cipher":
		t.Ciphers = append(t.Ciphers, "crypto-"+value)
	case key == "key" || key == "file":
		t.Files = append(t.Files, strings.TrimLeft(value, "/"))
	case key == "firmware":
		t.Firmware = append(t.Firmware, value)
	default:
		return fmt.Errorf("target: no key %q: write root, fs, modalias, driver (behind its modalias), module, cipher, key or firmware; fatal and doubt begin a line", key)
	}
	return nil
}

// String is the text form, a word on each line.
func (t Target) String() string {
	var b strings.Builder
	add := func(key string, values ...string) {
		for _, v := range values {
			if v != "" {
				fmt.Fprintf(&b, "%s%s\n", key, v)
			}
		}
	}
	add("root=", t.Root)
	add("fs=", t.FSType)
	for _, d := range t.Devices {
		add("modalias=", d.Modalias)
		add("driver=", d.Driver)
	}
	add("module=", t.Modules...)
	add("", t.Layers...)
	for _, c := range t.Ciphers {
		add("cipher=", strings.TrimPrefix(c, "crypto-"))
	}
	for _, f := range t.Files {
		add("key=/", f)
	}
	add("firmware=", t.Firmware...)
	for _, l := range []struct {
		key  string
		list []string
	}{{"fatal=", t.Fatal}, {"doubt=", t.Doubt}} {
		for _, text := range l.list {
			add(l.key, strings.Join(strings.Fields(text), " "))
		}
	}
	return b.String()
}

// Known says whether anything is known of the hardware.
func (t Target) Known() bool { return len(t.Devices)+len(t.Modules) > 0 }
