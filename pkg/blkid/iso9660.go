package blkid

// A volume descriptor of ISO 9660 (ECMA-119, section 8): sectors of 2 KiB from
// 32 KiB on, ended by type 255. Joliet is a supplementary descriptor with text
// in UTF-16; High Sierra is the format's forerunner.
const (
	isoOffset = 32 << 10
	isoSector = 2048
	isoMax    = 16 // descriptors looked at

	isoVolumeID  = 40
	isoBlocks    = 80
	isoEscape    = 88
	isoCreated   = 813
	isoModified  = 830
	isoSierraID  = 48
	isoDateSize  = 17
	isoLabelSize = 32

	isoPrimary       = 1
	isoSupplementary = 2
	isoEnd           = 255
)

func probeISO(s *source, in *Info) string {
	if !s.has(isoOffset+1, "CD001") {
		return probeHighSierra(s, in)
	}
	pvd, joliet := isoDescriptors(s)
	if pvd == nil {
		return ""
	}
	in.UUID = isoDate(pvd[isoModified:])
	if in.UUID == "" {
		in.UUID = isoDate(pvd[isoCreated:])
	}
	in.BlockSize = isoSector
	in.Size = uint64(le.Uint32(pvd[isoBlocks:])) * isoSector
	short := pvd[isoVolumeID : isoVolumeID+isoLabelSize]
	if joliet == nil {
		in.Label = label(short)
		return "iso9660"
	}
	in.Version = "Joliet Extension"
	in.Label = jolietLabel(joliet[isoVolumeID:isoVolumeID+isoLabelSize], short)
	return "iso9660"
}

func probeHighSierra(s *source, in *Info) string {
	if !s.has(isoOffset+9, "CDROM") {
		return ""
	}
	d := s.at(isoOffset, isoSector)
	if d == nil {
		return ""
	}
	in.BlockSize = isoSector
	in.Version = "High Sierra"
	in.Label = label(d[isoSierraID : isoSierraID+isoLabelSize])
	return "iso9660"
}

// isoDescriptors returns the first primary and the first Joliet descriptor.
// The slices stay good: the descriptors lie within the head.
func isoDescriptors(s *source) (pvd, joliet []byte) {
	for i := range int64(isoMax) {
		off := isoOffset + i*isoSector
		if off+isoSector > int64(s.headLen) {
			break
		}
		d := s.head[off : off+isoSector]
		switch d[0] {
		case isoEnd:
			return pvd, joliet
		case isoPrimary:
			if pvd == nil {
				pvd = d
			}
		case isoSupplementary:
			if joliet == nil && isJoliet(d) {
				joliet = d
			}
		}
	}
	return pvd, joliet
}

func isJoliet(d []byte) bool {
	e := string(d[isoEscape : isoEscape+3])
	return e == "%/@" || e == "%/C" || e == "%/E"
}

// isoDate makes a UUID of a date: YYYY-MM-DD-hh-mm-ss-cc. An unset date, all
// zero digits and offset zero, gives none.
func isoDate(d []byte) string {
	d = d[:isoDateSize]
	unset := d[16] == 0
	var out [22]byte
	n := 0
	for i, c := range d[:16] {
		if i >= 4 && i%2 == 0 {
			out[n] = '-'
			n++
		}
		out[n] = c
		n++
		unset = unset && c == '0'
	}
	if unset || allZero(d[:16]) {
		return ""
	}
	return label(out[:])
}
