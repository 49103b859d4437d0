package stock

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
)

// Image is what the choice between systemd and us is made from.
type Image struct {
	Files  fs.FS
	Params cmdline.Params
	// Served says that we, or a hook of the image, mount what root= asks for.
	Served bool
}

// Reason is why the systemd of an image must boot it.
type Reason struct {
	// What asks for it.
	What string
	// Do is what to do so that preroot boots the image; "" where nothing helps.
	Do string
}

// What to do about a reason. Without the module systemd dracut installs hooks for the same things, which we run.
const (
	omit        = `make the image without systemd: dracut --omit systemd (omit_dracutmodules+=" systemd ")`
	omitNetwork = `make the image without systemd and with a network module that needs none: dracut --omit systemd --add network-legacy (omit_dracutmodules+=" systemd ", add_dracutmodules+=" network-legacy ")`
)

// Needs says why systemd must boot an image, and whether there is such a reason. In doubt there is: the machine then starts as it did before.
func Needs(i Image) (Reason, bool) {
	for _, look := range []func(Image) (Reason, bool){byWords, byLUKS, byTables, byGenerators, byUnits, byRoot} {
		if r, found := look(i); found {
			return r, true
		}
	}
	return Reason{}, false
}

// words are those that a unit or a generator of systemd obeys in an initramfs and nothing else does (dracut.cmdline(7), kernel-command-line(7)); one that ends
// in '.' stands for all that begin so.
var words = []struct {
	keys []string
	what string
	do   string
}{
	{[]string{"ip", "netroot", "nfsroot", "rd.neednet", "rd.iscsi.", "rd.nvmf.", "fcoe", "rd.systemd.pull"}, "asks for the network, which a unit of this image brings up", omitNetwork},
	{[]string{"rd.live.image"}, "asks for a live image, which a generator of systemd mounts", omit},
	{[]string{"roothash", "usrhash", "rd.systemd.verity", "systemd.verity_root_data", "systemd.verity_usr_data"}, "asks for dm-verity, which systemd sets up", ""},
	{[]string{"systemd.volatile"}, "asks for a volatile root, which systemd makes", ""},
	{[]string{"rd.systemd.unit", "rd.systemd.wants", "rd.systemd.mask", "rd.systemd.debug_shell", "rd.systemd.debug-shell", "rd.systemd.break", "rd.systemd.mount-extra", "rd.systemd.swap-extra"}, "is for the systemd of the image", ""},
}

// byWords looks for words of the command line. One that says no asks for nothing.
func byWords(i Image) (Reason, bool) {
	for _, w := range i.Params.Words() {
		for _, row := range words {
			asks := slices.ContainsFunc(row.keys, func(key string) bool {
				return w.Key == key || strings.HasSuffix(key, ".") && strings.HasPrefix(w.Key, key)
			})
			if asks && i.Params.Bool(true, w.Key) {
				return Reason{fmt.Sprintf("%s= %s", w.Key, row.what), row.do}, true
			}
		}
	}
	return Reason{}, false
}

// byLUKS looks for devices to be opened. An image with dracut's own hook for passphrases needs no systemd.
func byLUKS(i Image) (Reason, bool) {
	if inDirs(i.Files, []string{"sbin", "usr/sbin", "bin", "usr/bin"}, "cryptroot-ask") || !i.Params.Bool(true, "rd.luks") || !i.Params.Bool(true, "luks") {
		return Reason{}, false
	}
	for _, key := range []string{"rd.luks.uuid", "rd.luks.name", "rd.luks.partuuid", "rd.luks.serial", "luks.uuid", "luks.name", "rd_LUKS_UUID"} {
		if i.Params.Has(key) {
			return Reason{key + "= asks for LUKS, which systemd opens in this image", omit}, true
		}
	}
	if i.Params.Bool(true, "rd.luks.crypttab") && i.Params.Bool(true, "luks.crypttab") && hasLines(i.Files, "etc/crypttab") {
		return Reason{"/etc/crypttab of this image names LUKS devices, which systemd opens", omit}, true
	}
	return Reason{}, false
}

// byTables looks for files of the image that generators of systemd read.
func byTables(i Image) (Reason, bool) {
	for _, name := range []string{"etc/veritytab", "etc/integritytab"} {
		if hasLines(i.Files, name) {
			return Reason{"/" + name + " of this image names devices that systemd sets up", ""}, true
		}
	}
	if hasLines(i.Files, "etc/fstab") {
		return Reason{"/etc/fstab of this image names file systems, which systemd mounts", omit}, true
	}
	return Reason{}, false
}

// byRoot: systemd knows forms of root= that we do not (bootup(7), systemd-fstab-generator(8), systemd-gpt-auto-generator(8)).
func byRoot(i Image) (Reason, bool) {
	root, given := i.Params.Get("root")
	switch {
	case i.Served:
		return Reason{}, false
	case !given:
		return Reason{"there is no root=, and systemd may find root by the partition table", "name root: root=UUID=..."}, true
	case strings.HasPrefix(root, "live:"):
		return Reason{"root=" + root + " is a live image, which a generator of systemd mounts", omit}, true
	case strings.HasPrefix(root, "nfs"), strings.HasPrefix(root, "nbd:"), strings.HasPrefix(root, "iscsi:"), strings.HasPrefix(root, "cifs:"), strings.HasPrefix(root, "http"), root == "dhcp", root == "dhcp6":
		return Reason{"root=" + root + " asks for the network, which a unit of this image brings up", omitNetwork}, true
	}
	return Reason{"root=" + root + " is of a form that only systemd knows here", "name a block device: root=UUID=..."}, true
}

// hasLines says whether a table has a line that is no comment.
func hasLines(files fs.FS, name string) bool {
	text, _ := fs.ReadFile(files, name)
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return true
		}
	}
	return false
}
