package lvm

import (
	"slices"
	"strings"
)

// Cached volumes: Documentation/admin-guide/device-mapper/cache.rst. The cache is a pool, with a volume each for data and metadata, or one
// volume with both (lvmcache(7)).

// cacheVolFlag behind the type says that the cache is one volume.
const cacheVolFlag = "CACHE_USES_CACHEVOL"

const (
	minCacheBlock   = 64      // sectors
	maxCacheBlock   = 2097152 // sectors
	migrateDefault  = 2048    // sectors, the kernel's own migration_threshold
	migrateInBlocks = 8       // lvm2 raises it to so many blocks
)

func (p *planner) cache(l *LV, seg *Segment, r *reader) (string, []Param, error) {
	if r.has("cleaner") {
		return "", nil, p.unsupported(l, "a cache that is being taken away (cleaner)")
	}
	pool := p.v.byName[r.text("cache_pool")]
	if pool == nil {
		return "", nil, p.broken(l, "its cache_pool is no volume")
	}
	var meta, data Param
	var err error
	settings := r
	if slices.Contains(seg.TypeFlags, cacheVolFlag) {
		meta, data, err = p.cacheVol(l, pool, r)
	} else {
		if pool.Segments[0].Type != "cache-pool" || len(pool.Segments) != 1 {
			return "", nil, p.broken(l, "its cache_pool is none")
		}
		settings = &reader{s: pool.Segments[0].body}
		if data, err = p.sub(pool, settings.text("data")); err == nil {
			meta, err = p.sub(pool, settings.text("metadata"))
		}
	}
	if err != nil {
		return "", nil, err
	}
	origin, err := p.sub(l, r.text("origin"))
	if err != nil {
		return "", nil, err
	}
	params := words{meta, data, origin}
	p.cacheSettings(&params, settings)
	if settings.err != nil {
		return "", nil, p.broken(pool, settings.err)
	}
	return "cache", params, nil
}

// cacheVol cuts the volume that is the cache in two.
func (p *planner) cacheVol(l, vol *LV, r *reader) (meta, data Param, err error) {
	device, err := p.volume(vol)
	if err != nil {
		return meta, data, err
	}
	if meta.Device, err = p.cachePart(l, vol, device, r, "metadata", "cmeta"); err == nil {
		data.Device, err = p.cachePart(l, vol, device, r, "data", "cdata")
	}
	return meta, data, err
}

func (p *planner) cachePart(l, vol *LV, device string, r *reader, key, layer string) (string, error) {
	start, length := r.number(key+"_start"), r.number(key+"_len")
	if r.err == nil && (length == 0 || start > p.v.Sectors(vol) || length > p.v.Sectors(vol)-start) {
		r.fail(key, "_start and _len lie outside of "+vol.Name)
	}
	uuid := p.uuid(vol, layer)
	if id := r.text(key + "_id"); id != "" {
		raw, ok := rawID(id)
		if !ok {
			r.fail(key, "_id is none")
		}
		vg, _ := rawID(p.v.ID)
		uuid = "LVM-" + vg + raw + "-" + layer
	}
	if r.err != nil {
		return "", p.broken(l, r.err)
	}
	name := p.name(vol, layer)
	if p.made[name] {
		return "", p.broken(l, vol.Name+" is the cache of two volumes")
	}
	params := words{{Device: device}}
	params.number(start)
	return name, p.add(Device{name, uuid, false, []Line{{0, length, "linear", params}}})
}

// cacheSettings adds the words behind the devices.
func (p *planner) cacheSettings(out *words, r *reader) {
	chunk := r.number32("chunk_size", 0)
	if r.err == nil && (chunk < minCacheBlock || chunk > maxCacheBlock) {
		r.fail("chunk_size", " is too small or too large")
	}
	mode, policy := r.text("cache_mode"), r.text("policy")
	if policy == "" {
		policy = "default"
	}
	switch {
	case mode == "", policy == "cleaner":
		mode = "writethrough"
	case mode != "writethrough" && mode != "writeback" && mode != "passthrough":
		r.fail("cache_mode", " is neither writethrough, writeback nor passthrough")
	}
	var features words
	switch format := r.numberOr("metadata_format", 1); format {
	case 1:
	case 2:
		features.text("metadata2")
	default:
		r.fail("metadata_format", " is neither 1 nor 2")
	}
	features.text(mode)
	p.module("dm-cache")
	if policy == "cleaner" {
		p.module("dm-cache-cleaner")
	} else {
		p.module("dm-cache-smq")
	}
	if !isWord(policy) {
		r.fail("policy", " is no word")
	}
	out.number(chunk)
	out.counted(features)
	out.text(policy)
	out.counted(policySettings(r, chunk))
}

// policySettings are pairs of a key and a number. migration_threshold goes first and is left out where it is what the kernel takes anyway.
func policySettings(r *reader, chunk uint64) words {
	migrate := uint64(migrateDefault)
	var pairs words
	s := r.section("policy_settings")
	for i := range s.entries {
		e := &s.entries[i]
		if e.sub != nil || e.val.kind != integer || e.val.num < 0 {
			r.fail(e.key, " of the policy is no number")
		}
		if e.key == "migration_threshold" {
			migrate = uint64(e.val.num)
			continue
		}
		pairs.option(e.key, uint64(e.val.num))
	}
	if migrate = max(migrate, migrateInBlocks*chunk); migrate != migrateDefault {
		var first words
		first.option("migration_threshold", migrate)
		pairs = append(first, pairs...)
	}
	return pairs
}

// isWord reports whether s is one word of a table.
func isWord(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool { return c <= ' ' || c > '~' || c == '\\' }) < 0
}
