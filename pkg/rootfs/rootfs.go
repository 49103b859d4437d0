// Package rootfs knows the forms of root=: one file each. Today that is a block device, named in any way that
// package device understands; network and live roots are forms of their own.
package rootfs

import (
	"fmt"
	"strings"

	"github.com/preroot/preroot/pkg/device"
)

// NFSHelper is the program of an image that mounts a root on NFS (cmd/nfsroot).
const NFSHelper = "/usr/lib/preroot/nfsroot"

// Source is where the root file system comes from.
type Source struct {
	// Text is the value of root=.
	Text string
	// Device is the block device it lies on.
	Device device.Ref
}

// String is the text as it was typed.
func (s Source) String() string { return s.Text }

// others are forms of dracut.cmdline(7) that are recognised and not served.
var others = []string{"nfs:", "nfs4:", "nbd:", "iscsi:", "cifs:", "live:", "http:", "https:", "virtiofs:", "virtfs:", "zfs:", "ZFS="}

// Parse reads the value of root=. "block:" in front of a device is dracut's own spelling.
func Parse(text string) (Source, error) {
	for _, form := range others {
		if strings.HasPrefix(text, form) {
			return Source{}, fmt.Errorf("root=%s: roots of the form %s are not served by this version; name a block device", text, form)
		}
	}
	ref, err := device.ParseRef(strings.TrimPrefix(text, "block:"))
	if err != nil {
		return Source{}, fmt.Errorf("root=%s: %w", text, err)
	}
	return Source{Text: text, Device: ref}, nil
}
