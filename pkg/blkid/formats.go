package blkid

// format is one kind of superblock.
type format struct {
	usage    string
	min      int64 // smallest device in bytes that can hold it
	tolerant bool  // may stand beside another format without ambiguity
	last     bool  // asked only if nothing else was found
	// probe returns the type and fills in what it knows of the volume, or
	// returns "". It must be cheap when the magic is missing.
	probe func(s *source, in *Info) string
}

// formats are the probes in libblkid's order: what contains other formats
// comes first, since its contents may be visible from outside. A new format is
// a new file and a line here.
var formats = [...]format{
	{usage: UsageRAID, probe: probeMD},
	{usage: UsageOther, min: bcacheMinimum, probe: probeBcache},
	{usage: UsageFilesystem, min: bchMinimum, probe: probeBcachefs},
	{usage: UsageRAID, probe: probeLVM},
	{usage: UsageCrypto, probe: probeLUKS},
	{usage: UsageCrypto, probe: probeBitLocker},
	{usage: UsageFilesystem, probe: probeVFAT},
	{usage: UsageOther, min: swapMinimum, probe: probeSuspend},
	{usage: UsageOther, min: swapMinimum, probe: probeSwap},
	{usage: UsageFilesystem, probe: probeXFS},
	{usage: UsageFilesystem, probe: probeExt},
	{usage: UsageFilesystem, probe: probeUDF, tolerant: true},
	{usage: UsageFilesystem, probe: probeISO, tolerant: true},
	{usage: UsageFilesystem, min: zfsMinimum, probe: probeZFS},
	{usage: UsageFilesystem, probe: probeNTFS},
	{usage: UsageFilesystem, probe: probeCramfs},
	{usage: UsageFilesystem, probe: probeRomfs},
	{usage: UsageFilesystem, probe: probeMinix},
	{usage: UsageFilesystem, probe: probeSquashfs},
	{usage: UsageFilesystem, min: btrfsMinimum, probe: probeBtrfs},
	{usage: UsageFilesystem, min: nilfsMinimum, probe: probeNilfs},
	{usage: UsageFilesystem, probe: probeExfat},
	{usage: UsageFilesystem, probe: probeF2FS},
	{usage: UsageFilesystem, probe: probeErofs},
	{usage: UsageCrypto, last: true, probe: probeLUKSFar},
	{usage: UsageFilesystem, min: zfsMinimum, last: true, probe: probeZFSFar},
	{usage: UsageFilesystem, min: nilfsMinimum, last: true, probe: probeNilfsFar},
}

// superblock runs the probes and judges their answers as `blkid -p` does: the
// first RAID or crypto signature wins; any two other formats are ambiguous
// unless they tolerate each other.
func (s *source) superblock() Info {
	var first Info
	var names []string
	strict := false
	for i := range formats {
		f := &formats[i]
		if s.size < f.min || f.usage == UsageRAID && s.size <= tinySize || f.last && first.Type != "" {
			continue
		}
		s.got = Info{}
		name := f.probe(s, &s.got)
		if name == "" {
			continue
		}
		strict = strict || !f.tolerant
		if first.Type != "" {
			if names == nil {
				names = append(names, first.Type)
			}
			names = append(names, name)
			continue
		}
		first = s.got
		first.Type = name
		if first.Usage == "" {
			first.Usage = f.usage
		}
		if s.size <= tinySize || f.usage == UsageRAID || f.usage == UsageCrypto {
			break
		}
	}
	if names != nil && strict {
		return Info{Ambiguous: names}
	}
	return first
}
