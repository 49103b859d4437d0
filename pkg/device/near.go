package device

import (
	"slices"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// maxNear bounds the near misses that are reported; past a handful nobody reads them.
const maxNear = 8

// near tells, for a reference that nothing answers, what was almost meant. The devices are in order of their
// names and so are the sentences.
func (inv *Inventory) near(ref Ref) []string {
	var list []string
	for _, d := range inv.devices {
		if len(list) < maxNear {
			list = append(list, d.nearMiss(ref)...)
		}
	}
	return list
}

// nearMiss says in what d differs from the reference.
func (d *Device) nearMiss(ref Ref) []string {
	switch ref.Kind {
	case RefNode, RefNumber, RefID, RefPath:
		return d.nearName(ref)
	}
	var list []string
	say := func(words string) { list = append(list, d.Node+" "+words) }
	if d.Probe != nil && len(d.Probe.Ambiguous) > 0 {
		say("holds signatures of " + strings.Join(d.Probe.Ambiguous, " and ") + " at once, so its label and UUID do not count; name it by PARTUUID= or /dev/NAME and give rootfstype=")
	}
	if d.ProbeErr != nil {
		say("could not be read: " + d.ProbeErr.Error())
	}
	for _, t := range d.tags() {
		switch {
		case t.kind == ref.Kind && t.value == ref.Value && !d.tagged():
			say("has that " + t.word() + " as a member of something larger (" + d.FSType() + "), and is no file system")
		case t.kind == ref.Kind && close2(t.value, ref.Value):
			say("has the " + t.word() + " " + strconv.Quote(t.value))
		case t.kind != ref.Kind && (t.value == ref.Value || sameUUID(t.value, ref.Value)):
			say("has that as its " + t.word() + ": write " + t.word() + "=" + t.value)
		}
	}
	return list
}

// nearName compares names: a partition that is missing while its disk is there, a neighbour.
func (d *Device) nearName(ref Ref) []string {
	switch ref.Kind {
	case RefNode:
		if d.Whole() && strings.HasPrefix(ref.Value, d.Node) && isPartitionName(d.Node, ref.Value) {
			return []string{d.Node + " is there, but has no such partition"}
		}
		if close2(d.Node, ref.Value) && d.Whole() == !strings.ContainsAny(ref.Value[len(ref.Value)-1:], "0123456789") {
			return []string{d.Describe() + " is there"}
		}
	case RefNumber:
		if d.Major == ref.Number.Major {
			return []string{d.Describe() + " is " + d.Number.String()}
		}
	case RefID, RefPath:
		names := d.ids()
		if ref.Kind == RefPath {
			names = d.paths()
		}
		for _, n := range names {
			if close2(n, ref.Value) {
				return []string{d.Node + " has the name " + n}
			}
		}
	}
	return nil
}

// isPartitionName says whether node is the name of a partition of the disk: "sda3" of "sda", "nvme0n1p2" of
// "nvme0n1".
func isPartitionName(disk, node string) bool {
	rest := strings.TrimPrefix(strings.TrimPrefix(node, disk), "p")
	return rest != "" && digits(rest) == len(rest)
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

// tags lists what d is called, whether that may be used to name it or not.
func (d *Device) tags() []tag {
	all := []tag{{RefUUID, d.FSUUID()}, {RefLabel, d.FSLabel()}, {RefPartUUID, d.PartUUID()}, {RefPartLabel, d.PartLabel()}}
	return slices.DeleteFunc(all, func(t tag) bool { return t.value == "" })
}

// close2 says whether two texts differ by at most two insertions, deletions or exchanges of a byte, or in
// case or in blanks round them only. Texts of up to three bytes must differ in case alone, since nearly all
// of them are two apart.
func close2(a, b string) bool {
	if strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) {
		return true
	}
	if n := len(a) - len(b); n > 2 || n < -2 || len(a) <= 3 || len(b) <= 3 || len(a) > 256 {
		return false
	}
	return distance(a, b) <= 2
}

// distance is the edit distance of Levenshtein, row by row.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
