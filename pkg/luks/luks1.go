package luks

import (
	"strconv"
	"strings"
)

// The header of LUKS1: big endian, 592 bytes, in a first sector and a half that
// key slots may not use.
const (
	v1Cipher     = 8
	v1Mode       = 40
	v1Hash       = 72
	v1TextLen    = 32
	v1Data       = 104 // in sectors; 0: the data is on another device, from its start
	v1KeyBytes   = 108
	v1Digest     = 112
	v1Salt       = 132
	v1Iterations = 164
	v1Slots      = 208 // eight of them:
	v1SlotLen    = 48
	v1SlotRounds = 4
	v1SlotSalt   = 8
	v1SlotArea   = 40 // in sectors
	v1SlotSplit  = 44

	v1Count     = 8
	v1Enabled   = 0x00ac71f3
	v1Disabled  = 0x0000dead
	v1AreasFrom = 1024
)

// v1 is a LUKS1 header that is being judged.
type v1 struct {
	*Header
	raw  []byte
	hash hashSpec
}

func parseV1(raw []byte, size int64) (*Header, error) {
	v := v1{Header: &Header{Version: 1}, raw: raw}
	var ok bool
	if v.UUID, ok = fixedText(raw[uuidAt : uuidAt+uuidBytes]); !ok || !isUUID(v.UUID) {
		return nil, refused("LUKS1 header: its UUID is none")
	}
	for _, step := range []func() error{v.algorithms, v.keySlots, func() error { return v.place(uint64(size)) }} {
		if err := step(); err != nil {
			return nil, within("LUKS1 header", err)
		}
	}
	return v.Header, nil
}

// algorithms reads the cipher of data and slots, and the hash of all else.
func (v *v1) algorithms() error {
	name, ok1 := fixedText(v.raw[v1Cipher : v1Cipher+v1TextLen])
	mode, ok2 := fixedText(v.raw[v1Mode : v1Mode+v1TextLen])
	hash, ok3 := fixedText(v.raw[v1Hash : v1Hash+v1TextLen])
	if !ok1 || !ok2 || !ok3 {
		return damaged("the name of a cipher or hash has no end")
	}
	cipher, err := parseCipher(name + "-" + mode)
	if err != nil {
		return err
	}
	// Old versions took any case, and wrote what they were told.
	if v.hash, err = parseHash(strings.ToLower(hash)); err != nil {
		return err
	}
	n := be.Uint32(v.raw[v1KeyBytes:])
	if n > maxKeyBytes {
		return refused("a volume key of %d bytes", n)
	}
	v.keyBytes = int(n)
	v.segment = segment{offset: sectorBytes * uint64(be.Uint32(v.raw[v1Data:])), cipher: cipher, sectorSize: sectorBytes}
	v.digest.sum = v.raw[v1Digest : v1Digest+shortDigest]
	v.digest.kdf = v.kdf(v.raw[v1Iterations:], v.raw[v1Salt:])
	if err := v.digest.kdf.check(); err != nil {
		return within("digest", err)
	}
	return cipher.checkKey(v.keyBytes)
}

func (v *v1) kdf(rounds, salt []byte) kdf {
	return kdf{kind: "pbkdf2", hash: v.hash, iterations: be.Uint32(rounds), salt: salt[:saltBytes]}
}

// keySlots reads the slots that are in use. The areas of the others are judged
// too, as cryptsetup does.
func (v *v1) keySlots() error {
	var areas []interval
	for i := range v1Count {
		b := v.raw[v1Slots+i*v1SlotLen:][:v1SlotLen]
		place := "key slot " + strconv.Itoa(i)
		split := be.Uint32(b[v1SlotSplit:])
		if split != stripes {
			return refused("%s: %d stripes, not %d", place, split, stripes)
		}
		s := slot{number: i, priority: defaultPriority, keyBytes: v.keyBytes, afHash: v.hash}
		s.kdf = v.kdf(b[v1SlotRounds:], b[v1SlotSalt:])
		s.area = area{sectorBytes * uint64(be.Uint32(b[v1SlotArea:])), splitBytes(v.keyBytes), v.segment.cipher, v.keyBytes}
		areas = append(areas, interval{place, s.area.offset, s.area.offset + s.area.size})
		state := be.Uint32(b)
		if state == v1Disabled {
			continue
		}
		if state != v1Enabled {
			return damaged("%s: its state %#x is neither used nor unused", place, state)
		}
		if err := s.kdf.check(); err != nil {
			return within(place, err)
		}
		v.slots = append(v.slots, s)
	}
	for _, a := range areas {
		v.areasEnd = max(v.areasEnd, a.end)
	}
	return checkAreas(areas, v1AreasFrom, v.areasEnd)
}

// place holds that the slots lie on the device and before the data.
func (v *v1) place(size uint64) error {
	switch {
	case v.areasEnd > size:
		return damaged("the key slots end at byte %d, the device at byte %d", v.areasEnd, size)
	case v.segment.offset != 0 && v.segment.offset < v.areasEnd:
		return refused("the data begins at byte %d, in the key slots, which end at byte %d", v.segment.offset, v.areasEnd)
	}
	return nil
}
