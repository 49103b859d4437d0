#!/bin/sh
# The same for all machines. What is different is a file on a small disk of each, which is executed: it loads the drivers of its root, and says where that is.
. /lib.sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
modules /virtio-blk
await vda
mount -r -t ext2 /dev/vda /mnt
. /mnt/machine
umount /mnt
root "$disk"
say loaded $(sed 's/ .*//' /proc/modules)
umount /dev
umount /proc
