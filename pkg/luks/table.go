package luks

import (
	"slices"
	"strconv"
	"strings"
)

// Table is the one line of a dm-crypt table, which begins at sector 0. All
// sectors have 512 bytes, whatever the option sector_size says
// (Documentation/admin-guide/device-mapper/dm-crypt.rst of the kernel).
type Table struct {
	Sectors  uint64   // how long the mapping is
	Cipher   string   // "aes-xts-plain64"
	KeyBytes int      // what the key must have
	IVOffset uint64   // added to the number of a sector
	Offset   uint64   // where the data begins on its device, in sectors
	Options  []string // optional parameters: "allow_discards", "sector_size:4096"
}

// flagOptions are the flags of a LUKS2 header and their options of dm-crypt, in
// the order in which cryptsetup writes them.
var flagOptions = [...][2]string{
	{"allow-discards", "allow_discards"},
	{"same-cpu-crypt", "same_cpu_crypt"},
	{"submit-from-crypt-cpus", "submit_from_crypt_cpus"},
	{"no-read-workqueue", "no_read_workqueue"},
	{"no-write-workqueue", "no_write_workqueue"},
	{"high_priority", "high_priority"},
}

func knownFlags() []string {
	var list []string
	for _, f := range flagOptions {
		list = append(list, f[0])
	}
	return list
}

// Table makes the table for a data device of size bytes. detached says that the
// header lies on another one. flags are those that shall be set besides the
// header's, named like there.
//
// A segment that does not reach the end of its device is for cryptsetup, which
// makes one only if told --device-size.
func (h *Header) Table(size int64, detached bool, flags ...string) (*Table, error) {
	s := h.segment
	have := uint64(max(size, 0))
	switch {
	case s.offset == 0 && !detached:
		return nil, refused("the data begins at byte 0, where the header lies; the header of such a volume is on another device")
	case have%sectorBytes != 0:
		return nil, damaged("the data device has %d bytes, which are no whole sectors", size)
	case s.offset >= have || s.size > have-s.offset:
		return nil, refused("the data, %s from byte %d on, is not on the device, which has %d bytes", sizeText(s.size), s.offset, size)
	case s.size != 0 && s.size != have-s.offset:
		return nil, foreign("the data, %s from byte %d on, does not reach the end of the device, which has %d bytes", sizeText(s.size), s.offset, size)
	case (have-s.offset)%uint64(s.sectorSize) != 0:
		return nil, damaged("the data of %d bytes is no multiple of its sectors of %d", have-s.offset, s.sectorSize)
	}
	t := &Table{(have - s.offset) / sectorBytes, s.cipher.text, h.KeyBytes(), s.ivTweak, s.offset / sectorBytes, nil}
	for _, f := range flagOptions {
		if slices.Contains(h.Flags, f[0]) || slices.Contains(flags, f[0]) {
			t.Options = append(t.Options, f[1])
		}
	}
	if s.sectorSize != sectorBytes {
		t.Options = append(t.Options, "sector_size:"+strconv.Itoa(s.sectorSize))
	}
	return t, nil
}

func sizeText(n uint64) string {
	if n == 0 {
		return "all"
	}
	return strconv.FormatUint(n, 10) + " bytes"
}

// KeyBytes is the length of the volume key, 0 if no slot holds it.
func (h *Header) KeyBytes() int { return h.keyBytes }

// AppendParams writes the parameters of the table as dm-crypt takes them. key is
// its field: the hexadecimal digits of the key, or the name of one in a keyring,
// which begins with a colon.
func (t *Table) AppendParams(dst, key []byte, device string) []byte {
	dst = append(dst, t.Cipher...)
	dst = append(dst, ' ')
	dst = append(dst, key...)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, t.IVOffset, 10)
	dst = append(dst, " "+device+" "...)
	dst = strconv.AppendUint(dst, t.Offset, 10)
	if n := len(t.Options); n > 0 {
		dst = append(dst, " "+strconv.Itoa(n)+" "+strings.Join(t.Options, " ")...)
	}
	return dst
}

// KeyDescription is what cryptsetup calls the volume key in the kernel's
// keyring, where it has the type logon.
func (h *Header) KeyDescription() string {
	return "cryptsetup:" + h.UUID + "-d" + strconv.Itoa(h.digest.id)
}

// Algorithms lists what the kernel must have, as its crypto API names it: the
// cipher of the data first, then those of key slots that Unlock asks a [Kernel]
// for.
func (h *Header) Algorithms() []string {
	list := []string{h.segment.cipher.kernelName()}
	for _, s := range h.slots {
		if name := s.area.cipher.kernelName(); s.unusable == nil && !s.unbound && !s.area.cipher.native() && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

const maxDMUUID = 128 // DM_UUID_LEN less the NUL

// DMUUID is what cryptsetup gives to device mapper as the UUID of a mapping,
// which is how it finds its own. It is cut to the length that there may be.
func (h *Header) DMUUID(name string) string {
	s := "CRYPT-LUKS" + strconv.Itoa(h.Version) + "-" + strings.ReplaceAll(h.UUID, "-", "") + "-" + name
	return s[:min(len(s), maxDMUUID)]
}
