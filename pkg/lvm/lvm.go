// Package lvm reads the metadata of LVM2 and says which device-mapper tables activate a logical volume. It makes no system call: bytes of
// physical volumes go in, values come out, and the caller tells the kernel.
//
//	ReadPV -> Groups -> Find -> Group.Usable -> Group.Plan     (the devices to make, bottom up)
//	                                         -> Group.Open     (the bytes of a plain volume, without activating it)
//
// What it knows: linear, striped, raid0 to raid10, mirror, snapshot, thin and cache. Whatever else a volume is made of gives an
// *UnsupportedError: such a volume needs lvm2 in the image. Nothing is ever written, so what lvm2 would change when it activates (a reshape, a
// rebuild, messages to a pool) is refused as well.
//
// The format is that of lib/format_text of lvm2, the tables are those of lvm2 2.03.16: testdata has what it asks device-mapper for.
package lvm

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds. Whoever writes a disk chooses what is in its metadata.
const (
	maxText   = 16 << 20 // bytes of one copy of the metadata
	maxNodes  = 1 << 18  // sections, assignments and elements of lists in it
	maxDepth  = 8        // sections in sections; lvm2 writes five
	maxSector = 1 << 54  // the largest sector number: bytes fit in 63 bits
	maxLayers = 16       // volumes on volumes
	maxPlan   = 4096     // devices of one plan
)

// ErrNoLabel is what ReadPV says of a device that is no physical volume.
var ErrNoLabel = errors.New("no LVM2 label in its first four sectors")

// UnsupportedError says that a volume needs lvm2 in the image.
type UnsupportedError struct {
	Volume string // vg/lv
	What   string // what this package does not do
}

func (e *UnsupportedError) Error() string {
	return "logical volume " + e.Volume + ": " + e.What + ": needs lvm2 in the image"
}

// MissingError names the physical volumes that a volume needs and that are not there.
type MissingError struct {
	Volume string // vg/lv
	PVs    []string
}

func (e *MissingError) Error() string {
	return "logical volume " + e.Volume + " lies on physical volumes that are missing: " + strings.Join(e.PVs, ", ")
}

// Why a volume group is not touched.
type Reason string

const (
	Exported  Reason = "exported"
	Foreign   Reason = "foreign"   // its system ID is not ours
	Shared    Reason = "shared"    // it has a lock manager (lock_type), or is clustered
	Duplicate Reason = "duplicate" // two devices are the same physical volume
	Ambiguous Reason = "ambiguous" // two groups bear the name
	Split     Reason = "split"     // two devices tell different things of one and the same sequence number
	Unknown   Reason = "unknown"   // a status flag that this package has never heard of
)

// RefusedError says why a volume group is left alone.
type RefusedError struct {
	Group  string
	Reason Reason
	Text   string
}

func (e *RefusedError) Error() string { return "volume group " + e.Group + ": " + e.Text }

func refuse(group string, why Reason, format string, args ...any) error {
	return &RefusedError{group, why, fmt.Sprintf(format, args...)}
}
