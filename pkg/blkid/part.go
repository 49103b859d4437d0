package blkid

// maxParts bounds the entries of a partition table that are reported.
const maxParts = 1024

// table adds the partition table to what the superblock says of the device.
//
// The first member of a mirror shows the table of the whole array, so a RAID
// member has none. LVM is another matter: pvcreate clears the first 8 KiB, so
// an MBR there was written since and the label below it is a leftover.
func (s *source) table(in *Info) {
	if in.Usage == UsageRAID && in.Type != lvmMember {
		return
	}
	var pt Info
	s.partitions(&pt)
	if in.Type == lvmMember && pt.PTType == "dos" {
		*in = Info{}
	}
	in.PTType, in.PTUUID, in.Parts = pt.PTType, pt.PTUUID, pt.Parts
	in.PTBackup, in.PTDamaged = pt.PTBackup, pt.PTDamaged
}

// partitions fills in the partition table of the device, if it has one. An MBR
// with a protective entry announces a GPT; alone it is called PMBR.
func (s *source) partitions(in *Info) {
	if !s.has(mbrSignature, "\x55\xaa") {
		return
	}
	if !mbrIsProtective(s) {
		s.mbr(in)
		return
	}
	if s.size > tinySize && s.gpt(in) {
		return
	}
	in.PTType = "PMBR"
}

// coveredByPart reports whether one partition of the device's own table holds
// the whole range. A table that does not fit the device does not count.
func (s *source) coveredByPart(start, size int64) bool {
	var in Info
	s.partitions(&in)
	if in.PTDamaged {
		return false
	}
	for i := range in.Parts {
		p := &in.Parts[i]
		if p.Start <= start && start+size <= p.Start+p.Size {
			return true
		}
	}
	return false
}
