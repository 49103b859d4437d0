// Package blkid tells what is on a block device: the superblock of a file
// system, RAID member, encrypted volume or swap area, and the partition table.
//
// The answers are those of `blkid -p` (libblkid of util-linux 2.38): the same
// spelling of types, UUIDs and labels, the same order of probes, and the same
// refusal to choose when two file systems claim one device ([Info.Ambiguous]).
// It is stricter in one thing, as later versions and the kernel are: a file
// system with a wrong superblock checksum is none.
//
// A device is read once at its start (68 KiB hold every superblock but those
// of MD arrays with metadata at the end) and a little at its end. A probe
// reads at most 4 MiB whatever the device says, trusts no number that it
// finds, and never writes.
//
// The formats live in one file each; the table in formats.go is the ordered list
// of them.
package blkid

import (
	"fmt"
	"io"
)

// Usages of a superblock, spelled as libblkid spells them.
const (
	UsageFilesystem = "filesystem" // can be mounted
	UsageRAID       = "raid"       // a member of something larger (MD, LVM)
	UsageCrypto     = "crypto"     // needs a key first
	UsageOther      = "other"      // swap, an external journal
)

// Info is what a device holds. The zero value means: nothing that we know.
type Info struct {
	// Type is the name of the format, as libblkid spells it: ext4, vfat,
	// crypto_LUKS, LVM2_member, linux_raid_member. It is empty when nothing
	// was found and when the device is ambiguous.
	Type string
	// Usage is one of the Usage constants, empty with Type.
	Usage string
	// Label is the volume label as the bytes on the device, cut at the first
	// NUL and without trailing white space. It may hold anything else.
	Label string
	// UUID is the identity of the volume: 8-4-4-4-12 in lower case, or the
	// native spelling of the format (vfat XXXX-XXXX, iso9660 a date, LVM a
	// 32-character name). Empty if the device has none.
	UUID string
	// SubUUID identifies this device among the members of UUID (btrfs, MD 1.x).
	SubUUID string
	// SecType is a second type that can mount the volume (ext2 for ext3,
	// msdos for FAT12 and FAT16).
	SecType string
	// Version is the version of the format, in its own words.
	Version string
	// Subsystem is the LUKS2 owner label.
	Subsystem string
	// JournalUUID is the UUID of the external journal of an ext3/4 volume.
	JournalUUID string
	// BlockSize is the smallest unit that the file system accesses, in bytes.
	BlockSize int64
	// Size is how many bytes of the device the volume says that it fills.
	// Zero if the format does not say. Only a hint: it may be a lie.
	Size uint64
	// Members is how many devices make up the volume (btrfs), 0 if unknown.
	Members int
	// Suspended says that a swap area holds the image of a suspended system:
	// its file systems must not be mounted before it was resumed or discarded.
	Suspended bool

	// Ambiguous lists the types found when more than one format claims the
	// device and none may be preferred; Type is empty then. The device is no
	// candidate unless the user names a type.
	Ambiguous []string

	// PTType is the type of the partition table: gpt, dos, or PMBR for a
	// protective MBR without a usable GPT. Empty if there is none.
	PTType string
	// PTUUID is the identity of the partition table.
	PTUUID string
	// PTBackup says that the primary GPT is damaged and that Parts come from
	// the backup at the end of the device. It deserves a warning.
	PTBackup bool
	// PTDamaged says that an MBR is not to be relied on: a partition ends
	// behind the device, or the chain of extended boot records is broken and
	// logical partitions may be missing from Parts.
	PTDamaged bool
	// Parts are the partitions, in the order of the table, their numbers as
	// the kernel gives them.
	Parts []Part
}

// Part is one entry of a partition table. Its range lies inside the device.
type Part struct {
	Number int    // as in the name of the kernel's device, 1 is the first
	Start  int64  // in bytes from the start of the device
	Size   int64  // in bytes
	Type   string // GPT: type GUID in lower case; MBR: 0x and hexadecimal
	UUID   string // GPT: partition GUID; MBR: disk identifier and number
	Name   string // GPT: partition label in UTF-8
	Flags  uint64 // GPT: attributes; MBR: the boot indicator

	Extended bool // MBR: holds the logical partitions, has no data itself
	Logical  bool // MBR: found in the chain of extended boot records
}

// tinySize is the size of a floppy disk in bytes. On a device up to this size
// libblkid looks for no RAID member and takes the first format that it finds.
const tinySize = 1440 * 1024

// Probe reads the device r of size bytes with logical sectors of the given
// size (0 stands for 512) and returns what it holds.
//
// A device that ends early or that cannot be read near its end is judged by
// the rest. An error is returned only if a failed read leaves the question
// open: the start of the device was not readable and the readable part shows
// nothing. It wraps the error of the read.
func Probe(r io.ReaderAt, size int64, sector int) (Info, error) {
	if size <= 1024 {
		return Info{}, nil // the device of an extended partition, or none
	}
	s := newSource(r, size, sector)
	s.readHead()
	if s.headLen == 0 && s.headErr != nil {
		return Info{}, fmt.Errorf("blkid: start of the device: %w", s.headErr)
	}
	info := s.superblock()
	s.table(&info)
	if info.Type == "" && info.PTType == "" && len(info.Ambiguous) == 0 && s.headErr != nil {
		return info, fmt.Errorf("blkid: after byte %d of the device: %w", s.headLen, s.headErr)
	}
	return info, nil
}
