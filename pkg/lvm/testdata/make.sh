#!/bin/sh
# make.sh VG writes VG.vg, the metadata that a real lvm2 makes, and VG.tables, what it would activate, for each VG
# of groups.sh. It needs root, loop devices, gcc and lvm2, and no device-mapper: fakedm.c stands for it.
#
#	make.sh OUT
set -eu
OUT=$(realpath "$1"); HERE=$(dirname "$(realpath "$0")")
W=$(mktemp -d /var/tmp/lvm.XXXXXX); LOOPS=""
cleanup() { for l in $LOOPS; do losetup -d "$l"; done; rm -rf "$W"; }
trap cleanup EXIT
mkdir -p "$W/sys/run" "$W/dev/mapper"
mknod "$W/dev/mapper/control" c 10 236
sed 's/^Block devices:/&\n391 device-mapper/' /proc/devices >"$W/devices"
gcc -O1 -shared -fPIC -o "$W/fakedm.so" "$HERE/fakedm.c" -ldl
lvm() {
	LVM_SYSTEM_DIR=$W/sys LVM_SUPPRESS_FD_WARNINGS=1 DM_DISABLE_UDEV=1 FAKEDM_LOG=$W/log FAKEDM_DEVICES=$W/devices \
		LD_PRELOAD=$W/fakedm.so nice -n 19 timeout 60 /sbin/lvm "$@" 2>>"$W/err" || { tail -n 3 "$W/err" >&2; return 1; }
}

# disks N makes N disks of 256 MiB and sets $PVS.
disks() {
	PVS="" filter=""
	for i in $(seq 1 "$1"); do
		truncate -s 256M "$W/disk$i"
		l=$(losetup -f --show "$W/disk$i"); LOOPS="$LOOPS $l"; b=${l#/dev/}
		mknod "$W/dev/$b" b 7 "${b#loop}"
		PVS="$PVS $W/dev/$b" filter="$filter\"a|^$W/dev/$b\$|\","
	done
	cat >"$W/sys/lvm.conf" <<EOC
devices { dir="$W/dev" scan=["$W/dev"] global_filter=[$filter"r|.*|"] obtain_device_list_from_udev=0 external_device_info_source="none"
	use_devicesfile=0 md_component_detection=0 multipath_component_detection=0 sysfs_scan=0 }
global { locking_dir="$W/sys/run" use_lvmpolld=0 use_lvmlockd=0 thin_check_executable="" cache_check_executable="" thin_repair_executable="" }
activation { udev_sync=0 udev_rules=0 monitoring=0 checks=0 }
backup { archive=0 backup=0 }
EOC
}

# transaction VG/POOL is what the kernel would say of the pool.
transaction() { FAKEDM_TXN=$(lvm lvs --noheadings -o transaction_id "$1" | tr -d ' '); export FAKEDM_TXN; }

# record VG [OPTION...] writes what is activated for each visible volume.
record() { save "$1"; tables "$@"; }
save() {
	lvm vgcfgbackup -f "$W/text" "$1" >/dev/null
	sed "s|$W/dev/loop[0-9]*|/dev/&|; s|/dev/$W/dev/|/dev/|" "$W/text" >"$OUT/$1.vg"
}
tables() {
	vg=$1; shift
	: >"$OUT/$vg.tables"
	for l in $LOOPS; do
		b=${l#/dev/}
		uuid=$(lvm pvs --noheadings -o uuid "$W/dev/$b" 2>/dev/null | tr -d ' ') || :
		[ "$uuid" ] || continue
		echo "pv 7:${b#loop} $uuid" >>"$OUT/$vg.tables"
	done
	lvm lvs --noheadings -o lv_name,lv_attr "$vg" >"$W/list"
	while read -r lv attr; do
		: >"$W/log"
		pool=$(lvm lvs --noheadings -o pool_lv "$vg/$lv" | tr -d ' []')
		case $attr in t*) pool=$lv ;; esac
		origin=$(lvm lvs --noheadings -o origin "$vg/$lv" | tr -d ' []')
		case $origin in ?*) [ "$pool" ] || pool=$(lvm lvs --noheadings -o pool_lv "$vg/${origin:-$lv}" | tr -d ' []') ;; esac
		case $pool in ?*) transaction "$vg/$pool" ;; esac
		echo "lv $lv" >>"$OUT/$vg.tables"
		lvm lvchange "$@" -y -ay -K "$vg/$lv" >"$W/said" 2>&1 </dev/null || { echo "failed $(tail -n 1 "$W/said")" >>"$OUT/$vg.tables"; continue; }
		grep -E '^(dev|table) ' "$W/log" >>"$OUT/$vg.tables" || :
	done <"$W/list"
}
# edit VG SCRIPT changes the metadata by sed.
edit() {
	lvm vgcfgbackup -f "$W/text" "$1" >/dev/null
	sed -i -E "$2" "$W/text"
	lvm vgcfgrestore -y --force -f "$W/text" "$1" >/dev/null
}
create() { lvm lvcreate -y -q -q "$@" >/dev/null; }
convert() { lvm lvconvert -y -q -q "$@" >/dev/null; }

. "$HERE/groups.sh"
