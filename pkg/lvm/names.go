package lvm

import "strings"

// maxName is the longest name in device-mapper, and of a volume or group in LVM2, in bytes.
const maxName = 127

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-' || c == '+'
}

// IsName reports whether a volume or a volume group may be called s: the rule of lvm(8), VALID NAMES.
func IsName(s string) bool {
	if s == "" || len(s) > maxName || s[0] == '-' || s == "." || s == ".." {
		return false
	}
	for i := range len(s) {
		if !isNameByte(s[i]) {
			return false
		}
	}
	return true
}

// An ID has 32 characters; people write it in groups of so many.
const idLength, idGroups = 32, "6444446"

// spellID spells the 32 characters of an ID in its groups, as the tools of lvm2 do.
func spellID(raw string) string {
	out := make([]byte, 0, idLength+6)
	for i := range len(idGroups) {
		n := int(idGroups[i] - '0')
		if i > 0 {
			out = append(out, '-')
		}
		out = append(out, raw[:n]...)
		raw = raw[n:]
	}
	return string(out)
}

// isRawID reports whether s can be an ID: 32 letters and digits, and ! and # from the alphabet of old versions.
func isRawID(s string) bool {
	if len(s) != idLength {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c != '!' && c != '#' && (!isNameByte(c) || strings.IndexByte("_.-+", c) >= 0) {
			return false
		}
	}
	return true
}

// rawID takes the hyphens out of an ID as the text of the metadata has it.
func rawID(s string) (string, bool) {
	raw := strings.ReplaceAll(s, "-", "")
	return raw, isRawID(raw) && spellID(raw) == s
}

// DMName is the name in /dev/mapper of a volume: hyphens within a name are doubled, a single one parts the names. layer is "" for the volume itself.
func DMName(vg, lv, layer string) string {
	name := strings.ReplaceAll(vg, "-", "--") + "-" + strings.ReplaceAll(lv, "-", "--")
	if layer != "" {
		name += "-" + layer
	}
	return name
}

// SplitDMName is the way back: the group and the volume of a name in /dev/mapper. ok is false if it is none of a volume itself.
func SplitDMName(name string) (vg, lv string, ok bool) {
	at := -1
	for i := 0; i < len(name); i++ {
		if name[i] != '-' {
			continue
		}
		if i+1 < len(name) && name[i+1] == '-' {
			i++
			continue
		}
		if at >= 0 {
			return "", "", false
		}
		at = i
	}
	if at < 0 {
		return "", "", false
	}
	vg, lv = strings.ReplaceAll(name[:at], "--", "-"), strings.ReplaceAll(name[at+1:], "--", "-")
	return vg, lv, IsName(vg) && IsName(lv)
}
