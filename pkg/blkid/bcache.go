package blkid

// The superblock of a bcache device, caching or backing: little endian, at
// 4 KiB (struct cache_sb_disk in drivers/md/bcache/bcache_ondisk.h of the
// kernel). What a backing device holds begins behind it, at 8 KiB as a rule.
const (
	bcacheOffset   = 4096
	bcacheHere     = 8 // where this superblock was written, in sectors of 512
	bcacheMagicAt  = 24
	bcacheUUID     = 40
	bcacheKeyCount = 206
	bcacheKeys     = 208
	bcacheMaxKeys  = 256

	bcacheMinimum = 8192
	bcacheMagic   = "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"
)

func probeBcache(s *source, in *Info) string {
	if !s.has(bcacheOffset+bcacheMagicAt, bcacheMagic) {
		return ""
	}
	sb := s.at(bcacheOffset, bcacheKeys+8*bcacheMaxKeys)
	if sb == nil || le.Uint64(sb[bcacheHere:]) != bcacheOffset/512 {
		return ""
	}
	keys := int(le.Uint16(sb[bcacheKeyCount:]))
	if keys > bcacheMaxKeys || crc64(sb[8:bcacheKeys+8*keys]) != le.Uint64(sb) {
		return ""
	}
	in.UUID = uuid(sb[bcacheUUID:])
	return "bcache"
}
