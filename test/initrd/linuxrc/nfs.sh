#!/bin/sh
# The page's NFS example. Of the three files Linux 6.1 has real-root-dev alone.
. /lib.sh
mount -t proc proc /proc
modules
k=/proc/sys/kernel
[ -e $k/nfs-root-name ] || say "no nfs-root-name"
[ -e $k/nfs-root-addrs ] || say "no nfs-root-addrs"
echo /root >$k/nfs-root-name
echo 10.9.9.2:10.9.9.1::255.255.255.0:initrd >$k/nfs-root-addrs
echo 255 >$k/real-root-dev || say "real-root-dev was not taken"
umount /proc
