package linux

import (
	"slices"
	"testing"
)

func TestMountsBelow(t *testing.T) {
	const info = `21 1 0:20 / / rw - rootfs rootfs rw
30 21 254:0 / /sysroot rw,relatime shared:1 - ext4 /dev/vda rw
31 30 254:1 / /sysroot/usr ro - ext4 /dev/vdb ro
32 21 254:2 / /sysrooted ro - ext4 /dev/vdc ro
33 30 254:3 / /sysroot/my\040disk\134x\0 rw - ext4 /dev/vdd rw

broken line
`
	got := mountsBelow(info, "/sysroot")
	if want := []string{"/sysroot", "/sysroot/usr", `/sysroot/my disk\x\0`}; !slices.Equal(got, want) {
		t.Errorf("%q, wanted %q", got, want)
	}
}
