package device

import (
	"strings"
)

// nearName compares names: a partition that is missing while its disk is there, a neighbour.
func (inv *Inventory) nearName(d *Device, ref Ref, say func(int, string)) {
	switch ref.Kind {
	case RefNode:
		inv.nearNode(d, ref.Value, say)
	case RefNumber:
		if d.Major == ref.Number.Major {
			say(nearAlmost, "is "+d.Number.String()+": write "+d.stableName())
		}
	case RefID:
		nearText(d.ids(), ref.Value, "/dev/disk/by-id/", say)
	case RefPath:
		nearText(d.paths(), ref.Value, "/dev/disk/by-path/", say)
	}
}

func nearText(names []string, value, dir string, say func(int, string)) {
	for _, n := range names {
		if close2(n, value) {
			say(nearAlmost, "has that name but for "+difference(n, value)+": did you mean "+dir+n)
			return
		}
	}
}

func (inv *Inventory) nearNode(d *Device, node string, say func(int, string)) {
	if d.Whole() && strings.HasPrefix(node, d.Node) && isPartitionName(d.Node, node) {
		say(nearOther, "is there, but has no such partition"+inv.fileSystemsOn(d))
		return
	}
	if d.Probe != nil && d.Probe.Type != "" && !d.isFileSystem() {
		return
	}
	for _, n := range d.nodes() {
		if !close2(n, node) || d.Whole() == endsInDigit(node) {
			continue
		}
		rank := nearAlmost
		if n[len(n)-1] == node[len(node)-1] {
			rank = nearTable // the same partition of a disk that has another name today
		}
		words := strings.TrimSpace(strings.TrimPrefix(d.Describe(), d.Node) + " is there")
		if stable := d.stableName(); stable != d.Node {
			words += ": did you mean " + stable
		}
		say(rank, words)
		return
	}
}

// fileSystemsOn offers the file systems in the partitions of a disk, and tells of a damaged table.
func (inv *Inventory) fileSystemsOn(disk *Device) string {
	var words []string
	for _, d := range inv.devices {
		if d.parent == disk && d.isFileSystem() && d.FSType() != "vfat" && len(words) < 3 {
			words = append(words, d.stableName()+" ("+d.FSType()+")")
		}
	}
	switch {
	case len(words) > 0:
		return "; its file systems: " + strings.Join(words, " or ")
	case disk.Probe != nil && disk.Probe.PTType == "":
		return ", nor a partition table: write " + disk.stableName()
	}
	return ""
}

func endsInDigit(s string) bool { return strings.ContainsAny(s[len(s)-1:], "0123456789") }

// isPartitionName says whether node is the name of a partition of the disk: "sda3" of "sda", "nvme0n1p2" of
// "nvme0n1".
func isPartitionName(disk, node string) bool {
	rest := strings.TrimPrefix(strings.TrimPrefix(node, disk), "p")
	return rest != "" && digits(rest) == len(rest)
}
