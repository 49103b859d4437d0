package main

// networkPackages are what dracut puts into images of roots that come over a network, and what the server needs.
func networkPackages(d Dracut) string {
	list := "dracut-network iproute2 iputils-arping nfs-common nbd-client open-iscsi nfs-kernel-server rpcbind nbd-server"
	if d.Version == newest {
		return list + " network-manager"
	}
	return list + " isc-dhcp-client"
}

// netFacts says how the network is configured, and what dracut's modules have left of it.
const netFacts = `
for d in /sys/class/net/*; do
    i=${d##*/}
    $b ip -o addr show dev $i | while read -r n name kind address rest; do
        case $kind in inet) echo "FACT address $name $address" ;; esac
    done
done
$b ip route show | while read -r line; do echo "FACT route $line"; done
for f in /run/initramfs/net.* /run/initramfs/state/* /run/NetworkManager/initrd/*; do [ -e "$f" ] && echo "FACT left $f"; done
[ -e /etc/resolv.conf ] && echo "FACT resolv.conf $($b tr '\n' ' ' </etc/resolv.conf)"
`

// network is the dracut module that configures the network without systemd: NetworkManager where the shell scripts round dhclient are gone (dracut-ng 110).
func network(d Dracut) string {
	if d.Version == newest {
		return "network-manager "
	}
	return "network-legacy "
}

// withNetwork adds a module to it.
func withNetwork(module string) func(Dracut) string {
	return func(d Dracut) string { return network(d) + module }
}

// nfs is a root that a second machine exports.
func nfs() Layout {
	return Layout{
		Name: "nfs", Title: "NFS, the address by DHCP; a second machine serves",
		Modules: withNetwork("nfs"), Drivers: "virtio_net nfs nfsv3 nfsv4", Packages: networkPackages,
		Disks: []int{256}, Missing: []int{1}, Make: put + `put $d1`,
		Serve: serve(`mkdir -p /srv/export /run/rpcbind; mount -t ext4 $d1 /srv/export
mount -t nfsd nfsd /proc/fs/nfsd
mountpoint -q /var/lib/nfs || mount -t tmpfs tmpfs /var/lib/nfs
mkdir -p /var/lib/nfs/v4recovery /var/lib/nfs/sm /var/lib/nfs/rpc_pipefs; touch /var/lib/nfs/etab /var/lib/nfs/rmtab
echo '/srv/export *(rw,no_root_squash,no_subtree_check,insecure,fsid=1)' >/etc/exports
rpcbind
exportfs -a
rpc.nfsd 4
rpc.mountd
exportfs -v`),
		Cmdline: same("root=nfs:" + serverAddress + ":/srv/export:vers=3 rw" + byDHCP),
		Wall:    true,
		Facts:   netFacts,
		Want:    facts(factOfRoot("nfs", serverAddress+":/srv/export"), "address eth0 "+clientAddress+"/24"),
	}

}
