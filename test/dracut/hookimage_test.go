package dracut

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plainPrograms are those of busybox that do nothing beyond their arguments.
const plainPrograms = `awk basename cat chmod chown cmp comm cp cpio cut dd diff dirname echo egrep env expand expr false fgrep find fold grep gunzip gzip head hexdump
	id ln ls md5sum mkdir mkfifo mv nl od paste printenv printf pwd readlink realpath rev rm rmdir sed seq sha256sum sha512sum sort split stat strings tac tail tar
	tee test touch tr true truncate uname uniq unlink wc which xargs xxd yes [ [[`

// stubPrograms write down how they are called, and do nothing: they would touch devices, networks, mounts, time and other processes.
const stubPrograms = `mount umount swapon swapoff losetup blkid blockdev findfs findmnt lsblk mknod mountpoint partx partprobe sfdisk parted sgdisk kpartx wipefs
	mkfs mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.xfs mkfs.btrfs mke2fs tune2fs e2label resize2fs fsck fsck.ext4 fsck.xfs e2fsck xfs_repair xfs_db xfs_metadump xfs_growfs xfs_admin
	btrfs ntfs-3g mount.ntfs-3g mount.nfs mount.nfs4 mount.cifs mount.fuse mount.fuse3 udevadm systemd-udevd modprobe insmod rmmod kmod depmod multipath multipathd mpathconf mpathpersist
	cryptsetup veritysetup integritysetup lvm vgchange lvchange pvscan vgscan lvs vgs pvs mdadm mdmon dmsetup dmraid dmeventd
	ip ifconfig route dhclient arping arping2 ping ping6 brctl vconfig ifenslave teamd teamdctl teamnl tc ethtool nm-online nmcli connmand connmanctl NetworkManager nm-initrd-generator
	iscsiadm iscsid iscsistart iscsi-iname iscsiuio nbd-client rpcbind rpc.statd rpc.idmapd rpcinfo portmap nvme fcoemon fcoeadm fipvlan lldpad lldptool dcbtool
	plymouth plymouthd systemctl systemd-run systemd-cat systemd-tmpfiles systemd-cryptsetup journalctl busctl dbus-daemon loginctl hostnamectl timedatectl
	setfont loadkeys kbd_mode setleds stty chvt openvt deallocvt tput clear reset dialog hwclock date sleep usleep timeout setsid flock logger dmesg
	reboot poweroff halt shutdown switch_root kexec chroot capsh pivot_root keyctl load_policy restorecon semodule evmctl setenforce ecryptfs-add-passphrase mount.ecryptfs
	curl wget ctorrent resume uswsusp wdctl watchdog memstrack rsyslogd syslogd syslog-ng klogd killall killall5 pkill pgrep pidof ps fuser
	jq xz bzip2 zstd unsquashfs checkisomd5 isosize eject clevis clevis-luks-unlock luksmeta jose tpm2_unseal tpm2 pcscd pkcs11-tool gpg gpg-agent gpgconf scdaemon
	lszdev chzdev cio_ignore chccwdev dasdconf.sh dasd_cio_free zfcp_cio_free cmsfs-fuse zdev_id biosdevname memdiskfind sha512hmac fipscheck openssl update-crypto-policies
	mktemp uuidgen hostname ldconfig lsinitrd chronyd chronyc ndctl smartctl hdparm sg_inq sync nproc free tty getent ssh scp sshd rngd`

// stub is the text of such a program: it fails where the line says so.
const stub = `#!/bin/busybox sh
printf '%s' "${0##*/}" >> /.calls
for a in "$@"; do printf ' [%s]' "$a" >> /.calls; done
printf '\n' >> /.calls
[ ! -e /.fails ]
`

// hookImage is an image of one version of dracut with the files of all its modules, but no hook in any stage.
type hookImage struct {
	*tool
	hookdir string
	hooks   map[hookScript]string
}

func newHookImage(t *testing.T, suite string) hookImage {
	t.Helper()
	tree := fetch(t, suite, "-hooks", hookPackages[suite])
	base, more := fetch(t, suite, "", packages), fetch(t, suite, "-shells", shellPackages)
	i := hookImage{tool: &tool{root: t.TempDir()}, hookdir: "/lib/dracut/hooks", hooks: hooksOf(t, suite, tree)}
	version, err := os.ReadFile(filepath.Join(tree, "VERSION"))
	must(t, err)
	i.version = strings.TrimSpace(string(version))
	i.programs(t, tree, base, more)
	i.moduleFiles(t, tree)
	lib, err := os.ReadFile(filepath.Join(i.root, "lib/dracut-lib.sh"))
	must(t, err)
	if strings.Contains(string(lib), "/var/lib/dracut/hooks") {
		i.hookdir = "/var/lib/dracut/hooks"
		must(t, os.MkdirAll(filepath.Join(i.root, "lib/dracut"), 0o755))
		must(t, os.Symlink("/var/lib/dracut/hooks", filepath.Join(i.root, "lib/dracut/hooks")))
	}
	return i
}

// programs gives the image its shells, the plain programs and the stubs.
func (i hookImage) programs(t *testing.T, tree, base, more string) {
	t.Helper()
	dash := only(t, base, "bin/dash", "usr/bin/dash")
	i.copy(t, dash, "bin/dash")
	i.copy(t, only(t, more, "bin/bash", "usr/bin/bash"), "bin/bash")
	i.copy(t, only(t, more, "bin/busybox", "usr/bin/busybox"), "bin/busybox")
	libc := only(t, base, "lib/*/libc.so.6", "usr/lib/*/libc.so.6")
	i.copy(t, libc, filepath.Join("lib", filepath.Base(filepath.Dir(libc)), "libc.so.6"))
	tinfo := only(t, more, "lib/*/libtinfo.so.6", "usr/lib/*/libtinfo.so.6")
	i.copy(t, tinfo, filepath.Join("lib", filepath.Base(filepath.Dir(libc)), "libtinfo.so.6"))
	i.copy(t, only(t, filepath.Dir(libc), filepath.Base(interpreter(t, dash))), interpreter(t, dash))
	util := only(t, tree, "usr/lib/dracut/dracut-util")
	i.copy(t, util, "bin/dracut-getarg")
	i.copy(t, util, "bin/dracut-getargs")
	for name := range strings.FieldsSeq(plainPrograms) {
		must(t, os.Symlink("busybox", filepath.Join(i.root, "bin", name)))
	}
	must(t, os.MkdirAll(filepath.Join(i.root, "sbin"), 0o755))
	for name := range strings.FieldsSeq(stubPrograms) {
		must(t, os.WriteFile(filepath.Join(i.root, "sbin", name), []byte(stub), 0o755))
	}
	must(t, os.MkdirAll(filepath.Join(i.root, "usr"), 0o755))
	must(t, os.Symlink("../bin", filepath.Join(i.root, "usr/bin")))
	must(t, os.Symlink("../sbin", filepath.Join(i.root, "usr/sbin")))
}

// moduleFiles installs what the modules install beside their hooks, at the same places, and the directories of an image.
func (i hookImage) moduleFiles(t *testing.T, tree string) {
	t.Helper()
	for _, dir := range modules(t, tree) {
		setup, err := os.ReadFile(filepath.Join(dir, "module-setup.sh"))
		must(t, err)
		for _, m := range installsFile.FindAllStringSubmatch(string(setup), -1) {
			if info, err := os.Stat(filepath.Join(dir, m[1])); err == nil && info.Mode().IsRegular() && m[2] != "/init" && !strings.HasSuffix(m[2], "/") {
				i.copy(t, filepath.Join(dir, m[1]), m[2])
			}
		}
	}
	for dir := range strings.FieldsSeq(`dev proc sys/class/net/eth0 sys/class/net/lo sys/block/vda sys/kernel/security sys/power sys/firmware tmp var/log etc/cmdline.d
		etc/conf.d etc/udev/rules.d usr/lib/udev/rules.d run/initramfs/log run/initramfs/cmdline.d run/udev/rules.d run/lock run/log sysroot/etc sysroot/dev sysroot/proc sysroot/sys
		sysroot/run sysroot/usr/bin sysroot/sbin .box`) {
		must(t, os.MkdirAll(filepath.Join(i.root, dir), 0o755))
	}
	name, _, _ := strings.Cut(i.version, "-")
	for path, text := range map[string]string{
		"usr/lib/initrd-release":                        "NAME=dracut\nID=dracut\nVERSION_ID=\"" + name + "\"\nDRACUT_VERSION=\"" + i.version + "\"\n",
		"etc/conf.d/systemd.conf":                       "systemdutildir=\"/usr/lib/systemd\"\nsystemdsystemunitdir=\"/usr/lib/systemd/system\"\nsystemdsystemconfdir=\"/etc/systemd/system\"\n",
		"etc/passwd":                                    "root:x:0:0::/root:/bin/sh\n",
		"etc/fstab.sys":                                 "/dev/vdb1 /srv ext4 defaults 0 2\n",
		"sysroot/etc/fstab":                             "/dev/vda1 / ext4 defaults 0 1\n/dev/vda2 /usr ext4 ro 0 2\n",
		"sys/class/net/eth0/address":                    "52:54:00:12:34:56\n",
		"sys/class/net/eth0/carrier":                    "1\n",
		"sys/class/net/eth0/operstate":                  "up\n",
		"sys/block/vda/size":                            "2097152\n",
		"sys/power/resume":                              "0:0\n",
		"sys/power/state":                               "mem disk\n",
		"proc/cmdline":                                  "",
		"usr/lib/udev/rules.d/64-lvm.rules":             "# lvm\n",
		"usr/lib/udev/rules.d/65-md-incremental.rules":  "# md\n",
		"etc/udev/rules.d/64-lvm.rules":                 "# lvm\n",
		"etc/udev/rules.d/65-md-incremental-imsm.rules": "# md\n",
		"etc/udev/rules.d/70-luks.rules":                "# luks\n",
		"etc/cmdline.d/10-none.conf":                    "\n",
	} {
		i.write(t, path, text)
	}
}
