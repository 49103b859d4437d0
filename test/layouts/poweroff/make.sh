# Makes a mirror of $d1 and $d2, on it a volume, and in the volume the root: $d3 is the system.
export DM_DISABLE_UDEV=1
mkdir -p /run/lock/lvm
lvm() { command lvm "$@" --config 'activation { udev_sync=0 udev_rules=0 } devices { use_devicesfile=0 }'; }
d1=/dev/vdb d2=/dev/vdc d3=/dev/vdd
mdadm --create /dev/md0 --run --quiet --metadata=1.2 --homehost=any --name=root --uuid="$md" --level=1 --raid-devices=2 --assume-clean $d1 $d2
lvm pvcreate /dev/md0
lvm vgcreate box /dev/md0
lvm lvcreate -Zn -Wn -l 100%FREE -n root box
lvm vgmknodes
dd if=$d3 of=/dev/mapper/box-root bs=4M conv=sparse
lvm vgchange -an box
mdadm --stop /dev/md0
