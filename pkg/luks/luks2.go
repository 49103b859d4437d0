package luks

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

const (
	maxSlots        = 32
	maxDigests      = 8
	maxSlotsArea    = 128 << 20
	areaAlign       = 4096
	defaultPriority = 1
)

// v2 is a LUKS2 header that is being judged.
type v2 struct {
	*Header
	root     node
	metaEnd  uint64     // both copies
	areas    []interval // of all slots, also of those that are not ours
	digestOf map[string]int
}

// interval is a range of bytes.
type interval struct {
	place      string
	start, end uint64
}

// parseV2 judges a copy of a LUKS2 header: what must hold for any (Damaged), what
// could betray the user (Refused), what is not done here (NeedsCryptsetup).
func parseV2(c copyV2, size int64) (*Header, error) {
	v := v2{Header: &Header{Version: 2, sequence: c.sequence}, root: newNode(c.tree), metaEnd: 2 * uint64(len(c.binary)+len(c.json))}
	v.digestOf = map[string]int{}
	v.Label, v.Subsystem = printable(c.binary[v2Label:v2Label+v2LabelLen]), printable(c.binary[v2Subsystem:v2Subsystem+v2LabelLen])
	var ok bool
	if v.UUID, ok = fixedText(c.binary[uuidAt : uuidAt+uuidBytes]); !ok || !isUUID(v.UUID) {
		return nil, refused("its UUID is none")
	}
	for _, step := range []func() error{
		func() error { return v.config(uint64(len(c.json)), uint64(size)) }, v.requirements, v.segments, v.digests, v.keySlots, v.checkAreas,
	} {
		err := step()
		if err = cmp.Or(v.root.err(), err); err != nil {
			return nil, err
		}
	}
	return v.Header, nil
}

// config reads sizes and flags.
func (v *v2) config(jsonBytes, size uint64) error {
	c := v.root.object("config")
	c.place = "config"
	area, slots := c.big("json_size"), c.big("keyslots_size")
	if c.has("flags") {
		v.readFlags(c.texts("flags"))
	}
	v.areasEnd = v.metaEnd + slots
	switch {
	case area != jsonBytes:
		return damaged("config: json_size is %d, the area has %d bytes", area, jsonBytes)
	case slots > maxSlotsArea || slots%areaAlign != 0:
		return refused("config: keyslots_size is %d: at most %d, and a multiple of %d", slots, maxSlotsArea, areaAlign)
	case v.areasEnd > size:
		return damaged("config: the key slots end at byte %d, the device at byte %d", v.areasEnd, size)
	}
	return nil
}

func (v *v2) readFlags(flags []string) {
	for _, f := range flags {
		switch {
		case slices.Contains(knownFlags(), f):
			if !slices.Contains(v.Flags, f) {
				v.Flags = append(v.Flags, f)
			}
		case f != "no-journal": // of dm-integrity
			v.note("the flag %q is not known", shown(f))
		}
	}
}

// requirements holds what a reader must know; a reencryption is one.
func (v *v2) requirements() error {
	c := v.root.object("config")
	if !c.has("requirements") {
		return nil
	}
	r := c.object("requirements")
	if !r.has("mandatory") {
		return nil
	}
	var known error
	for _, name := range r.texts("mandatory") {
		switch {
		case strings.HasPrefix(name, "online-reencrypt"), name == "offline-reencrypt":
			return refused("a reencryption is under way (%q); end it with cryptsetup reencrypt", shown(name))
		case name != "opal" && name != "inline-hw-tags":
			return refused("requirement %q is not known", shown(name))
		}
		known = foreign("requirement %q", name)
	}
	return known
}

// segments takes one encrypted segment: that is all a volume has which is not
// being reencrypted. Any other one would be data that is not encrypted, or not
// by the key that the digest proves.
func (v *v2) segments() error {
	list := v.root.members("segments", "segment", maxSlots)
	for _, s := range list {
		if err := v.oneSegment(s); err != nil {
			return within(s.place, err)
		}
	}
	switch {
	case len(list) == 0:
		return refused("it has no segment")
	case len(list) > 1:
		return refused("it has %d segments, without a reencryption there is one", len(list))
	case list[0].id != 0:
		return damaged("segment %d is not segment 0", list[0].id)
	}
	return nil
}

func (v *v2) oneSegment(s member) error {
	if err := segmentType(s.node); err != nil {
		return err
	}
	var err error
	v.segment.cipher, err = parseCipher(s.text("encryption"))
	switch {
	case s.has("integrity") && kindOf(err) != Refused:
		return foreign("dm-integrity (%q)", shown(s.object("integrity").text("type")))
	case err != nil:
		return err
	}
	v.segment.offset, v.segment.ivTweak = s.big("offset"), s.big("iv_tweak")
	v.segment.sectorSize = int(s.number("sector_size", 1<<20))
	if size := s.text("size"); size != "dynamic" {
		v.segment.size = s.big("size")
		if v.segment.size == 0 {
			return refused("it has no bytes")
		}
	}
	return v.segmentPlace()
}

// segmentType refuses what dm-crypt does not encrypt.
func segmentType(s node) error {
	if s.has("flags") {
		if flags := s.texts("flags"); len(flags) > 0 {
			return refused("it has the flag %q: a reencryption is under way", shown(flags[0]))
		}
	}
	switch kind := s.text("type"); kind {
	case "crypt":
		return nil
	case "hw-opal-crypt":
		return foreign("type %q", kind)
	default:
		return refused("its type %q is not crypt: the data would be what the disk says", shown(kind))
	}
}

func (v *v2) segmentPlace() error {
	switch s := v.segment; {
	case s.sectorSize != 512 && s.sectorSize != 1024 && s.sectorSize != 2048 && s.sectorSize != 4096:
		return refused("its sectors of %d bytes are not 512, 1024, 2048 or 4096", s.sectorSize)
	case s.offset%sectorBytes != 0 || s.size%uint64(s.sectorSize) != 0:
		return refused("it does not begin and end between sectors")
	case s.offset != 0 && s.offset < v.areasEnd:
		return refused("it begins at byte %d, in the key slots, which end at byte %d", s.offset, v.areasEnd)
	}
	return nil
}

// digests finds the one of the segment, and which slots hold which key.
func (v *v2) digests() error {
	slots := v.root.object("keyslots")
	found := 0
	for _, d := range v.root.members("digests", "digest", maxDigests) {
		for _, k := range d.texts("keyslots") {
			if _, twice := v.digestOf[k]; twice {
				return refused("key slot %q has two digests", shown(k))
			}
			if !slots.has(k) {
				return refused("%s: there is no key slot %q", d.place, shown(k))
			}
			v.digestOf[k] = d.id
		}
		for _, s := range d.texts("segments") {
			if s != "0" {
				return refused("%s: there is no segment %q", d.place, shown(s))
			}
			found++
			if err := v.oneDigest(d); err != nil {
				return within(d.place, err)
			}
		}
	}
	if found != 1 {
		return refused("the segment has %d digests, not one", found)
	}
	return nil
}

func (v *v2) oneDigest(d member) error {
	if kind := d.text("type"); kind != "pbkdf2" {
		return foreign("type %q", shown(kind))
	}
	k, err := readPBKDF2(d.node)
	if err != nil {
		return err
	}
	v.digest = digest{d.id, k, d.bytes("digest", shortDigest, k.hash.size)}
	return k.check()
}

func readPBKDF2(n node) (kdf, error) {
	hash, err := parseHash(n.text("hash"))
	return kdf{kind: "pbkdf2", hash: hash, iterations: n.number32("iterations"), salt: n.bytes("salt", saltBytes)}, err
}

// keySlots reads all slots. What is wrong with the one is refused, what is not
// done here is left to the others.
func (v *v2) keySlots() error {
	for _, m := range v.root.members("keyslots", "key slot", maxSlots) {
		s, err := v.keySlot(m)
		if err = within(m.place, err); err != nil {
			if kindOf(err) != NeedsCryptsetup {
				return err
			}
			s.unusable = err
			v.note("%v", err)
		}
		v.slots = append(v.slots, s)
	}
	return nil
}

func (v *v2) keySlot(m member) (slot, error) {
	s := slot{number: m.id, priority: defaultPriority, keyBytes: int(m.number32("key_size"))}
	if m.has("priority") {
		s.priority = int(m.number("priority", 2))
	}
	a := m.object("area")
	s.area.offset, s.area.size = a.big("offset"), a.big("size")
	v.areas = append(v.areas, interval{m.place, s.area.offset, s.area.offset + s.area.size})
	id, has := v.digestOf[strconv.Itoa(m.id)]
	s.unbound = id != v.digest.id
	switch kind := m.text("type"); {
	case kind == "reencrypt":
		return s, refused("a reencryption is under way; end it with cryptsetup reencrypt")
	case !has:
		return s, refused("no digest proves its key")
	case kind != "luks2":
		return s, foreign("type %q", shown(kind))
	}
	if err := readArea(a, &s); err != nil {
		return s, within("area", err)
	}
	if err := readSplit(m.object("af"), &s); err != nil {
		return s, within("af", err)
	}
	k, err := readKDF(m.object("kdf"))
	s.kdf = k
	if err == nil {
		err = k.check()
	}
	if err != nil {
		return s, within("kdf", err)
	}
	return s, v.slotSizes(s)
}

// slotSizes compares the slot with the volume.
func (v *v2) slotSizes(s slot) error {
	switch need := splitBytes(s.keyBytes); {
	case s.unbound && (s.keyBytes < 1 || s.keyBytes > maxKeyBytes):
		return foreign("a key of %d bytes, which is not that of the volume", s.keyBytes)
	case s.keyBytes < 1 || s.keyBytes > maxKeyBytes:
		return refused("a volume key of %d bytes", s.keyBytes)
	case need > s.area.size:
		return refused("its area has %d bytes, its key needs %d", s.area.size, need)
	case s.unbound:
		return nil
	}
	if v.keyBytes == 0 {
		v.keyBytes = s.keyBytes
	}
	if v.keyBytes != s.keyBytes {
		return refused("its volume key has %d bytes, that of another slot has %d", s.keyBytes, v.keyBytes)
	}
	return v.segment.cipher.checkKey(s.keyBytes)
}

func readArea(a node, s *slot) error {
	if kind := a.text("type"); kind != "raw" {
		return damaged("type %q", shown(kind))
	}
	c, err := parseCipher(a.text("encryption"))
	s.area.cipher, s.area.keyBytes = c, int(a.number32("key_size"))
	if err == nil {
		err = c.checkKey(s.area.keyBytes)
	}
	return err
}

func readSplit(af node, s *slot) error {
	if kind := af.text("type"); kind != "luks1" {
		return damaged("type %q", shown(kind))
	}
	hash, err := parseHash(af.text("hash"))
	if n := af.number32("stripes"); n != stripes {
		return refused("%d stripes, not %d", n, stripes)
	}
	s.afHash = hash
	return err
}

func readKDF(n node) (kdf, error) {
	switch kind := n.text("type"); kind {
	case "pbkdf2":
		return readPBKDF2(n)
	case "argon2i", "argon2id":
		return kdf{kind: kind, iterations: n.number32("time"), memory: n.number32("memory"), cpus: n.number32("cpus"), salt: n.bytes("salt", saltBytes)}, nil
	default:
		return kdf{}, damaged("type %q", shown(kind))
	}
}

func (n node) number32(key string) uint32 { return uint32(n.number(key, 1<<32-1)) }

// checkAreas holds that the areas of the slots lie in their part of the header
// and do not overlap.
func (v *v2) checkAreas() error {
	return checkAreas(v.areas, v.metaEnd, v.areasEnd)
}

func checkAreas(areas []interval, start, end uint64) error {
	areas = slices.Clone(areas)
	slices.SortStableFunc(areas, func(a, b interval) int { return cmp.Compare(a.start, b.start) })
	for i, a := range areas {
		switch {
		case a.end <= a.start:
			return refused("%s: its area has no bytes", a.place)
		case a.start%sectorBytes != 0:
			return refused("%s: its area begins at byte %d, within a sector", a.place, a.start)
		case a.start < start || a.end > end:
			return refused("%s: its area, bytes %d to %d, is not between %d and %d", a.place, a.start, a.end, start, end)
		case i > 0 && areas[i-1].end > a.start:
			return refused("%s: its area overlaps that of %s", a.place, areas[i-1].place)
		}
	}
	return nil
}
