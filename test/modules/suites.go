package main

import (
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// suite is a Debian with a dracut, and the kernel whose modules it is given.
type suite struct {
	Name, Dracut, Kernel string
	More                 string // packages that this one has alone
	Prefer               string // prefer_dracutmodules of its configuration
}

// packages are what the modules want to have besides the required ones: the programs of all fifteen.
const packages = "dracut-core dracut-network kmod udev systemd e2fsprogs btrfs-progs lvm2 thin-provisioning-tools mdadm cryptsetup-bin dmsetup kbd console-data console-setup-linux nfs-common rpcbind open-iscsi " +
	"multipath-tools busybox-static plymouth plymouth-themes iproute2 iputils-arping dash bash cpio procps"

var suites = []suite{
	{"bookworm", "059", "6.1", "isc-dhcp-client", ""},
	{"trixie", "106", "6.12-cloud", "util-linux-extra isc-dhcp-client", ""},
	{"sid", "112", "sid", "util-linux-extra network-manager", "busybox"},
}

// modules are the fifteen of Debian's dracut that are compared; a module brings in those that it depends on.
var modules = strings.Fields("crypt lvm mdraid dm kernel-modules i18n nfs iscsi multipath btrfs rootfs-block fs-lib busybox plymouth resume")

// named are the modules that are asked for to get one: that of the network would choose systemd-networkd in 059 wherever its program is there, and that one does not
// go without systemd.
func (s suite) named(module string) string {
	if s.Dracut == "059" && (module == "nfs" || module == "iscsi") {
		return "network-legacy " + module
	}
	return module
}

// tree is the system of a suite, kept below the user's cache folder.
func (s suite) tree(cache string) vm.Tree {
	return vm.Tree{Suite: s.Name, Dir: filepath.Join(cache, "modules", s.Name), Packages: strings.Fields(packages + " " + s.More)}
}

// ensure makes the tree unless it is there: a small one by debootstrap, whose resolver is simple, and apt puts the packages in.
func (s suite) ensure(cache string) error {
	t := s.tree(cache)
	small := t
	small.Packages = []string{"apt"}
	if err := small.Ensure(); err != nil {
		return err
	}
	return t.Ensure()
}
