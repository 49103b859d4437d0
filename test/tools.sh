#!/bin/sh
# Looks for each host program of the build and the tests, or for those of a
# list in a file. What is missing is installed when we are root; anybody else
# gets the line to run.
#
#	sh test/tools.sh [FILE]
set -eu
PATH=$PATH:/usr/sbin:/sbin

# A file or a program, and the Debian package that has it.
needs='
cc gcc
readelf binutils
/usr/lib/x86_64-linux-gnu/libc.a libc6-dev
/etc/ssl/certs/ca-certificates.crt ca-certificates
qemu-system-x86_64 qemu-system-x86
qemu-system-aarch64 qemu-system-arm
aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
/usr/aarch64-linux-gnu/lib/libc.a libc6-dev-arm64-cross
/usr/share/ovmf/OVMF.fd ovmf
/usr/share/qemu-efi-aarch64/QEMU_EFI.fd qemu-efi-aarch64
/usr/lib/systemd/boot/efi/linuxx64.efi.stub systemd-boot-efi
mkfs.ext4 e2fsprogs
mkfs.xfs xfsprogs
mkfs.btrfs btrfs-progs
mkfs.f2fs f2fs-tools
mksquashfs squashfs-tools
mkfs.erofs erofs-utils
mkfs.vfat dosfstools
mcopy mtools
genisoimage genisoimage
mkfs.exfat exfatprogs
mkntfs ntfs-3g
mkudffs udftools
mkfs.nilfs2 nilfs-tools
make-bcache bcache-tools
genromfs genromfs
cryptsetup cryptsetup-bin
mdadm mdadm
pvcreate lvm2
sfdisk fdisk
sgdisk gdisk
ip iproute2
blkid util-linux
depmod kmod
cpio cpio
zstd zstd
xz xz-utils
lz4 lz4
bzip2 bzip2
bash bash
mandoc mandoc
loadkeys kbd
ckbcomp console-setup
/usr/share/consolefonts/Lat15-Fixed16.psf.gz console-setup-linux
/var/lib/dpkg/info/busybox-static.list busybox-static
dracut dracut-core
lsinitramfs initramfs-tools-core
/usr/lib/systemd/systemd-udevd udev
/usr/lib/systemd/systemd systemd
'
[ $# -eq 0 ] || needs=$(cat "$1")

# mkfs.nilfs2 wants the list of mounts; a Debian without an init lacks the link.
if [ ! -e /etc/mtab ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "missing: /etc/mtab. Run: sudo ln -s ../proc/self/mounts /etc/mtab" >&2
    exit 1
  fi
  ln -sf ../proc/self/mounts /etc/mtab
fi

missing=$(printf '%s\n' "$needs" | while read -r need package; do
  case $need in
  '') ;;
  /*) [ -e "$need" ] || echo "$package" ;;
  *) command -v "$need" >/dev/null || echo "$package" ;;
  esac
done)
[ -n "$missing" ] || exit 0

# shellcheck disable=SC2086 # a list of words
set -- $missing
if [ "$(id -u)" -ne 0 ]; then
  echo "missing: $*. Run: sudo apt-get install --no-install-recommends $*" >&2
  exit 1
fi
echo "installing: $*"
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
