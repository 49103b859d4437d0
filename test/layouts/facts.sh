#!/bin/busybox sh
# What the real system finds, said by the init of the root: lines "FACT NAME VALUE".
PATH=/bin:/sbin; export PATH
b=/bin/busybox

# No message of the kernel between the lines.
echo 1 >/proc/sys/kernel/printk

# Each mount: where, what kind, of what, which part of it, its options and those of the file system.
while read -r id parent number part target opts rest; do
    kind=${rest#*- }
    shared=${rest%%- *}
    set -- $kind
    echo "FACT mount $target $1 $2 part=$part $opts ${3-} ${shared:+(shared)}"
    [ "$target" = / ] && echo "FACT root $1 $2"
done </proc/self/mountinfo

# Devices that are made of others.
for d in /sys/block/dm-*; do
    [ -e "$d" ] && echo "FACT dm $($b cat $d/dm/name) $($b cat $d/dm/uuid) suspended=$($b cat $d/dm/suspended) ro=$($b cat $d/ro) of $($b ls $d/slaves | $b tr '\n' ' ')"
done
for d in /sys/block/md*; do
    [ -e "$d/md" ] && echo "FACT md ${d##*/} $($b cat $d/md/level) disks=$($b cat $d/md/raid_disks) degraded=$($b cat $d/md/degraded) ro=$($b cat $d/ro) of $($b ls $d/slaves | $b tr '\n' ' ')"
    [ -e "$d/md" ] && echo "FACT $($b cat $d/md/level) disks=$($b cat $d/md/raid_disks) degraded=$($b cat $d/md/degraded)"
done

# Names of devices, and what is left of udev's database.
$b find /dev -type l | $b sort | while read -r link; do
    case $link in /dev/fd | /dev/std* | /dev/core | /dev/log | /dev/char/*) continue ;; esac
    echo "FACT link $link $($b readlink $link)"
done
for f in /run/udev/data/*; do
    [ -e "$f" ] && echo "FACT udev-data ${f##*/}"
done
[ -e /run/initramfs/.need_shutdown ] && echo "FACT need-shutdown"

# Who else runs: the command lines of processes.
for p in /proc/[0-9]*; do
    line=$($b tr '\0' ' ' <$p/cmdline 2>/dev/null)
    case "$line" in '' | /sbin/init* | */facts* | /bin/busybox* | /init*) continue ;; esac
    echo "FACT process $line"
done

[ -e /sbin/facts.layout ] && . /sbin/facts.layout
echo "FACT end"
