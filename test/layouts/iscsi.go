package main

const iscsiTarget = "iqn.2026-01.example.layouts:root"

// iscsi is a root on a SCSI disk that a second machine serves; the server's kernel does, as it is told through configfs
// (Documentation/target/tcmu-design.rst of the kernel names the places).
func iscsi() Layout {
	return Layout{
		Name: "iscsi", Title: "ext4 on iSCSI, the address told; a second machine serves",
		Modules: withNetwork("iscsi"), Drivers: "virtio_net iscsi_tcp sd_mod", Packages: networkPackages,
		Disks: []int{256}, Missing: []int{1}, Make: put + `put $d1`,
		Serve: serve(`mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
t=/sys/kernel/config/target
mkdir -p $t/core/iblock_0/disk
echo "udev_path=$d1" >$t/core/iblock_0/disk/control
echo 1 >$t/core/iblock_0/disk/enable
g=$t/iscsi/` + iscsiTarget + `/tpgt_1
mkdir -p $g/lun/lun_0 $g/np/` + serverAddress + `:3260
ln -s $t/core/iblock_0/disk $g/lun/lun_0/disk
for f in authentication=0 generate_node_acls=1 demo_mode_write_protect=0 cache_dynamic_acls=1; do echo ${f#*=} >$g/attrib/${f%=*}; done
echo 1 >$g/enable`),
		Cmdline: same("netroot=iscsi:" + serverAddress + "::::" + iscsiTarget + " rd.iscsi.initiator=iqn.2026-01.example.layouts:client " + root + told),
		Wall:    true,
		Facts:   netFacts,
		Want:    facts(factOfRoot("ext4", "/dev/sda"), "address eth0 "+clientAddress+"/24"),
	}

}
