#!/bin/sh
# The init of a whole system on a layout: dracut of this system makes an image for this host, and the last disk gets it.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec >/dev/console 2>&1 </dev/null
echo 1 >/proc/sys/kernel/printk
mountpoint -q /proc || mount -t proc proc /proc
mountpoint -q /tmp || mount -t tmpfs tmpfs /tmp
udevd=/usr/lib/systemd/systemd-udevd
[ -x $udevd ] || udevd=/lib/systemd/systemd-udevd
$udevd --daemon
udevadm trigger --type=subsystems --action=add
udevadm trigger --type=devices --action=add
udevadm settle
version=$(uname -r)
disk=/dev/$(cd /sys/block && ls -d vd* | tail -n 1)
set --
while read -r arg; do set -- "$@" "$arg"; done </sbin/hostonly.args
if dracut "$@" /tmp/image "$version"; then
    ls -l /tmp/image
    cat /tmp/image >"$disk"
    sync
    echo "IMAGE $(wc -c </tmp/image) BYTES"
fi
/bin/busybox poweroff -f
