package trial

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/chain"
	"github.com/preroot/preroot/pkg/check"
	"github.com/preroot/preroot/pkg/cmdline"
)

// The IDs of what a description leaves open.
const (
	someUUID  = "70726572-6f6f-4474-8269-616c0000ffff"
	someLUKS  = "70726572-6f6f-4474-8269-616c0000eeee"
	somePV    = "prerootTrial00000000000000000pv1"
	someGroup = "prerootTrial00000000000000000vg1"
	someLV    = "prerootTrial00000000000000000lv1"
)

// OfTarget makes the plan of a machine that is described as preroot check --target takes it: one disk, with a partition unless root= names a whole one. words is its command line; what it does not say of root
// comes from the description.
func OfTarget(t check.Target, words string) (*Plan, error) {
	params := cmdline.Of(cmdline.Split(words))
	if spec, ok := params.Get("root"); ok {
		t.Root = spec
	} else if t.Root != "" {
		words = strings.TrimSpace("root=" + t.Root + " " + words)
	}
	if t.FSType == "" {
		return nil, errors.New("the description names no file system: write ext4 or another one")
	}
	p := &Plan{}
	var hardware []chain.Bus
	for _, d := range t.Devices {
		hardware = append(hardware, chain.Bus{Path: d.Name, Modalias: d.Modalias, Driver: d.Driver, Module: d.Driver})
	}
	disk := &Disk{Name: "disk"}
	p.bus(disk, hardware)
	p.Disks = []*Disk{disk}

	root := &Volume{Name: "root", Type: t.FSType, UUID: someUUID, Marks: []string{"/"}}
	if t.FSType == "vfat" || t.FSType == "squashfs" {
		root.UUID = ""
	}
	if key, _, _ := strings.Cut(t.Root, "="); strings.HasPrefix(key, "PART") && len(t.Layers) > 0 {
		return nil, fmt.Errorf("root=%s is a partition, and the description has %s above it: name root by its UUID, or by /dev/mapper/NAME", t.Root, strings.Join(t.Layers, ", "))
	}
	part := &Part{Number: 1}
	whole := false
	vg, lv := "vg", "root"
	switch key, value, _ := strings.Cut(t.Root, "="); key {
	case "UUID":
		root.UUID = strings.Trim(value, `"`)
	case "LABEL":
		root.Label = strings.Trim(value, `"`)
	case "PARTUUID":
		part.UUID = value
	case "PARTLABEL":
		part.Label = value
	default:
		if name, ok := strings.CutPrefix(t.Root, "/dev/"); ok && len(t.Layers) == 0 {
			part.Number, whole = partitionOf(name)
		} else if a, b, ok := splitMapper(name); ok {
			vg, lv = a, b
		}
	}
	if name, ok := params.Get("rd.lvm.lv"); ok {
		if a, b, ok := strings.Cut(name, "/"); ok {
			vg, lv = a, b
		}
	}
	content, err := layer(root, t.Layers, vg, lv, luksID(t.Root, params))
	if err != nil {
		return nil, err
	}
	content.Name = "disk1"
	if whole {
		disk.Whole = content
	} else {
		part.Content, disk.Table, disk.Parts = content, "gpt", []*Part{part}
		if _, n, ok := mbrUUID(part.UUID); ok {
			disk.Table, part.Number = "dos", n
		}
	}
	spec := t.Root
	if spec == "" {
		spec = "UUID=" + root.UUID
		words = strings.TrimSpace("root=" + spec + " " + words)
	}
	p.Goals = []Goal{{Name: "/", Spec: spec, FSType: t.FSType, on: root}}
	p.words(words)
	return p, nil
}

// partitionOf tells a partition's number by the name of its node, and whether the name is that of a whole disk (block/partitions/core.c: a "p" behind a digit).
func partitionOf(name string) (number int, whole bool) {
	m := regexp.MustCompile(`^(?:(?:[shv]d[a-z]+)|(?:(?:nvme\d+n|mmcblk)\d+p))(\d+)$`).FindStringSubmatch(name)
	if m != nil {
		n, err := strconv.Atoi(m[1])
		return n, err != nil
	}
	return 1, regexp.MustCompile(`^([shv]d[a-z]+|nvme\d+n\d+|mmcblk\d+)$`).MatchString(name)
}

// splitMapper finds group and volume in "mapper/vg-lv", where a hyphen in a name is doubled, or "vg/lv".
func splitMapper(name string) (vg, lv string, ok bool) {
	rest, mapped := strings.CutPrefix(name, "mapper/")
	if !mapped {
		return strings.Cut(name, "/")
	}
	const mark = "\x00"
	vg, lv, ok = strings.Cut(strings.ReplaceAll(rest, "--", mark), "-")
	return strings.ReplaceAll(vg, mark, "-"), strings.ReplaceAll(lv, mark, "-"), ok
}

// luksID is the UUID of the LUKS volume that the words name.
func luksID(root string, params cmdline.Params) string {
	for _, text := range append(params.All("rd.luks.uuid"), strings.TrimPrefix(root, "/dev/mapper/")) {
		if id := strings.TrimPrefix(text, "luks-"); isGUID(id) {
			return id
		}
	}
	return someLUKS
}

// layer puts the layers below root, the last one next to it.
func layer(root *Volume, layers []string, vg, lv, id string) (*Volume, error) {
	v := root
	for i := len(layers) - 1; i >= 0; i-- {
		switch layers[i] {
		case "luks":
			v = &Volume{Name: "luks", Type: "crypto_LUKS", UUID: id, Version: 2, Inner: v}
		case "lvm":
			pv := &Volume{Name: "pv", Type: "LVM2_member", UUID: spellID(somePV)}
			pv.Group = &Group{Name: vg, ID: spellID(someGroup), PVs: []*Volume{pv}, LVs: []*Logical{{Name: lv, ID: spellID(someLV), Content: v}}}
			v = pv
		default:
			return nil, fmt.Errorf("%s: a stand-in of this layer cannot be made", layers[i])
		}
	}
	return v, nil
}
