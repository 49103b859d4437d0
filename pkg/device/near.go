package device

import (
	"slices"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/blkid"
)

func itoa(n int) string { return strconv.Itoa(n) }

// maxNear bounds the near misses that are reported; past a handful nobody reads them.
const maxNear = 8

// The ranks of near misses, the most telling first.
const (
	nearOther  = iota // the value is there, but under another word, or where it does not count
	nearTable         // the table knows the partition, the kernel does not
	nearAlmost        // a value that differs little
	nearBroken        // something that could not be judged: it may be the one
	nearLayer         // a volume that may hold it
	nearRanks
)

// miss is one near miss.
type miss struct {
	rank int
	text string
}

// near tells, for a reference that nothing answers, what was almost meant, the most telling first. Each sentence ends with what to write.
func (inv *Inventory) near(ref Ref) []string {
	var all []miss
	for _, d := range inv.devices {
		if d.Hidden {
			continue
		}
		all = append(all, inv.nearMiss(d, ref)...)
	}
	var list []string
	for rank := range nearRanks {
		for _, m := range all {
			if m.rank == rank && len(list) < maxNear {
				list = append(list, m.text)
			}
		}
	}
	return list
}

// nearMiss says in what d differs from the reference.
func (inv *Inventory) nearMiss(d *Device, ref Ref) []miss {
	var list []miss
	say := func(rank int, words string) { list = append(list, miss{rank, d.Node + " " + words}) }
	switch ref.Kind {
	case RefNode, RefNumber, RefID, RefPath:
		inv.nearName(d, ref, say)
	default:
		d.nearTags(ref, say)
		inv.nearEntry(d, ref, say)
	}
	d.nearBroken(say)
	d.nearLayer(inv, ref, say)
	return list
}

// nearTags compares what d is called with a UUID or label that was asked for.
func (d *Device) nearTags(ref Ref, say func(int, string)) {
	for _, t := range d.tags() {
		switch {
		case t.kind == ref.Kind && ref.PartOffset != 0 && sameUUID(t.value, ref.Value):
			say(nearOther, "has that "+t.word()+", but on its disk there is no partition "+itoa(d.PartN+ref.PartOffset)+": write another /PARTNROFF=")
		case t.kind == ref.Kind && (sameUUID(t.value, ref.Value) || t.value == ref.Value):
			what, advice := blkid.About(d.FSType(), d.FSUUID())
			say(nearOther, "has that "+t.word()+", but is "+d.FSType()+" ("+what+"), "+advice)
		case t.kind != ref.Kind && (sameLabel(t.value, ref.Value) || sameUUID(t.value, ref.Value)):
			say(nearOther, "has that as its "+t.word()+": write "+t.text())
		case t.kind == ref.Kind && close2(t.value, ref.Value):
			say(nearAlmost, "has the "+t.word()+" but for "+difference(t.value, ref.Value)+": did you mean "+t.text())
		}
	}
}

// nearEntry finds the partition in the table of a disk of which the kernel has made no device.
func (inv *Inventory) nearEntry(d *Device, ref Ref, say func(int, string)) {
	if d.Probe == nil || ref.Kind != RefPartUUID && ref.Kind != RefPartLabel {
		return
	}
	for i := range d.Probe.Parts {
		p := &d.Probe.Parts[i]
		same := ref.Kind == RefPartUUID && sameUUID(p.UUID, ref.Value) || ref.Kind == RefPartLabel && sameLabel(p.Name, ref.Value)
		if same && inv.partition(d, p.Number) == nil {
			say(nearTable, "has that partition in its table, number "+itoa(p.Number)+", but the kernel has made no device of it: "+d.tableAdvice())
		}
	}
}

// nearBroken tells what keeps d from being judged.
func (d *Device) nearBroken(say func(int, string)) {
	switch {
	case d.ProbeErr != nil:
		say(nearBroken, "could not be read: "+d.ProbeErr.Error())
	case d.Probe == nil:
	case len(d.Probe.Ambiguous) > 0:
		say(nearBroken, "holds signatures of "+strings.Join(d.Probe.Ambiguous, " and ")+" at once, so its label and UUID do not count: if it is "+
			d.Probe.Ambiguous[0]+", write root="+d.stableName()+" rootfstype="+d.Probe.Ambiguous[0])
	case d.Probe.PTBackup || d.Probe.PTDamaged || d.Probe.PTType == "PMBR":
		say(nearBroken, "has a damaged partition table, so that partitions may be missing: "+d.tableAdvice())
	}
}

// tableAdvice is what mends a partition table, or makes the kernel read it.
func (d *Device) tableAdvice() string {
	switch {
	case d.Probe.PTBackup:
		return "its backup is good and is used with the word gpt; sgdisk -e or gdisk mends it"
	case d.Probe.PTDamaged:
		return "the disk is smaller than the table says, or a record of it is lost; sfdisk --verify " + d.Node + " tells which"
	case d.Probe.PTType == "PMBR":
		return "both copies of its GPT are lost; gdisk " + d.Node + " may find one"
	}
	return "partx -a " + d.Node + " makes it"
}

// nearLayer names a volume that may hold what was asked for: nothing is built on it, and its contents are not seen.
func (d *Device) nearLayer(inv *Inventory, ref Ref, say func(int, string)) {
	if d.Probe == nil || d.Probe.Usage == blkid.UsageFilesystem && d.FSType() != "zfs_member" || len(inv.Holders(d)) > 0 {
		return
	}
	switch d.FSType() {
	case "swap", "swsuspend", "jbd":
		return
	}
	for _, t := range d.tags() {
		if t.kind == ref.Kind && (sameUUID(t.value, ref.Value) || t.value == ref.Value) {
			return // told already
		}
	}
	if what, advice := blkid.About(d.FSType(), d.FSUUID()); what != "" {
		say(nearLayer, "may hold it: it is "+d.FSType()+" ("+what+"), "+advice)
	}
}

// partition returns the partition n of a disk, nil when the kernel has none.
func (inv *Inventory) partition(disk *Device, n int) *Device {
	for _, d := range inv.devices {
		if d.parent == disk && d.PartN == n {
			return d
		}
	}
	return nil
}

// tag is one thing that a device is called by.
type tag struct {
	kind  RefKind
	value string
}

func (t tag) word() string {
	switch t.kind {
	case RefUUID:
		return "UUID"
	case RefLabel:
		return "LABEL"
	case RefPartUUID:
		return "PARTUUID"
	}
	return "PARTLABEL"
}

// text is the tag as it may be written on a command line: blanks and what else would need quotes as \xNN.
func (t tag) text() string { return t.word() + "=" + Encode(t.value) }

// tags lists what d is called, whether that may be used to name it or not.
func (d *Device) tags() []tag {
	all := []tag{{RefUUID, d.FSUUID()}, {RefLabel, d.FSLabel()}, {RefPartUUID, d.PartUUID()}, {RefPartLabel, d.PartLabel()}}
	return slices.DeleteFunc(all, func(t tag) bool { return t.value == "" })
}

// stableName is the best way to name d itself: what it holds, its place in a table, and its node if there is nothing else.
func (d *Device) stableName() string {
	if d.isFileSystem() && d.FSUUID() != "" {
		return tag{RefUUID, d.FSUUID()}.text()
	}
	if d.isFileSystem() && d.FSLabel() != "" {
		return tag{RefLabel, d.FSLabel()}.text()
	}
	if d.PartUUID() != "" {
		return tag{RefPartUUID, d.PartUUID()}.text()
	}
	if ids := d.ids(); len(ids) > 0 {
		return "/dev/disk/by-id/" + ids[0]
	}
	return d.Node
}
