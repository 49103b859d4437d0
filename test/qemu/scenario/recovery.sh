#!/bin/sh
# A recovery disk: asks for the root, and takes none that holds no system.
. /lib.sh
. /disc.sh

# fault says why a disk cannot be the root, nothing if it can.
fault() {
    [ -b "/dev/$1" ] || { echo "$1 is no disk"; return; }
    mount -r -t ext4 "/dev/$1" /mnt 2>/dev/null || { echo "$1 has no ext4"; return; }
    [ -x /mnt/sbin/init ] || echo "$1 has no system"
    umount /mnt
}

mount -t proc proc /proc
mount -t devtmpfs dev /dev
modules
await vdc
question="which is the root?"
while echo "$question one of $(disks | grep vd | tr '\n' ' ')"; read -r disk; do
    question=$(fault "$disk")
    [ -n "$question" ] || break
done
root "$disk"
umount /dev
umount /proc
