#!/bin/sh
# Runs inside the system under test when it has come up: writes what can be asked about it to /var/lib/real, a file a
# question, and powers off. test/real compares the files of two boots.
export LC_ALL=C COLUMNS=1000 SYSTEMD_COLORS=0
out=/var/lib/real
mkdir -p $out
cd $out || exit 1

systemctl is-system-running --wait >state 2>&1
ask() { # FILE COMMAND...
  file=$1
  shift
  "$@" >"$file" 2>&1
}
udevadm settle --timeout=60
ask failed systemctl --failed --no-legend --plain
ask units systemctl list-units --all --no-legend --no-pager --plain --full
ask udev udevadm info --export-db
ask mounts findmnt -rn -o TARGET,SOURCE,FSTYPE,OPTIONS
ask sysctl sysctl -a
for f in limits oom_score_adj oom_adj cgroup mountinfo status environ cmdline sessionid loginuid timerslack_ns coredump_filter setgroups uid_map attr/current; do
  ask "proc1-$(echo $f | tr / -)" sh -c 'tr "\0" "\n" </proc/1/'$f
done
ask proc1-links sh -c 'for l in cwd root exe ns/mnt ns/pid ns/net ns/user ns/cgroup; do echo "$l $(readlink /proc/1/$l)"; done'
ask fsck journalctl -b --no-pager -o cat -u systemd-fsck-root.service -u systemd-remount-fs.service
ask fsck-unit systemctl show systemd-fsck-root.service -p ActiveState,SubState,Result,ConditionResult,ExecMainStatus
ask run find /run -printf '%M %u:%g %p %l\n'
ask dev find /dev -printf '%M %u:%g %p %l\n'
ask rootdir find / -maxdepth 1 -printf '%M %u:%g %p %l\n'
ask modules sh -c 'cut -d" " -f1 /proc/modules | sort'
ask kernel-warnings dmesg -r
ask journal-warnings journalctl -b --no-pager -o cat -p warning
ask swaps cat /proc/swaps
ask rootdev stat -c '%n %t:%T' /dev/root /
ask tainted cat /proc/sys/kernel/tainted
ask processes ps -e -o comm=
ask rlimits-child sh -c 'ulimit -aS; ulimit -aH'
ask iowait systemctl list-jobs --no-legend
ask systemd-time systemd-analyze time
ask journal journalctl -b --no-pager -o short-monotonic
if [ -e /etc/crypttab ]; then
  ask lvm sh -c 'pvs --noheadings -o pv_name,vg_name,pv_attr; vgs --noheadings -o vg_name,vg_attr,lv_count; lvs --noheadings -o lv_name,vg_name,lv_attr,lv_size'
  ask dm sh -c 'dmsetup info -c --noheadings -o name,uuid,major,minor,open,segments,attr | sort; dmsetup table | sed "s/[0-9a-f]\{64,\}/KEY/" | sort'
  for name in $(cut -d" " -f1 /etc/crypttab); do
    ask "crypt-$name" cryptsetup status "$name"
    device=$(cryptsetup status "$name" | sed -n "s/^ *device: *//p")
    printf "correct horse" >/run/pass
    ask "later-key-$name" sh -c "printf another | cryptsetup luksAddKey --key-file /run/pass --pbkdf pbkdf2 --pbkdf-force-iterations 1000 $device - && printf another | cryptsetup open --test-passphrase --key-file - $device && echo added"
  done
  ask later-extend sh -c 'lvextend -y -L +20M sys/home && resize2fs /dev/sys/home && lvs --noheadings -o lv_size sys/home'
fi
[ -r /run/initramfs/preroot/timeline ] && cp /run/initramfs/preroot/timeline timeline
touch whole
[ -b /dev/disk/by-id/virtio-answers ] && tar -C /var/lib -cf /dev/disk/by-id/virtio-answers real
sync
echo "REAL: collected" >/dev/console
systemctl poweroff
