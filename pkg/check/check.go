package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/kmod"
)

// Verdict is what a boot with an image will come to.
type Verdict int

// The verdicts.
const (
	Unknown Verdict = iota // it cannot be told: an init that is not known here
	Boots
	Fails
)

func (v Verdict) String() string {
	return [...]string{"it cannot be told whether this image finds root", "this image will find root", "this image will NOT find root"}[v]
}

// The kinds of init.
const (
	Preroot     = "preroot"
	Dracut      = "dracut"
	Systemd     = "dracut with systemd"
	MkInitramfs = "initramfs-tools"
	Other       = "unknown"
)

// Link is one thing that the way to root needs, and what was found of it.
type Link struct {
	What string // "driver of virtio-blk", "program mount"
	Is   string // what it is: "virtio_blk, in the image"; of what is missing why it does not do
	Bad  bool
	// Doubt says that it cannot be told whether it holds.
	Doubt bool
}

// Missing is what an image lacks.
type Missing struct {
	What string // what is wrong: "usr/bin/mount needs libmount.so.1, which is not in the image"
	Why  string // what it is needed for
	Hint string // the word or option that adds it; "" if none does
}

// Note is a finding that changes no verdict. At is "FILE:LINE:COLUMN".
type Note struct{ At, Text string }

// Report is what is found out about an image.
type Report struct {
	Kind    string
	Kernel  string // the version whose modules are in the image
	Verdict Verdict
	Links   []Link
	Missing []Missing
	Doubts  []Missing // what it may lack
	Notes   []Note
}

// Image judges an image for a target. kernel is what the kernel has that will boot it; nil for what the image says of it.
func Image(tree *archive.Tree, kernel *Kernel, target Target) *Report {
	j := newJudge(tree, kernel, target)
	j.kernelStarts()
	switch j.report.Kind {
	case Preroot:
		j.preroot()
	case MkInitramfs:
		j.mkinitramfs()
	case Dracut:
		j.dracut()
	case Systemd:
		j.systemd()
	default:
		j.report.Verdict = Unknown
	}
	switch {
	case len(j.report.Missing) > 0:
		j.report.Verdict = Fails
	case len(j.report.Doubts) > 0:
		j.report.Verdict = Unknown
	case j.report.Kind != Other:
		j.report.Verdict = Boots
	}
	return j.report
}

// judge collects a report.
type judge struct {
	tree    *archive.Tree
	kernel  *Kernel
	target  Target
	modules modules
	report  *Report
	runs    map[string]error // of programs, by path
	scripts map[string]*script
	shell   shellKind           // that runs /init
	sourced []string            // scripts that were judged with what they source
	policy  kmod.Policy         // of the image's modprobe.d
	cached  map[string][]string // libraries of etc/ld.so.cache, by name
}

func newJudge(tree *archive.Tree, kernel *Kernel, target Target) *judge {
	j := &judge{tree: tree, kernel: kernel, target: target, report: &Report{}, runs: map[string]error{}, scripts: map[string]*script{}}
	j.report.Kind = j.kind()
	j.openModules()
	j.policy, _ = kmod.ReadPolicy(tree) // a line that is none is passed over, as modprobe does
	j.readCache()
	j.shell = j.firstShell()
	return j
}

// good notes a link that holds.
func (j *judge) good(what, format string, args ...any) {
	j.report.Links = append(j.report.Links, Link{What: what, Is: fmt.Sprintf(format, args...)})
}

// bad notes a link that does not hold.
func (j *judge) bad(what, why, hint, is string) {
	j.report.Links = append(j.report.Links, Link{What: what, Is: is, Bad: true})
	m := Missing{is, why, hint}
	if !slices.Contains(j.report.Missing, m) {
		j.report.Missing = append(j.report.Missing, m)
	}
}

// doubt notes a link of which it cannot be told whether it holds.
func (j *judge) doubt(what, why, is string) {
	j.report.Links = append(j.report.Links, Link{What: what, Is: is, Doubt: true})
	j.report.Doubts = append(j.report.Doubts, Missing{What: is, Why: why})
}

// kind says whose init an image has.
func (j *judge) kind() string {
	init, err := j.tree.Resolve("init")
	if err != nil {
		init, _ = j.tree.ReadLink("init") // it leads nowhere, but says where to
	}
	data, _ := j.tree.ReadFile("init")
	switch {
	case strings.HasSuffix(init, "systemd"):
		return Systemd
	case j.has("etc/preroot") || isPreroot(data) || j.has("etc/cmdline.d/20-drivers.conf") && !j.has("lib/dracut-lib.sh"):
		return Preroot
	case j.has("scripts/functions") || j.has("conf/arch.conf") || j.has("scripts/local"):
		return MkInitramfs
	case j.has("usr/lib/systemd/systemd") && j.hasDracut():
		return Systemd
	case j.hasDracut():
		return Dracut
	}
	return Other
}

func (j *judge) hasDracut() bool {
	return j.has("usr/lib/dracut/hooks") || j.has("lib/dracut/hooks") || j.has("usr/lib/dracut-lib.sh") || j.has("var/lib/dracut/hooks")
}

// has says whether a name leads to something.
func (j *judge) has(name string) bool {
	_, err := j.tree.Stat(strings.TrimPrefix(name, "/"))
	return err == nil
}
