#!/bin/sh
# Runs inside the system under test when it has come up: writes what is asked about it to /var/lib/deb, a file a question, and powers off. The kernel
# parameter deb.task=make has it make its own image, as the hook of a kernel package does.
export LC_ALL=C COLUMNS=1000 SYSTEMD_COLORS=0 PATH=/usr/sbin:/usr/bin:/sbin:/bin
out=/var/lib/deb
rm -rf $out
mkdir -p $out
cd $out || exit 1

word() { # NAME: the last of these kernel parameters
  tr ' ' '\n' </proc/cmdline | sed -n "s/^deb\.$1=//p" | tail -n 1
}
kver=$(uname -r)

previous() {
  if [ -e "/boot/initrd.img-$kver.previous" ]; then echo kept; else echo none; fi
}

systemctl is-system-running --wait >state 2>&1
systemctl --failed --no-legend --plain >failed 2>&1
dpkg-query -W -f '${db:Status-Status}' preroot | sed 's/^installed$/ok/' >installed
cp /run/initramfs/preroot/initrd-release release
cp /run/initramfs/preroot/timeline timeline
previous >found
case $(word task) in
make)
  # What kernel packages call (Debian kernel handbook, 9.2), twice: an image that was made and not booted is none to keep.
  for n in 1 2; do
    DEB_MAINT_PARAMS="'configure' ''" run-parts --exit-on-error --arg="$kver" --arg="/boot/vmlinuz-$kver" /etc/kernel/postinst.d
  done >make 2>&1
  echo $? >make-status
  cp "/boot/initrd.img-$kver" initrd
  ;;
esac
previous >previous
journalctl -b --no-pager -o short-monotonic >journal
touch whole
sync
tar -C /var/lib -cf /dev/disk/by-id/virtio-answers deb
sync
echo "DEB: collected" >/dev/console
systemctl poweroff
