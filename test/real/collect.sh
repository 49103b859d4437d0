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
[ -r /run/initramfs/preroot/timeline ] && cp /run/initramfs/preroot/timeline timeline
touch whole
sync
echo "REAL: collected" >/dev/console
systemctl poweroff
