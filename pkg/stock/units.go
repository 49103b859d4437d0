package stock

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// known are the units that an initramfs of dracut may start and whose work is done otherwise when preroot boots (the stages, udevd, modules, mounts), is of no
// use without systemd (journal, tmpfiles), or is the real system's again a moment later. Each stands for all that begin so.
var known = []string{
	"dracut-", "systemd-journald", "systemd-journal-", "syslog.socket", "systemd-udev", "systemd-tmpfiles-", "systemd-sysusers",
	"systemd-sysctl.service", "systemd-modules-load.service", "modprobe@", "kmod-static-nodes.service", "systemd-vconsole-setup.service",
	"systemd-ask-password-", "systemd-battery-check.service", "systemd-bsod.service", "systemd-hwdb-update.service", "ldconfig.service",
	"systemd-random-seed.service", "systemd-machine-id-commit.service", "systemd-update-done.service", "systemd-coredump.socket", "systemd-pstore.service",
	"systemd-pcr", "systemd-tpm2-setup", "systemd-creds.socket", "systemd-mute-console.socket", "systemd-validatefs@",
	"systemd-hibernate-resume", "systemd-fsck", "systemd-volatile-root.service", "breakpoint-", "debug-shell.service",
	"initrd-", "plymouth-", "dbus", "rngd.service", "haveged.service", "rpcbind.", "console-setup.service", "watchdogd.service",
	"iscsid.socket", "iscsiuio.socket", "nm-initrd.service", "nm-wait-online-initrd.service", "NetworkManager-", // only with words of the network, which are a reason of their own
	"sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount", "dev-hugepages.mount", "dev-mqueue.mount",
}

// kinds are units that do nothing themselves: what a target wants is looked at by itself.
var kinds = []string{".target", ".slice", ".device", ".timer"}

// passedOver are targets that no boot to a root starts.
var passedOver = []string{"emergency", "rescue", "reboot", "poweroff", "halt", "kexec", "soft-reboot", "shutdown", "final", "umount", "exit", "multi-user", "graphical", "getty", "initrd-switch-root"}

// byUnits looks for a unit that does what nobody else does: a module of dracut, or somebody's own, has put it in to be started.
func byUnits(i Image) (Reason, bool) {
	for _, dir := range unitDirs {
		links, _ := fs.Glob(i.Files, dir+"/*.*/*")
		for _, link := range links {
			starter, relation, _ := cutLast(path.Base(path.Dir(link)), ".")
			unit := path.Base(link)
			if !slices.Contains([]string{"wants", "requires", "upholds"}, relation) || slices.Contains(passedOver, strings.TrimSuffix(starter, ".target")) || isKnown(unit) {
				continue
			}
			return Reason{fmt.Sprintf("%s starts %s, a unit of this image that preroot does not know", starter, unit), omit}, true
		}
	}
	return Reason{}, false
}

func cutLast(s, sep string) (before, after string, found bool) {
	if n := strings.LastIndex(s, sep); n >= 0 {
		return s[:n], s[n+len(sep):], true
	}
	return s, "", false
}

func isKnown(unit string) bool {
	return slices.Contains(kinds, path.Ext(unit)) || slices.ContainsFunc(known, func(name string) bool { return strings.HasPrefix(unit, name) })
}

// generators are those that do nothing unless a word or a table asks for it that is judged elsewhere (systemd.generator(7)); dracut's own begin with dracut-.
var generators = []string{
	"dracut-", "systemd-cryptsetup-", "systemd-debug-", "systemd-fstab-", "systemd-gpt-auto-", "systemd-hibernate-resume-", "systemd-integritysetup-",
	"systemd-veritysetup-", "systemd-run-", "systemd-system-update-", "systemd-getty-", "systemd-ssh-", "systemd-tpm2-", "systemd-factory-reset-",
	"systemd-import-", "systemd-bless-boot-", "nbd-", "lvm2-activation-",
}

// byGenerators looks for a generator that may make units which nobody knows.
func byGenerators(i Image) (Reason, bool) {
	for _, dir := range []string{"etc/systemd/system-generators", "usr/lib/systemd/system-generators", "lib/systemd/system-generators"} {
		entries, _ := fs.ReadDir(i.Files, dir)
		for _, e := range entries {
			if !slices.ContainsFunc(generators, func(name string) bool { return strings.HasPrefix(e.Name(), name) }) {
				return Reason{e.Name() + " of this image makes units of systemd that preroot does not know", omit}, true
			}
		}
	}
	return Reason{}, false
}
