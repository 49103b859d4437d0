package faults

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A seed is a defence taken out of a copy of the source. The scenario that the defence is for must then fail, in the way that is named.
type seed struct {
	name     string
	file     string // from the top of the repository
	old, new string // old must be there once
	scenario string
	fails    string // must be part of what the oracle says
}

// seeds are all defects; each list lies beside its faults.
func seeds() []seed { return append(seedsDR, seedsOXS...) }

// TestSeeded builds each defect and boots it.
func TestSeeded(t *testing.T) {
	if !*seededRuns {
		return
	}
	for _, s := range seeds() {
		t.Run(s.name, func(t *testing.T) { s.mustFail(t) })
	}
}

func (s seed) mustFail(t *testing.T) {
	init := s.build(t)
	for _, c := range catalogue() {
		if c.String() != s.scenario {
			continue
		}
		v, run := execute(t, c, init)
		said := strings.Join(v.Faults, "; ")
		t.Logf("%s without the defence: %s", c, said)
		if len(v.Faults) == 0 || !strings.Contains(said, s.fails) {
			t.Fatalf("%s does not see that %s: %q, wanted %q\n%s", c, s.name, said, s.fails, run.Report())
		}
		return
	}
	t.Fatalf("there is no scenario %q", s.scenario)
}

// build makes /init from a copy of the source with the defect in it.
func (s seed) build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"cmd", "pkg", "internal", "dracut", "go.mod", "go.sum"} {
		if out, err := exec.Command("cp", "-r", "../../"+part, dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	path := filepath.Join(dir, s.file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), s.old); n != 1 {
		t.Fatalf("%s: the defence is there %d times, wanted once: %s", s.file, n, s.old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), s.old, s.new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	init := filepath.Join(dir, "init")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", init, "./cmd/init")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return init
}

// seedsDR are defects among the defences of D and R.
var seedsDR = []seed{
	{
		name: "the first of two twins is taken", file: "pkg/device/find.go",
		old: "	return Choice{Twins: tops}", new: "	return Choice{Device: tops[0]}",
		scenario: "D08", fails: "ended BOOTED",
	},
	{
		name: "two paths of one disk are two disks", file: "pkg/device/twins.go",
		old: "	x, y := a.disk(), b.disk()\n", new: "	x, y := a.disk(), b.disk()\n	if x != nil {\n		return false\n	}\n",
		scenario: "D09-multipath", fails: "more than one device answers",
	},
	{
		name: "anybody may play the kernel", file: "pkg/uevent/netlink.go",
		old: "	if !ok || nl.Pid != 0 || nl.Groups != kernelGroup {\n		return false\n	}", new: "	if nl != nil || !ok {\n		return true\n	}",
		scenario: "D17", fails: "gone",
	},
	{
		name: "a damaged file system is mounted for writing", file: "pkg/mount/fsck.go",
		old: "	case status&4 != 0:\n		return Damaged", new: "	case status&4 != 0:\n		return Doubtful",
		scenario: "R06", fails: "ended BOOTED",
	},
	{
		name: "two signatures are no ambiguity", file: "pkg/blkid/formats.go",
		old: "	if names != nil && strict {", new: "	if names != nil && strict && s.size < 0 {",
		scenario: "D10", fails: `wanted "signatures of swap and ext4"`,
	},
}
