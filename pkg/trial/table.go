package trial

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf16"
)

var le = binary.LittleEndian

const (
	sector = 512
	mib    = 1 << 20
)

// extent is where a partition lies, in bytes.
type extent struct{ start, size int64 }

// linuxData is the type of a partition of a GPT with anything of Linux.
const linuxData = "0fc63daf-8483-4772-8e79-3d69d8477de4"

// diskGUID is the ID of every GPT of a trial.
const diskGUID = "70726572-6f6f-4474-8269-616c00000001"

// partGUID is the ID of a partition whose own is not known.
func partGUID(number int) string { return fmt.Sprintf("70726572-6f6f-4474-8269-616c0001%04x", number) }

// writeGPT writes both copies of a table onto a disk of size bytes (UEFI Specification, section 5.3).
func writeGPT(w io.WriterAt, size int64, parts []*Part, at []extent) error {
	const entries, entrySize = 128, 128
	list := make([]byte, entries*entrySize)
	for i, p := range parts {
		e := list[(p.Number-1)*entrySize:][:entrySize]
		id := p.UUID
		if id == "" {
			id = partGUID(p.Number)
		}
		kind, _ := guid(linuxData)
		own, ok := guid(id)
		if !ok {
			return fmt.Errorf("%s: PARTUUID=%s is no GUID", p.Content.Name, id)
		}
		copy(e, kind[:])
		copy(e[16:], own[:])
		le.PutUint64(e[32:], uint64(at[i].start/sector))
		le.PutUint64(e[40:], uint64((at[i].start+at[i].size)/sector-1))
		name := utf16.Encode([]rune(p.Label))
		for n, u := range name[:min(len(name), 36)] {
			le.PutUint16(e[56+2*n:], u)
		}
	}
	last := uint64(size/sector) - 1
	head := func(own, other, table uint64) []byte {
		h := make([]byte, sector)
		copy(h, "EFI PART\x00\x00\x01\x00")
		le.PutUint32(h[12:], 92)
		le.PutUint64(h[24:], own)
		le.PutUint64(h[32:], other)
		le.PutUint64(h[40:], 34)
		le.PutUint64(h[48:], last-33)
		id, _ := guid(diskGUID)
		copy(h[56:], id[:])
		le.PutUint64(h[72:], table)
		le.PutUint32(h[80:], entries)
		le.PutUint32(h[84:], entrySize)
		le.PutUint32(h[88:], crc32.ChecksumIEEE(list))
		le.PutUint32(h[16:], crc32.ChecksumIEEE(h[:92]))
		return h
	}
	protective := mbr(0, []mbrEntry{{kind: 0xee, start: 1, count: uint32(min(last, 1<<32-1))}})
	for _, c := range []struct {
		data []byte
		at   uint64
	}{{protective, 0}, {head(1, last, 2), 1}, {list, 2}, {list, last - 32}, {head(last, 1, last-32), last}} {
		if _, err := w.WriteAt(c.data, int64(c.at)*sector); err != nil {
			return err
		}
	}
	return nil
}

// mbrEntry is a partition of an MBR, in sectors.
type mbrEntry struct {
	kind         byte
	start, count uint32
}

// mbr is the first sector of a disk, or of a logical partition. Heads and cylinders are those of a disk that is too large for them.
func mbr(id uint32, list []mbrEntry) []byte {
	s := make([]byte, sector)
	le.PutUint32(s[440:], id)
	for i, e := range list {
		if e.kind == 0 {
			continue
		}
		b := s[446+16*i:]
		copy(b[1:], []byte{0xfe, 0xff, 0xff, e.kind, 0xfe, 0xff, 0xff})
		le.PutUint32(b[8:], e.start)
		le.PutUint32(b[12:], e.count)
	}
	s[510], s[511] = 0x55, 0xaa
	return s
}

// writeMBR writes a table with logical partitions in a chain behind the last primary one; each of them has a MiB before it for its link. A number from 5 on counts the links, so that those missing
// are there with a small one of no content. The order in at is that of the numbers.
func writeMBR(w io.WriterAt, size int64, parts []*Part, at []extent) error {
	id := uint32(0x70726572)
	primary := make([]mbrEntry, 4)
	logical := map[int]extent{}
	highest := 0
	for i, p := range parts {
		if disk, number, ok := mbrUUID(p.UUID); ok {
			if number != p.Number {
				return fmt.Errorf("%s: PARTUUID=%s is that of another partition than number %d", p.Content.Name, p.UUID, p.Number)
			}
			id = disk
		}
		if p.Number <= 4 {
			primary[p.Number-1] = mbrEntry{0x83, uint32(at[i].start / sector), uint32(at[i].size / sector)}
			continue
		}
		logical[p.Number], highest = at[i], max(highest, p.Number)
	}
	if highest > 0 {
		if err := writeLogical(w, size, primary, logical, highest); err != nil {
			return err
		}
	}
	_, err := w.WriteAt(mbr(id, primary), 0)
	return err
}

// writeLogical writes the links, one for each number from 5 to the highest, and the extended partition that holds them. at of the lowest is behind as many MiB as there are links without content (layOut).
func writeLogical(w io.WriterAt, size int64, primary []mbrEntry, logical map[int]extent, highest int) error {
	free := -1
	for i := range primary {
		if primary[i].kind == 0 {
			free = i
		}
	}
	if free < 0 {
		return fmt.Errorf("partition %d: the table has four primary ones, and no place for an extended one", highest)
	}
	place := func(n int) extent {
		if e, ok := logical[n]; ok {
			return e
		}
		e := logical[highest]
		for m := n; m <= highest; m++ {
			if l, ok := logical[m]; ok {
				e = l
				e.start -= int64(m-n) * 2 * mib
				break
			}
		}
		return extent{e.start, mib}
	}
	start := place(5).start - mib
	for n := 5; n <= highest; n++ {
		e := place(n)
		link := e.start - mib
		list := []mbrEntry{{0x83, uint32(mib / sector), uint32(e.size / sector)}, {}}
		if n < highest {
			next := place(n + 1)
			list[1] = mbrEntry{0x05, uint32((next.start - mib - start) / sector), uint32((next.size + mib) / sector)}
		}
		if _, err := w.WriteAt(mbr(0, list), link); err != nil {
			return err
		}
	}
	primary[free] = mbrEntry{0x05, uint32(start / sector), uint32((size - start) / sector)}
	return nil
}

// layOut places partitions of these sizes one behind the other in the order of their numbers, at whole MiB, and gives the size of the disk.
func layOut(parts []*Part, sizes []int64, table string) (at []extent, size int64) {
	next, number := int64(mib), 0
	for i, p := range parts {
		if table == "dos" && p.Number > 4 { // two MiB for each link without content, one for its own link
			next += int64(p.Number-max(number, 4)-1)*2*mib + mib
		}
		number = p.Number
		at = append(at, extent{next, sizes[i]})
		next += (sizes[i] + mib - 1) / mib * mib
	}
	return at, next + mib
}
