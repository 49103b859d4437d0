package main

// nbd is a root on a disk that a second machine serves block by block.
func nbd() Layout {
	return Layout{
		Name: "nbd", Title: "ext4 on NBD, the address by DHCP; a second machine serves",
		Modules: withNetwork("nbd"), Drivers: "virtio_net nbd", Packages: networkPackages,
		Disks: []int{256}, Missing: []int{1}, Make: put + `put $d1`,
		Serve: serve(`cat >/run/nbd.conf <<.
[generic]
    user = root
    group = root
[root]
    exportname = $d1
.
nbd-server -C /run/nbd.conf`),
		Cmdline: same("root=nbd:" + serverAddress + ":root:ext4 rw" + byDHCP),
		Wall:    true,
		Facts:   netFacts,
		Want:    facts(factOfRoot("ext4", "/dev/nbd0"), "address eth0 "+clientAddress+"/24"),
	}

}
