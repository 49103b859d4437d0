package blkid

// UDF: volume structure descriptors from 32 KiB on say that there is one, an
// anchor in block 256 points to the sequence of volume descriptors (ECMA-167;
// OSTA UDF 2.60). All is little endian but text in UTF-16.
const (
	udfAnchorBlock = 256
	udfDescriptor  = 512
	udfMaxSequence = 256 // descriptors looked at

	udfTagPrimary   = 1
	udfTagAnchor    = 2
	udfTagLogical   = 6
	udfTagEnd       = 8
	udfTagIntegrity = 9

	udfVolumeSet     = 72 // primary: 128 bytes of text
	udfCharset1      = 200
	udfCharset6      = 20 // logical
	udfVolumeName    = 84 // logical: 128 bytes of text
	udfDomain        = 217
	udfRevision      = 240
	udfPartitionMaps = 268
	udfIntegrity     = 432 // extent of the integrity sequence
	udfPartitions    = 72  // integrity
	udfUseLength     = 76
	udfUse           = 80
	udfMinRead       = 40
	udfMinWrite      = 42
	udfUseSize       = 46
)

func probeUDF(s *source, in *Info) string {
	if !s.has(isoOffset+1, "BEA01") && !s.has(isoOffset+1, "CD001") && !s.has(isoOffset+1, "NSR0") &&
		!s.has(isoOffset+1, "BOOT2") && !s.has(isoOffset+1, "CDW02") && !s.has(isoOffset+1, "TEA01") {
		return ""
	}
	for _, block := range [...]int64{s.sector, 512, 1024, 2048, 4096} {
		if !udfAnnounced(s, max(block, isoSector)) {
			continue
		}
		if anchor := s.at(udfAnchorBlock*block, udfDescriptor); udfTag(anchor, udfAnchorBlock) == udfTagAnchor && udfTagSumOK(anchor) {
			if !udfSequence(s, anchor, block, in) {
				return ""
			}
			in.BlockSize = block
			return "udf"
		}
	}
	return ""
}

// udfAnnounced looks for a descriptor NSR02 or NSR03 in the head.
func udfAnnounced(s *source, step int64) bool {
	for off := int64(isoOffset); off+step <= int64(s.headLen); off += step {
		switch string(s.head[off+1 : off+6]) {
		case "NSR02", "NSR03":
			return true
		case "BEA01", "BOOT2", "CD001", "CDW02", "TEA01":
		default:
			return false
		}
	}
	return false
}

// udfTag is the kind of a descriptor, 0 if it does not say that it belongs into
// this block.
func udfTag(d []byte, block uint32) uint16 {
	if d == nil || le.Uint32(d[12:]) != block {
		return 0
	}
	return le.Uint16(d)
}

// udfTagSumOK adds the bytes of a tag, all but the sum itself.
func udfTagSumOK(d []byte) bool {
	sum := -d[4]
	for _, c := range d[:16] {
		sum += c
	}
	return sum == d[4]
}

// udfVolume is what the volume descriptors say.
type udfVolume struct {
	uuid, label string
	revision    uint16
	integrity   uint32 // block of the integrity descriptor, 0 for none
}

// udfSequence reads the volume descriptors. A sequence that leaves the device
// makes the volume none.
func udfSequence(s *source, anchor []byte, block int64, in *Info) bool {
	var v udfVolume
	count, first := int64(le.Uint32(anchor[16:]))/block, le.Uint32(anchor[20:])
	for i := range uint32(min(count, udfMaxSequence)) {
		d := s.at(int64(first+i)*block, udfDescriptor)
		if d == nil {
			return false
		}
		kind := udfTag(d, first+i)
		if kind == 0 || kind == udfTagEnd {
			break
		}
		v.take(kind, d)
	}
	if v.integrity != 0 && !v.readRevision(s, block) {
		return false
	}
	in.UUID, in.Label = v.uuid, v.label
	if v.revision != 0 { // its digits are hexadecimal: 0x0250 is 2.50
		in.Version = hex(uint32(v.revision>>8), 1) + "." + hex(uint32(v.revision&0xff), 2)
	}
	return true
}

// take reads what is wanted from one descriptor; the first one of a kind counts.
func (v *udfVolume) take(kind uint16, d []byte) {
	switch kind {
	case udfTagPrimary:
		if v.uuid == "" && isUDFCharset(d[udfCharset1:]) {
			v.uuid = udfUUID(d[udfVolumeSet:])
		}
	case udfTagLogical:
		if v.label == "" && isUDFCharset(d[udfCharset6:]) {
			v.label = udfText(d[udfVolumeName:])
		}
		if v.integrity == 0 && le.Uint32(d[udfPartitionMaps:]) != 0 && le.Uint32(d[udfIntegrity:]) >= udfDescriptor {
			v.integrity = le.Uint32(d[udfIntegrity+4:])
		}
		if v.revision == 0 && string(d[udfDomain:udfDomain+19]) == "*OSTA UDF Compliant" {
			v.revision = le.Uint16(d[udfRevision:])
		}
	}
}

// readRevision looks into the integrity descriptor for the revisions that a
// reader and a writer must know; the highest counts, as for libblkid.
func (v *udfVolume) readRevision(s *source, block int64) bool {
	off := int64(v.integrity) * block
	d := s.at(off, udfDescriptor)
	if d == nil {
		return false
	}
	if udfTag(d, v.integrity) != udfTagIntegrity || le.Uint32(d[udfUseLength:]) < udfUseSize {
		return true
	}
	b := s.at(off+udfUse+8*int64(le.Uint32(d[udfPartitions:])), udfUseSize)
	if b == nil {
		return false
	}
	v.revision = max(v.revision, le.Uint16(b[udfMinRead:]), le.Uint16(b[udfMinWrite:]))
	return true
}

func isUDFCharset(d []byte) bool {
	const osta = "\x00OSTA Compressed Unicode\x00"
	return string(d[:len(osta)]) == osta
}

// udfText decodes a dstring of 128 bytes: the first byte says how wide its
// characters are, the last one how many bytes are used.
func udfText(d []byte) string {
	n := min(max(int(d[127])-1, 0), 126)
	text := d[1 : 1+n]
	switch d[0] {
	case 8:
		wide := make([]byte, 0, 2*n)
		for _, c := range text {
			wide = append(wide, 0, c)
		}
		return utf16Text(wide, true)
	case 16:
		return utf16Text(text, true)
	}
	return ""
}

// udfUUID makes a UUID of the name of the volume set as libblkid does: of its
// first 16 bytes, those that are hexadecimal digits stand, others are spelled
// in hexadecimal.
func udfUUID(d []byte) string {
	name := udfText(d)
	if len(name) < 8 {
		return ""
	}
	var raw [16]byte
	copy(raw[:], name)
	digits := 0
	for digits < 16 && isHexDigit(raw[digits]) {
		digits++
	}
	keep := 16
	switch {
	case digits < 8:
		keep = 0
	case digits < 16:
		keep = 8
	}
	out := make([]byte, 0, 16)
	for _, c := range raw[:keep] {
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	for _, c := range raw[keep:] {
		if len(out) < 16 {
			out = append(out, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(out)
}

func isHexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}
