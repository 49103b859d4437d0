#!/bin/sh
# The root is the disc itself, in whatever drive it lies.
. /lib.sh
. /disc.sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
modules
root "$(disc)"
umount /dev
umount /proc
