package image

import (
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/chain"
)

// TestCheckers: checkers come with their libraries where the boot will run them, and where they are asked for.
func TestCheckers(t *testing.T) {
	dir := oneKernel(t)
	of := func(fstype string) *chain.Chain {
		return &chain.Chain{Goals: []*chain.Goal{{Name: "/", FSType: fstype, On: []*chain.Device{{Name: "vda", FSType: fstype}}}}}
	}
	arm64 := kernels(t)[slices.IndexFunc(kernels(t), isARM64)]
	for _, tt := range []struct {
		name     string
		o        Options
		in, out  []string
		warnings string
	}{
		{"one machine, ext4", Options{HostOnly: true, Chain: of("ext4")}, []string{"fsck.ext4", "e2fsck", "libext2fs.so.2"}, []string{"fsck.vfat"}, ""},
		{"one machine, xfs", Options{HostOnly: true, Chain: of("xfs")}, nil, []string{"fsck.xfs", "fsck.ext4", "libc.so.6"}, ""},
		{"one machine, no checks", Options{HostOnly: true, Chain: of("ext4"), NoFsck: true}, nil, []string{"fsck.ext4"}, ""},
		{"a checker that this system lacks", Options{HostOnly: true, Chain: of("nilfs2"), Fscks: []string{"fsck.none"}}, nil, []string{"fsck.nilfs2"}, "/ (nilfs2) is mounted without a check: there is no fsck.nilfs2 in this system"},
		{"any machine", Options{Generic: true}, []string{"fsck.ext4", "fsck.ext2"}, nil, ""},
		{"known hardware", Options{Drivers: []string{"virtio_blk"}}, nil, []string{"fsck.ext4"}, ""},
		{"asked for", Options{Drivers: []string{"virtio_blk"}, Fscks: []string{"e2fsck", "fsck.none"}}, []string{"e2fsck"}, []string{"fsck.ext4", "fsck.none"}, ""},
		{"another kind of machine", Options{ModulesDir: arm64, HostOnly: true, Chain: of("ext4")}, nil, []string{"e2fsck"}, "/ (ext4) is mounted without a check: there is no fsck.ext4 in this system"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.Font, tt.o.Keymap = "none", "none"
			if tt.o.ModulesDir == "" {
				tt.o.ModulesDir = dir
			}
			s, entries := mustBuild(t, tt.o)
			has := func(base string) bool {
				return slices.ContainsFunc(entries, func(e Entry) bool { return strings.HasSuffix(e.Name, "/"+base) })
			}
			for _, name := range tt.in {
				if !has(name) {
					t.Errorf("%s is missing", name)
				}
			}
			for _, name := range tt.out {
				if has(name) {
					t.Errorf("%s is inside", name)
				}
			}
			if got := slices.Contains(s.Warnings, tt.warnings); got != (tt.warnings != "") {
				t.Errorf("warnings %q, want %q", s.Warnings, tt.warnings)
			}
		})
	}
}
