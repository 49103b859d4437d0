#!/bin/sh
# The file system of the root is a module, which lies here.
. /lib.sh
mount -t proc proc /proc
modules
grep -q erofs /proc/filesystems && say "erofs is there"
umount /proc
