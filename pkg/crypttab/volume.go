package crypttab

import "strings"

// Device is what is known of a block device that may hold a volume.
type Device struct {
	// UUID and Label are those of its LUKS superblock; UUID is "" when it has none.
	UUID, Label string
	// PartUUID and PartLabel are those of the partition, Serial that of the disk (udev's ID_SERIAL_SHORT).
	PartUUID, PartLabel, Serial string
	// Nodes are all paths that lead to it, "/dev/sda2" and the links of /dev/disk.
	Nodes []string
}

// Volume is how a device is opened.
type Volume struct {
	// Name is that of the mapping.
	Name string
	// Wanted says that a word or a line asks for it. Otherwise it may be opened when root is not found.
	Wanted bool
	// Why is the word or the line of the file that decided, for messages; "" when nothing did.
	Why string
	// Keys are the key files in the order in which they are tried, before the passphrase.
	Keys []KeyFile
	// KeySource says that the volume is closed before the real system starts.
	KeySource bool
	// Options are those that hold, with what the words say put in.
	Options Options
}

// KeyFile is one source of a key.
type KeyFile struct {
	File Location
	// Anywhere says that File.Path is looked for on every device.
	Anywhere bool
	// Optional says that nobody is told when it is not there: nothing names it, it is only where systemd looks.
	Optional bool
}

// Volume says how a device is to be opened; ok is false when it is no volume, or must not be opened. Options.Refusal says whether we can.
func (w *Words) Volume(entries []Entry, d Device) (v Volume, ok bool) {
	if !w.LUKS {
		return Volume{}, false
	}
	data, isData := w.dataOf(d)
	if isData && d.UUID == "" {
		d.UUID = data // the header, with this UUID, is elsewhere
	}
	e := w.entryOf(entries, d)
	want, asked := w.wanted(d)
	v.Options = w.options(e, d)
	// Without a superblock it is a volume only by what is written about it: that its header is elsewhere, or that it has another format.
	if d.UUID == "" && (!asked && e == nil || v.Options.Mode == LUKS && v.Options.Header.Path == "") {
		return Volume{}, false
	}
	v.KeySource = want.KeySource
	v.Wanted, v.Why = asked, want.Word
	if e != nil && !asked {
		v.Why = "crypttab: " + e.Name
		v.Wanted = (!w.named() || w.mentions(d.UUID)) && !v.Options.NoAuto
	}
	v.Name = w.nameOf(e, d, want)
	v.Keys = w.keys(e, d, v)
	return v, true
}

// named says whether any word names volumes: then only those are opened (systemd-cryptsetup-generator(8)).
func (w *Words) named() bool {
	return len(w.UUIDs)+len(w.PartUUIDs)+len(w.Serials)+len(w.Names) > 0
}

// mentions says whether a word says more about a volume. It does not ask for it, but systemd then opens what a line of crypttab has.
func (w *Words) mentions(uuid string) bool {
	for _, n := range w.Options {
		if sameUUID(n.ID, uuid) {
			return true
		}
	}
	for _, n := range w.Data {
		if sameUUID(n.ID, uuid) {
			return true
		}
	}
	for _, k := range w.Keys {
		if sameUUID(k.ID, uuid) {
			return true
		}
	}
	return false
}

// dataOf finds the word that makes d the data of a volume whose header is elsewhere.
func (w *Words) dataOf(d Device) (uuid string, ok bool) {
	for _, n := range w.Data {
		if d.is(n.Value, false) {
			return n.ID, true
		}
	}
	return "", false
}

// entryOf finds the line of crypttab about d, the first one if there are two.
func (w *Words) entryOf(entries []Entry, d Device) *Entry {
	for i := range entries {
		if w.Crypttab && d.is(entries[i].Device, false) {
			return &entries[i]
		}
	}
	return nil
}

// wanted finds the word that asks for d. As for dracut, only the first kind of word that occurs counts: the partition's ID, the serial number, the UUID; without any, rd.auto. A name asks for its
// volume, as for systemd.
func (w *Words) wanted(d Device) (Wanted, bool) {
	list, id := w.UUIDs, d.UUID
	switch {
	case len(w.PartUUIDs) > 0:
		list, id = w.PartUUIDs, d.PartUUID
	case len(w.Serials) > 0:
		list, id = w.Serials, d.Serial
	}
	for _, want := range list {
		if contains(id, want.ID) {
			return want, true
		}
	}
	for _, n := range w.Names {
		if contains(d.UUID, n.ID) {
			return Wanted{ID: n.ID, Word: "rd.luks.name=" + n.ID + "=" + n.Value}, true
		}
	}
	if len(list) == 0 && w.Auto && d.UUID != "" {
		return Wanted{ID: d.UUID, Word: "rd.auto"}, true
	}
	return Wanted{}, false
}

// nameOf gives the mapping its name: rd.luks.name's, crypttab's, else luks- and what the word has, as dracut.
func (w *Words) nameOf(e *Entry, d Device, want Wanted) string {
	for _, n := range w.Names {
		if n.Value != "" && (contains(d.UUID, n.ID) || n.ID == want.ID) {
			return n.Value
		}
	}
	switch {
	case e != nil:
		return e.Name
	case want.ID != "" && ValidName("luks-"+want.ID):
		return "luks-" + want.ID
	case d.UUID != "" && ValidName("luks-"+d.UUID):
		return "luks-" + d.UUID
	}
	return "luks-volume" // a superblock may hold any text
}

// options are those of the word for this volume, else crypttab's, else those of a word for all. What other words say is put in.
func (w *Words) options(e *Entry, d Device) Options {
	o, found := Options{KeySlot: -1}, e != nil
	if found {
		o = e.Options
	}
	for _, n := range w.Options {
		if sameUUID(n.ID, d.UUID) || n.ID == "" && !found {
			o = n.Options
		}
		found = found || sameUUID(n.ID, d.UUID)
	}
	if w.Discard {
		o.Discard = true
	}
	for _, id := range w.DiscardIDs {
		o.Discard = o.Discard || contains(d.UUID, id)
	}
	if !o.KeyTimeoutGiven {
		o.KeyTimeout = w.KeyWait
	}
	if !o.TimeoutGiven {
		o.Timeout = w.Timeout
	}
	return o
}

// keys lists the sources in order: crypttab's, those of words for this volume, those of words for any, and where systemd looks when crypttab names none (crypttab(5)). A source of keys itself is
// opened by passphrase, unless crypttab has a key for it.
func (w *Words) keys(e *Entry, d Device, v Volume) []KeyFile {
	var list []KeyFile
	if e != nil && e.Key.Path != "" {
		list = append(list, KeyFile{File: e.Key})
	}
	for pass := 0; pass < 2 && !v.KeySource; pass++ {
		for _, k := range w.Keys {
			own := sameUUID(k.ID, d.UUID) || k.Volume != "" && d.is(k.Volume, true)
			if pass == 0 && own || pass == 1 && k.ID == "" && k.Volume == "" {
				list = append(list, k.files()...)
			}
		}
	}
	if e == nil || e.Key.Path == "" {
		list = append(list, KeyFile{File: Location{Path: "/etc/cryptsetup-keys.d/" + v.Name + ".key"}, Optional: true},
			KeyFile{File: Location{Path: "/run/cryptsetup-keys.d/" + v.Name + ".key"}, Optional: true})
	}
	return list
}

// files are the places that a word means.
func (k KeyWord) files() []KeyFile {
	switch {
	case k.Anywhere:
		return []KeyFile{{File: k.File, Optional: true}, {File: k.File, Anywhere: true}}
	default:
		return []KeyFile{{File: k.File}}
	}
}

// is says whether a device of crypttab or of a word is d. With prefix the beginning of a UUID is enough, as in rd.luks.key=.
func (d Device) is(text string, prefix bool) bool {
	key, value, ok := strings.Cut(text, "=")
	if !ok || text[0] == '/' {
		return d.hasNode(text)
	}
	switch key {
	case "UUID":
		return sameUUID(value, d.UUID) || prefix && d.UUID != "" && hasPrefixFold(d.UUID, value)
	case "PARTUUID":
		return d.PartUUID != "" && strings.EqualFold(value, d.PartUUID)
	case "LABEL":
		return d.Label != "" && value == d.Label
	case "PARTLABEL":
		return d.PartLabel != "" && value == d.PartLabel
	case "ID":
		return d.hasNode("/dev/disk/by-id/" + value)
	}
	return false
}

func (d Device) hasNode(path string) bool {
	if uuid, ok := strings.CutPrefix(path, "/dev/disk/by-uuid/"); ok && sameUUID(uuid, d.UUID) {
		return true
	}
	for _, n := range d.Nodes {
		if n == path {
			return true
		}
	}
	return false
}

// contains says whether part, which is not empty, is anywhere in id. The case does not matter.
func contains(id, part string) bool {
	return part != "" && strings.Contains(strings.ToLower(id), strings.ToLower(part))
}

func hasPrefixFold(s, prefix string) bool {
	return prefix != "" && len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// sameUUID compares without dashes and case.
func sameUUID(a, b string) bool {
	return a != "" && strings.EqualFold(strings.ReplaceAll(a, "-", ""), strings.ReplaceAll(b, "-", ""))
}
