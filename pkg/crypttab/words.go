package crypttab

import (
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/cmdline"
)

// Words is what the kernel parameters say about encrypted and logical volumes: rd.luks.* and rd.lvm.* of dracut.cmdline(7), and luks.* and rd.luks.* of systemd-cryptsetup-generator(8), which
// reads both in the initramfs. IDs are without the prefix luks-.
type Words struct {
	// LUKS is rd.luks and luks, default true: volumes are opened at all. Auto is rd.auto: all that are found, without being named.
	LUKS, Auto bool
	// Crypttab is rd.luks.crypttab and luks.crypttab, default true: /etc/crypttab of the image counts.
	Crypttab bool
	// UUIDs, PartUUIDs and Serials are rd.luks.uuid=, rd.luks.partuuid= and rd.luks.serial=: any part of one is enough.
	UUIDs, PartUUIDs, Serials []Wanted
	// Names is rd.luks.name=ID=NAME, Data is rd.luks.data=UUID=DEVICE.
	Names, Data []Named
	// Options is rd.luks.options=[UUID=]OPTIONS: without ID for those that neither crypttab nor another word gives options.
	Options []NamedOptions
	// Keys is rd.luks.key=, in order.
	Keys []KeyWord
	// KeyWait is rd.luks.key.tout=, how long a key file is waited for; default 10 s, as in dracut's code.
	KeyWait time.Duration
	// Timeout is rd.luks.timeout=, how long a passphrase is waited for; zero is for ever.
	Timeout time.Duration
	// Discard is rd.luks.allow-discards: all volumes pass discards on. DiscardIDs are the volumes of rd.luks.allow-discards=ID.
	Discard    bool
	DiscardIDs []string

	// LVM is rd.lvm, default true. VGs and LVs are rd.lvm.vg=VG and rd.lvm.lv=VG/LV: only these are activated.
	LVM      bool
	VGs, LVs []string
	// LVMConf is rd.lvm.conf, default true: /etc/lvm/lvm.conf of the image counts.
	LVMConf bool
}

// Wanted is a volume that a word asks for.
type Wanted struct {
	// ID is part of what names the device.
	ID string
	// KeySource says that it holds key files only: opened by passphrase, and closed before the real system starts.
	KeySource bool
	// Word is the word, for messages.
	Word string
}

// Named gives the volume with an ID a name or a device.
type Named struct{ ID, Value string }

// NamedOptions gives the volume with an ID its options; "" is all that have none.
type NamedOptions struct {
	ID      string
	Options Options
}

// KeyWord is a key file of rd.luks.key=.
type KeyWord struct {
	// ID is the volume that it opens, in systemd's form; "" in dracut's.
	ID   string
	File Location
	// InImage says that the file is in the image, Anywhere that no device is named: the file is looked for on every one.
	InImage, Anywhere bool
	// Volume is the device that it opens, in dracut's form; "" is any.
	Volume string
}

// ReadWords reads the parameters. A bad one is named and left out; all are reported together, in the order of the line.
func ReadWords(p cmdline.Params) (Words, []Problem) {
	w := Words{LUKS: true, Crypttab: true, LVM: true, LVMConf: true, KeyWait: defaultKeyWait}
	r := &report{}
	for _, word := range p.Words() {
		r.source = word.Source
		if word, ok := r.modern(word); ok {
			w.read(word, r)
		}
	}
	return w, r.problems
}

// defaultKeyWait is what cryptroot-ask of dracut does: ten tries, one a second. Its manual says 0.
const defaultKeyWait = 10 * time.Second

// modern gives a word of dracut 059 or of systemd the name that it has here; ok is false for a word that is nothing of ours.
func (r *report) modern(word cmdline.Word) (cmdline.Word, bool) {
	old := word.String()
	switch word.Key {
	case "rd_LUKS_UUID", "rd_LUKS_PARTUUID", "rd_LUKS_SERIAL", "rd_LVM_VG", "rd_LVM_LV":
		word.Key = strings.ToLower(strings.ReplaceAll(word.Key, "_", "."))
		r.deprecated(old, word.String())
	case "rd_NO_LUKS", "rd_NO_CRYPTTAB", "rd_NO_LVM", "rd_NO_LVMCONF":
		word.Key = map[string]string{"LUKS": "rd.luks", "CRYPTTAB": "rd.luks.crypttab", "LVM": "rd.lvm", "LVMCONF": "rd.lvm.conf"}[word.Key[len("rd_NO_"):]]
		word.Value, word.HasValue = "0", true
		r.deprecated(old, word.String())
	case "luks", "luks.crypttab", "luks.uuid", "luks.name", "luks.key", "luks.options", "luks.data":
		word.Key = "rd." + word.Key
	}
	return word, word.Key == "rd.auto" || isOr(word.Key, "rd.luks") || isOr(word.Key, "rd.lvm")
}

// OfLUKS says whether a word is about encrypted volumes.
func OfLUKS(word cmdline.Word) bool {
	key := strings.TrimPrefix(word.Key, "rd.")
	return isOr(key, "luks") || strings.HasPrefix(key, "rd_LUKS")
}

// isOr says whether key is name, or begins with it and a dot.
func isOr(key, name string) bool {
	rest, ok := strings.CutPrefix(key, name)
	return ok && (rest == "" || rest[0] == '.')
}

// read takes one word.
func (w *Words) read(word cmdline.Word, r *report) {
	switch word.Key {
	case "rd.luks":
		w.LUKS = boolean(word, r)
	case "rd.luks.crypttab":
		w.Crypttab = boolean(word, r)
	case "rd.auto":
		w.Auto = boolean(word, r)
	case "rd.lvm":
		w.LVM = boolean(word, r)
	case "rd.lvm.conf":
		w.LVMConf = boolean(word, r)
	case "rd.luks.allow-discards":
		w.discards(word)
	case "rd.luks.smartcard", "rd.lvm.mergetags": // of dracut's crypt-gpg and lvmmerge, which are not ours
	case "rd.luks.uuid", "rd.luks.partuuid", "rd.luks.serial", "rd.luks.name", "rd.luks.data", "rd.luks.options", "rd.luks.key", "rd.luks.key.tout", "rd.luks.timeout", "rd.lvm.vg", "rd.lvm.lv":
		if word.Value == "" {
			r.bad(word.String(), "the value is missing", word.Key+"=VALUE")
		} else if !w.volume(word, r) {
			w.value(word, r)
		}
	case "rd.luks.header":
		r.bad(word.String(), "there is no such word", "rd.luks.options=UUID=header=/PATH[:DEVICE]")
	default:
		r.bad(word.String(), "there is no such word", "a word of dracut.cmdline(7), or leave it out")
	}
}

// volume takes a word that asks for volumes; it says whether the word is one.
func (w *Words) volume(word cmdline.Word, r *report) bool {
	var list *[]Wanted
	switch word.Key {
	case "rd.luks.uuid":
		list = &w.UUIDs
	case "rd.luks.partuuid":
		list = &w.PartUUIDs
	case "rd.luks.serial":
		list = &w.Serials
	default:
		return false
	}
	id, isSource := strings.CutPrefix(word.Value, "keysource:")
	if id = strings.TrimPrefix(id, "luks-"); id == "" {
		r.bad(word.String(), "it names no volume", word.Key+"=ID")
		return true
	}
	*list = append(*list, Wanted{ID: id, KeySource: isSource, Word: word.String()})
	return true
}

// value takes a word that says more about a volume.
func (w *Words) value(word cmdline.Word, r *report) {
	switch word.Key {
	case "rd.luks.name":
		w.name(word, r)
	case "rd.luks.data":
		id, device, ok := cutID(word.Value)
		if !ok || !validDevice(unquoteTag(device)) {
			r.bad(word.String(), "not the UUID of a volume and a device", "rd.luks.data=UUID=DEVICE")
			return
		}
		w.Data = append(w.Data, Named{id, unquoteTag(device)})
	case "rd.luks.options":
		id, text, ok := cutID(word.Value)
		if !ok {
			id, text = "", word.Value
		}
		w.Options = append(w.Options, NamedOptions{id, parseOptions(text, r)})
	case "rd.luks.key":
		w.key(word, r)
	case "rd.luks.key.tout":
		w.KeyWait = seconds(word, defaultKeyWait, r)
	case "rd.luks.timeout":
		w.Timeout = seconds(word, 0, r)
	case "rd.lvm.vg":
		if !validVolume(word.Value) {
			r.bad(word.String(), "not a name of a volume group", "rd.lvm.vg=VG")
			return
		}
		w.VGs = append(w.VGs, word.Value)
	case "rd.lvm.lv":
		vg, lv, _ := strings.Cut(word.Value, "/")
		if !validVolume(vg) || !validVolume(lv) {
			r.bad(word.String(), "not a volume group and a logical volume", "rd.lvm.lv=VG/LV")
			return
		}
		w.LVs = append(w.LVs, word.Value)
	}
}

// name reads rd.luks.name=ID=NAME; as for dracut, the name is what follows the first equals sign.
func (w *Words) name(word cmdline.Word, r *report) {
	id, name, ok := strings.Cut(word.Value, "=")
	id = strings.TrimPrefix(id, "luks-")
	switch {
	case !ok || id == "":
		r.bad(word.String(), "not an ID and a name", "rd.luks.name=UUID=NAME")
	case !ValidName(name):
		r.bad(word.String(), "not a name of a mapping, the name stays luks-"+printable(id), "1 to 127 letters, digits and any of _.+- as the name")
		w.Names = append(w.Names, Named{id, ""}) // the word asks for the volume still
	default:
		w.Names = append(w.Names, Named{id, name})
	}
}

// key reads rd.luks.key= in either form. What stands before the first equals sign tells them apart: letters, digits and dashes alone are systemd's UUID, and must be one; anything else (a path
// begins with a slash) is dracut's form.
func (w *Words) key(word cmdline.Word, r *report) {
	before, rest, ok := strings.Cut(word.Value, "=")
	if !ok || strings.Trim(before, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		w.dracutKey(word, r)
		return
	}
	const form = "rd.luks.key=UUID=/PATH[:DEVICE] or rd.luks.key=/PATH[:DEVICE[:VOLUME]]"
	file := splitLocation(rest)
	switch {
	case !isUUID(before):
		r.bad(word.String(), printable(before)+" is no UUID", form)
	case !strings.HasPrefix(file.Path, "/") || file.Device != "" && !validDevice(file.Device):
		r.bad(word.String(), "not an absolute path on a block device", form)
	default:
		w.Keys = append(w.Keys, KeyWord{ID: before, File: file, InImage: file.Device == ""})
	}
}

// dracutKey reads PATH[:KEYDEV[:LUKSDEV]]. KEYDEV "/" is the image; without one dracut looks on every device, and systemd, which has no such form, in the image: here in both, the image first.
func (w *Words) dracutKey(word cmdline.Word, r *report) {
	path, rest, _ := strings.Cut(word.Value, ":")
	k := KeyWord{File: Location{Path: path, Device: rest}}
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && (i+1 == len(rest) || rest[i+1:] == "*" || namesDevice(rest[i+1:])) {
		k.File.Device, k.Volume = rest[:i], unquoteTag(strings.TrimPrefix(rest[i+1:], "*"))
	}
	k.File.Device = unquoteTag(k.File.Device)
	if path != "" && path[0] != '/' {
		k.File.Path = "/" + path // dracut joins it to the mount point
	}
	switch {
	case path == "" || strings.Trim(path, "/") == "":
		r.bad(word.String(), "the path is missing", "rd.luks.key=/PATH[:DEVICE[:VOLUME]]")
		return
	case k.File.Device == "/":
		k.File.Device, k.InImage = "", true
	case k.File.Device == "" || k.File.Device == "*":
		k.File.Device, k.InImage, k.Anywhere = "", true, true
	case !validDevice(k.File.Device):
		r.bad(word.String(), "the key file is on no block device", "rd.luks.key=/PATH:UUID=... or rd.luks.key=/PATH:/dev/NAME")
		return
	}
	if k.Volume != "" && !validDevice(k.Volume) {
		r.bad(word.String(), "the volume is no block device", "rd.luks.key=/PATH:DEVICE:UUID=...")
		return
	}
	w.Keys = append(w.Keys, k)
}

// discards reads rd.luks.allow-discards[=ID]; several IDs may stand in one word.
func (w *Words) discards(word cmdline.Word) {
	switch {
	case inList(word.Value, "0 no off"):
		w.Discard, w.DiscardIDs = false, nil
	case word.Value == "" || inList(word.Value, "1 yes on"):
		w.Discard = true
	default:
		for _, id := range strings.Fields(word.Value) {
			if id = strings.TrimPrefix(id, "luks-"); id != "" {
				w.DiscardIDs = append(w.DiscardIDs, id)
			}
		}
	}
}

// boolean is dracut's getargbool; a value that says no to systemd and yes to dracut is named.
func boolean(word cmdline.Word, r *report) bool {
	switch {
	case inList(word.Value, "0 no off"):
		return false
	case word.Value != "" && !inList(word.Value, "1 yes on"):
		r.bad(word.String(), "neither yes nor no, it counts as yes", word.Key+"=0|1")
	}
	return true
}

func seconds(word cmdline.Word, def time.Duration, r *report) time.Duration {
	n, ok := cmdline.ParseNum(word.Value)
	if !ok {
		r.bad(word.String(), "not a number", word.Key+"=SECONDS")
		return def
	}
	return time.Duration(min(n, int64(maxSpan/time.Second))) * time.Second
}

// cutID parts UUID=REST as systemd does; ok is false when what comes first is no UUID.
func cutID(value string) (id, rest string, ok bool) {
	id, rest, ok = strings.Cut(value, "=")
	return id, rest, ok && isUUID(id)
}

// isUUID accepts 32 hex digits, with or without dashes at their places, as id128_is_valid of systemd does.
func isUUID(s string) bool {
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		s = strings.ReplaceAll(s, "-", "")
	}
	return len(s) == 32 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// validVolume says whether a volume group or a logical volume may have this name: lvm(8), VALID NAMES.
func validVolume(name string) bool { return ValidName(name) && name[0] != '-' || name == "control" }
