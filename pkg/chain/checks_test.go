package chain

import (
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/mount"
)

// TestChecks: what a boot checks before it mounts it, by the words of the kernel and by fstab.
func TestChecks(t *testing.T) {
	disk := []*Device{{Name: "vda"}}
	line := func(pass int, options ...string) mount.Entry {
		return mount.Entry{Pass: pass, Options: mount.ParseOptions(strings.Join(options, ","))}
	}
	for _, tt := range []struct {
		name  string
		words string
		goals []*Goal
		want  string
	}{
		{"no fstab", "rw", []*Goal{{Name: "/", FSType: "ext4", On: disk}}, "/"},
		{"left to the real system", "rw ro", []*Goal{{Name: "/", FSType: "ext4", On: disk}}, "/"}, // rw wins
		{"read-only", "quiet ro", []*Goal{{Name: "/", FSType: "ext4", On: disk}, {Name: "/usr", FSType: "ext4", On: disk}}, ""},
		{"no check asked for", "fsck.mode=skip", []*Goal{{Name: "/", FSType: "ext4", On: disk}}, ""},
		{"no pass", "", []*Goal{{Name: "/", FSType: "ext4", On: disk, Entry: line(0), InFstab: true}, {Name: "/usr", FSType: "ext2", On: disk, Entry: line(2), InFstab: true}}, "/usr"},
		{"network", "", []*Goal{{Name: "/", FSType: "ext4", On: disk, Entry: line(1, "_netdev"), InFstab: true}}, ""},
		{"no checker", "", []*Goal{{Name: "/", FSType: "xfs", On: disk}, {Name: "resume", FSType: "swap", On: disk}, {Name: "key of root", FSType: "vfat", On: disk}}, ""},
	} {
		c := &Chain{Goals: tt.goals, params: cmdline.Of(cmdline.Split(tt.words))}
		var got []string
		for _, g := range c.Checks() {
			got = append(got, g.Name)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
