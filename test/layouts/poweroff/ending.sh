#!/bin/sh
# Run by the real system when it is up: says what it finds, and ends the machine as the kernel's command line wants it. With init= it is the real system all
# alone: it does what dracut-shutdown.service does at its stop, and becomes systemd-shutdown, as systemd does.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
exec </dev/null >/dev/console 2>&1
echo 1 >/proc/sys/kernel/printk # no message of the kernel between the lines
[ $$ != 1 ] || mount /dev/vdc /boot

for md in /sys/block/md*/md; do
    name=${md%/md} name=${name##*/}
    echo "FACT array $(cat "$md/level") degraded=$(cat "$md/degraded") sync=$(cat "$md/sync_action")"
    mdadm --detail "/dev/$name" | sed -n 's/^ *State : /FACT array-state /p'
done
lvs --noheadings -o vg_name,lv_name,lv_active,vg_missing_pv_count | tr -s ' ' | sed 's/^ */FACT volume /'
echo "FACT root $(findmnt -n -o SOURCE /)"
echo "FACT run $(findmnt -n -o OPTIONS /run)"
[ -e /run/initramfs/.need_shutdown ] && echo "FACT need-shutdown"
[ -e /run/initramfs/left-by-a-hook ] && echo "FACT left-by-a-hook"
for p in /proc/[0-9]*; do
    case $(tr '\0' ' ' <"$p/cmdline" 2>/dev/null) in
    '@of-a-hook '*) echo "FACT process @of-a-hook" ;;
    'of-a-hook '*) echo "FACT process of-a-hook" ;;
    esac
done
dmesg | sed -n 's/^\[[^]]*] //; /not clean -- starting/s/^/FACT unclean /p; /recovery complete/s/^/FACT recovered /p'
if [ $$ != 1 ]; then
    for unit in $(systemctl list-units --failed --plain --no-legend | sed 's/ .*//'); do
        echo "FACT failed $unit"
        journalctl --no-pager -b -o short-monotonic -u "$unit" | tail -n 20
    done
    systemctl is-active dracut-shutdown.service | sed 's/^/FACT dracut-shutdown /'
fi
echo "FACT end"

case " $(cat /proc/cmdline) " in
*' ending=unmarked '*) rm /run/initramfs/.need_shutdown ;;
*' ending=cut '*)
    # Something is always on its way to both disks.
    while :; do dd if=/dev/zero of=/var/tmp/fill bs=64k count=16 conv=fsync 2>/dev/null; done &
    sleep 5
    echo "FACT cut now"
    wait
    ;;
esac
echo 7 >/proc/sys/kernel/printk
[ $$ != 1 ] && exec systemctl --no-block poweroff
/usr/lib/dracut/dracut-initramfs-restore
echo "restored: $?"
exec /usr/lib/systemd/systemd-shutdown poweroff --log-level info --log-target console
