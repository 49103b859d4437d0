package trial

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// isGUID says whether s is a GUID as people write it.
func isGUID(s string) bool {
	_, ok := guid(s)
	return ok
}

// guid is the binary form of a GUID on disk: the first three groups are little-endian (UEFI Specification, appendix A).
func guid(s string) (g [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return g, false
	}
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != 16 {
		return g, false
	}
	for i, from := range []int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		g[i] = b[from]
	}
	return g, true
}

// mbrUUID takes a PARTUUID of an MBR apart, "1234abcd-02": the number of the disk, and that of the partition, in hexadecimal.
func mbrUUID(s string) (disk uint32, number int, ok bool) {
	id, n, cut := strings.Cut(s, "-")
	a, err1 := strconv.ParseUint(id, 16, 32)
	b, err2 := strconv.ParseUint(n, 16, 8)
	return uint32(a), int(b), cut && len(id) == 8 && len(n) == 2 && err1 == nil && err2 == nil
}

// spellID writes the 32 characters of an ID of LVM in the groups that its tools write.
func spellID(raw string) string {
	var list []string
	for _, n := range []int{6, 4, 4, 4, 4, 4, 6} {
		list, raw = append(list, raw[:n]), raw[n:]
	}
	return strings.Join(list, "-")
}
