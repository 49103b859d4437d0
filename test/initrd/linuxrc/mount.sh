#!/bin/sh
# Leaves a mount on the RAM disk.
. /lib.sh
mount -t tmpfs left /mnt
echo kept >/mnt/kept
