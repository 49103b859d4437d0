package chain

import (
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/crypttab"
	"github.com/preroot/preroot/pkg/luks"
)

// readCrypttab keeps the lines as they are beside what they mean.
func (f *finder) readCrypttab(text string) {
	entries, problems := crypttab.Parse("/etc/crypttab", text)
	for _, p := range problems {
		f.c.Notes = append(f.c.Notes, p.String())
	}
	f.c.crypttab, f.c.lines = entries, strings.Split(text, "\n")
}

// line is the line of crypttab about a volume, nil when there is none: that of its name, which the mapping has from there, else the one that names the device below.
func (c *Chain) line(d *Device) *crypttab.Entry {
	for i := range c.crypttab {
		if c.crypttab[i].Name == d.DMName {
			return &c.crypttab[i]
		}
	}
	for i := range c.crypttab {
		if e := &c.crypttab[i]; len(d.Below) > 0 && strings.EqualFold(e.Device, "UUID="+d.Below[0].UUID) && d.Below[0].UUID != "" {
			return e
		}
	}
	return nil
}

// findKeys takes in the devices that key files and headers of volumes lie on. A stick that is not there now is no fault: it may come to the boot.
func (f *finder) findKeys() {
	for _, d := range slices.Clone(f.c.Devices) {
		e := f.c.line(d)
		if d.Kind != Crypt || e == nil {
			continue
		}
		for _, l := range []struct {
			what string
			at   crypttab.Location
		}{{"key", e.Key}, {"header", e.Options.Header}} {
			spec := l.at.Device
			if spec == "" && strings.HasPrefix(l.at.Path, "/dev/") && !slices.Contains(randomKeys, l.at.Path) {
				spec = l.at.Path
			}
			if spec == "" {
				continue
			}
			g := &Goal{Name: l.what + " of " + e.Name}
			if err := f.namedGoal(g, spec); err != nil {
				f.note("%s: %v; it is taken for a stick with a FAT on USB", g.Name, err)
				d.wish("usb_storage", "uas", "sd_mod", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859-1", "nls_utf8")
				continue
			}
			if l.at.Device == "" {
				g.FSType = "" // its bytes are the file
			}
			f.c.Goals = append(f.c.Goals, g)
		}
	}
}

// randomKeys are for volumes that are made anew at each boot.
var randomKeys = []string{"/dev/urandom", "/dev/random", "/dev/hwrng"}

// crypt finds the cipher of a volume: in its header, else in the table of the mapping.
func (f *finder) crypt(d *Device) {
	d.early("dm_mod", "dm_crypt")
	algorithms := f.algorithms(d)
	if len(algorithms) == 0 {
		f.problem(Doubt, d, "%s (%s): its cipher cannot be read, so that of cryptsetup's default is taken; run as root", d.Name, d.DMName)
		algorithms = []string{"xts(aes)"}
	}
	for _, a := range algorithms {
		for _, part := range strings.FieldsFunc(a, func(r rune) bool { return r == '(' || r == ')' || r == ',' }) {
			d.wish("crypto-" + part)
		}
	}
	if slices.ContainsFunc(algorithms, func(a string) bool { return !strings.Contains(a, "(aes)") }) {
		d.wish("algif_skcipher") // a key slot with a cipher that the helper does not have itself: it asks the kernel (pkg/luks)
	}
	if format := foreignCrypt(d.DMUUID); format != "" {
		f.problem(Fatal, d, "%s (%s) is a %s volume: /init opens none but those of LUKS; the image needs cryptsetup and a hook that calls it (--install, --hooks)", d.Name, d.DMName, format)
	} else if e := f.c.line(d); e != nil {
		if err := e.Options.Refusal(); err != nil {
			f.problem(Fatal, d, "%s: crypttab: %v", e.Name, err)
		}
	}
}

// foreignCrypt is the format of a volume that is not LUKS, by the UUID that cryptsetup gives to its mapping (libcryptsetup.h, CRYPT_PLAIN and following); "" for one of LUKS.
func foreignCrypt(dm string) string {
	for prefix, format := range map[string]string{"CRYPT-PLAIN-": "plain", "CRYPT-TCRYPT-": "TrueCrypt", "CRYPT-BITLK-": "BitLocker"} {
		if strings.HasPrefix(dm, prefix) {
			return format
		}
	}
	return ""
}

// algorithms lists what the crypto API of the kernel must have, "xts(aes)".
func (f *finder) algorithms(d *Device) []string {
	for _, b := range d.Below {
		file, err := f.h.open(b.Node)
		if err != nil {
			continue
		}
		h, err := luks.Read(file, file.Size)
		file.Close()
		if err == nil {
			return h.Algorithms()
		}
	}
	list, _ := f.targets(d)
	for _, t := range list {
		if t.Type == "crypt" && t.Cipher != "" {
			return []string{kernelCipher(t.Cipher)}
		}
	}
	return nil
}

// kernelCipher turns the name that a table has, "aes-cbc-essiv:sha256" or "capi:xts(aes)-plain64" (admin-guide/device-mapper/dm-crypt.rst), into that of the crypto API.
func kernelCipher(text string) string {
	if api, ok := strings.CutPrefix(text, "capi:"); ok {
		name, _, _ := strings.Cut(api, "-")
		return name
	}
	parts := strings.SplitN(text, "-", 3)
	if len(parts) < 2 {
		return "cbc(" + parts[0] + ")" // the table's own default
	}
	name := parts[1] + "(" + parts[0] + ")"
	if len(parts) == 3 && strings.HasPrefix(parts[2], "essiv:") {
		return "essiv(" + name + "," + strings.TrimPrefix(parts[2], "essiv:") + ")"
	}
	return name
}
