#!/bin/sh
# Started as init with the RAM disk as root: mounts the real root, puts it in its own place and executes the real init.
. /lib.sh
say "pid $$"
mount -t proc proc /proc
modules
await vda
umount /proc
mount -t devtmpfs dev /dev
mount -t ext4 -o ro /dev/vda /sysroot || say "the root was not mounted"
umount /dev
mount -t devtmpfs dev /sysroot/dev
cd /sysroot
pivot_root . initrd || say "pivot_root failed"
exec initrd/bin/chroot . /sbin/init <dev/console >dev/console 2>&1
