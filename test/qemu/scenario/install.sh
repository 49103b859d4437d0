#!/bin/sh
# The installation: finds out the drivers of the machine, the disc and an empty disk, fills it, and writes down what it has found out. The RAM disk with that
# becomes the initrd of the installed system, where nothing is left to find out.
set -e
. /lib.sh
. /disc.sh

# probe prints the drivers that the devices of the machine want.
probe() {
    for f in /sys/bus/pci/devices/*/modalias; do
        read -r alias <"$f"
        case $alias in
        pci:v00001AF4d00001001*) echo virtio-blk ;;
        pci:v00001AF4d00001004*) echo virtio-scsi ;;
        esac
    done
}

load() { for list in "$@"; do modules "/$list"; done; }

# empty prints the first disk with nothing on it.
empty() {
    for d in $(disks); do
        [ -n "$(head -c 65536 "/dev/$d" | tr -d '\000')" ] || { echo "$d"; return; }
    done
    return 1
}

install() {
    drivers=$(probe)
    load $drivers iso9660
    cd=$(disc)
    disk=$(empty)
    say "installs from $cd to $disk"
    mke2fs -m 0 "/dev/$disk" >/dev/null
    mount -t ext2 "/dev/$disk" /new
    mount -r -t iso9660 "/dev/$cd" /mnt
    cp -a /mnt/. /new
    echo "from $cd to $disk" >/new/etc/installed
    umount /mnt
    umount /new
    echo $drivers >/etc/drivers
    echo "$disk" >/etc/root-device
}

say "initrd of $(cat /etc/name)"
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
[ -e /etc/root-device ] || install
load $(cat /etc/drivers)
root "$(cat /etc/root-device)"
say loaded $(sed 's/ .*//' /proc/modules)
umount /dev
umount /sys
umount /proc
