#!/bin/sh
# Mounts the root itself and puts it in its own place; 0x100 keeps the kernel from mounting one.
. /lib.sh
mount -t proc proc /proc
modules
await vda
echo 0x100 >/proc/sys/kernel/real-root-dev || say "real-root-dev was not taken"
umount /proc
mount -t devtmpfs dev /dev
mount -t ext4 -o ro /dev/vda /sysroot || say "the root was not mounted"
umount /dev
cd /sysroot
pivot_root . initrd || say "pivot_root failed"
