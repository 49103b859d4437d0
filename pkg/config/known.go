package config

import (
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
)

// unknown lists the words rd.* that neither we nor dracut nor systemd know, once each, in order.
func unknown(p cmdline.Params) []string {
	var names []string
	for _, w := range p.Words() {
		name, ok := strings.CutPrefix(w.Key, "rd.")
		if ok && !isKnown(name) && !slices.Contains(names, w.Key) {
			names = append(names, w.Key)
		}
	}
	return names
}

// isKnown reports whether rd.NAME means something to somebody who may be in the image. Words that dracut's
// modules read but we do not are known: they are no mistake of the user.
func isKnown(name string) bool {
	group, rest, dotted := strings.Cut(name, ".")
	switch group {
	case "systemd": // systemd takes its own words with rd. before them: kernel-command-line(7)
		return dotted
	case "udev":
		return inList(rest, "log_level log-priority info debug children_max exec_delay event_timeout timeout_signal blockdev_read_only")
	case "preroot":
		return inList(rest, "udev modules unattended prompt hook_timeout linuxrc_timeout")
	case "luks":
		return !dotted || inList(rest, "uuid partuuid serial name allow-discards crypttab timeout key key.tout key.timeout smartcard options data header")
	case "live":
		return inList(rest, "image dir squashimg ram debug check overlay overlay.overlayfs overlay.readonly overlay.reset overlay.cowfs overlay.size overlay.thin overlay.nouserconfirmprompt overlayfs.readonly")
	case "iscsi":
		return inList(rest, "firmware initiator target.name target.ip target.port target.group username password in.username in.password login_retry_max param ibft mp waitnet testroute transport")
	case "net":
		return inList(rest, "dhcp.retry timeout.dhcp timeout.iflink timeout.ifup timeout.route timeout.ipv6dad timeout.ipv6auto timeout.carrier")
	case "vconsole":
		return inList(rest, "keymap keymap.ext unicode font font.unicode font.map font.unimap")
	case "nvmf":
		return inList(rest, "nonbft nostatic hostnqn hostid discover")
	}
	return inList(name, plainNames)
}

// plainNames are the names whose group has only a few.
const plainNames = "auto hostonly cmdline fstab skipfsck emergency retry timeout noverifyssl ctty shutdown.timeout.umount " +
	"info shell debug memdebug break driver.blacklist driver.pre driver.post driver.export distroinit " +
	"locale.LANG locale.LC_ALL lvm lvm.vg lvm.lv lvm.conf lvm.mergetags md md.imsm md.ddf md.conf md.waitclean md.uuid " +
	"dm dm.uuid multipath fips fips.skipkernel neednet route bootif peerdns nfs.domain fcoe nofcoe nonvmf " +
	"dasd zfcp zfcp.conf znet znet_ifname ccw cio_accept zipl dcssblk lunmask " +
	"overlay overlay.readonly overlay.reset overlay.crypt writable.fsimg minmem plymouth convertfs " +
	"caps caps.initdrop caps.disablemodules caps.disablekexec"

// inList reports whether name is one of the blank-separated names.
func inList(name, names string) bool {
	for len(names) > 0 {
		var first string
		first, names, _ = strings.Cut(names, " ")
		if first == name {
			return true
		}
	}
	return false
}
