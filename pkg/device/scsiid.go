package device

import "strings"

// Designator types and code sets of the Device Identification page (SPC-4, 7.8.6).
const (
	designVendor = 0
	designT10    = 1
	designEUI64  = 2
	designNAA    = 3

	codeBinary = 1
	codeASCII  = 2
)

// scsiChoice is one step of scsi_id's search, best first: an NAA of 16 bytes, one of 8, any other NAA, an
// EUI-64, a T10 id, a vendor's own. naa is 0 for any.
type scsiChoice struct{ kind, naa, code byte }

// scsiID makes the name that udev's scsi_id makes from the Device Identification page: the type's digit and
// the id, in hex or as text; a vendor's own id after vendor and model in their fixed widths. wwn is the NAA
// with its 0x, "" when there is none. Pages of SCSI-2 (byte 6 is not zero) give nothing.
func scsiID(page []byte, vendor, model string) (serial, wwn string) {
	if len(page) < 8 || page[1] != 0x83 || page[6] != 0 {
		return "", ""
	}
	end := min(len(page), 4+int(page[2])<<8+int(page[3]))
	for _, want := range []scsiChoice{
		{designNAA, 6, codeBinary}, {designNAA, 6, codeASCII},
		{designNAA, 5, codeBinary}, {designNAA, 5, codeASCII},
		{designNAA, 0, codeBinary}, {designNAA, 0, codeASCII},
		{designEUI64, 0, codeBinary}, {designEUI64, 0, codeASCII},
		{designT10, 0, codeBinary}, {designT10, 0, codeASCII},
		{designVendor, 0, codeBinary}, {designVendor, 0, codeASCII},
	} {
		if id := findDesignator(page[4:end], want); id != "" {
			return nameDesignator(want.kind, id, vendor, model)
		}
	}
	return "", ""
}

// findDesignator returns the first designator of the device itself that fits, as text.
func findDesignator(list []byte, want scsiChoice) string {
	for len(list) >= 5 {
		n := int(list[3])
		if len(list) < 4+n || n == 0 {
			return ""
		}
		code, kind, id := list[0]&15, list[1]&15, list[4:4+n]
		ofDevice := list[1]&0x30 == 0
		if ofDevice && kind == want.kind && code == want.code && (want.naa == 0 || id[0]>>4 == want.naa) {
			if code == codeBinary {
				return hexBytes(id)
			}
			return cString(id)
		}
		list = list[4+n:]
	}
	return ""
}

func nameDesignator(kind byte, id, vendor, model string) (serial, wwn string) {
	serial = string(hexDigits[kind])
	if kind == designVendor {
		serial += padded(vendor, 8) + padded(model, 16)
	}
	serial += id
	if kind == designNAA && len(id) >= 16 {
		wwn = "0x" + id[:min(len(id), 32)]
	}
	return serial, wwn
}

func padded(s string, n int) string {
	if len(s) >= n {
		return s[:n]
	}
	return s + strings.Repeat(" ", n-len(s))
}
