package dracut

// bootLine is a command line, and what the boot has made of it by the time that hooks of later stages run.
type bootLine struct {
	name, cmdline                 string
	root, netroot, fstype, rflags string
	fails                         bool // programs that touch devices fail
	files                         map[string]string
}

const uuid = "3e6be9de-8139-11d1-9106-a43f08d823a6"

// bootLines reach the branches of the hooks: the first is a plain root.
var bootLines = []bootLine{
	{name: "plain", cmdline: "root=/dev/vda1 ro quiet", root: "block:/dev/vda1"},
	{name: "storage", cmdline: "root=UUID=" + uuid + " rw rd.auto=0 rd.lvm.vg=vg0 rd.lvm.lv=vg0/root rd.lvm.snapshot=vg0/snap rd.lvm.snapsize=1G rd.md.uuid=" + uuid + " rd.dm.uuid=isw_x " +
		"rd.luks.uuid=luks-" + uuid + " rd.luks.name=" + uuid + "=cryptroot rd.luks.key=/key:LABEL=keys:" + uuid + " rd.luks.allow-discards rd.luks.crypttab=0 rd.luks.serial=x " +
		"rd.driver.blacklist=a,b rd.driver.pre=c,d rd.driver.post=e rd.multipath=default rd.fstab=1 rootflags=noatime rootfstype=ext4 resume=UUID=" + uuid + " rootfallback=LABEL=other " +
		"rd.timeout=5 rd.luks.timeout=5 rd.memdebug=2 rd.emergency=halt",
		root: "block:/dev/disk/by-uuid/" + uuid, fstype: "ext4", rflags: "noatime,rw"},
	{name: "nothing", cmdline: "root=LABEL=a\\x20b rd.auto=1 rd.lvm=0 rd.md=0 rd.md.imsm=0 rd.md.ddf=0 rd.md.conf=0 rd.dm=0 rd.luks=0 rd.multipath=0 rd.lvm.conf=0 noresume rd.skipfsck selinux=0 rd.plymouth=0 " +
		"plymouth.enable=0 rd.hostonly=0 rd.nofcoe rd.nonvmf rd.peerdns=0 rd.neednet=0 biosdevname=0 rd.zfcp.conf=0 rd.live.check=0 rd.shell=0 fips=0 rd.udev.log_level=debug",
		root: "block:/dev/disk/by-label/a\\x20b", fails: true},
	{name: "failing", cmdline: "root=/dev/mapper/vg0-root rd.auto=1 rd.luks=1 rd.retry=5 rd.break=mount rd.shell=0 fastboot forcefsck", root: "block:/dev/mapper/vg0-root", fails: true},
	{name: "nfs", cmdline: "ip=dhcp root=nfs:192.0.2.1:/srv/root:ro,nolock rd.neednet=1 nameserver=192.0.2.53 rd.route=192.0.2.0/24:192.0.2.1:eth0 rd.nfs.domain=example.org rd.net.timeout.dhcp=3 " +
		"ifname=net0:52:54:00:12:34:56 vlan=v7:eth0 bond=bond0:eth0,eth1:mode=1 bridge=br0:eth0 team=team0:eth2,eth3 rd.bootif=1 BOOTIF=01-52-54-00-12-34-56",
		root: "nfs", netroot: "nfs:192.0.2.1:/srv/root:ro,nolock"},
	{name: "iscsi", cmdline: "ip=192.0.2.5::192.0.2.1:255.255.255.0:host:eth0:none:1500 ip=[2001:db8::5]::[2001:db8::1]:64::eth1:none bootdev=eth0 netroot=iscsi:user:pw@192.0.2.9::3260::iqn.2009-06.x:y " +
		"root=/dev/disk/by-path/x rd.iscsi.initiator=iqn.z rd.iscsi.param=a=b rd.iscsi.waitnet=0 rd.iscsi.firmware=1 rd.iscsi.ibft=1",
		root: "block:/dev/root", netroot: "iscsi:user:pw@192.0.2.9::3260::iqn.2009-06.x:y"},
	{name: "nbd", cmdline: "ip=either6 root=nbd:192.0.2.1:export:ext4:ro,x:bs=4096 rd.nbd.x", root: "block:/dev/root", netroot: "nbd:192.0.2.1:export:ext4:ro,x:bs=4096"},
	{name: "cifs", cmdline: "ip=auto6 root=cifs://user:pa:ss@192.0.2.1/share cifsuser=a cifspass=b", root: "cifs", netroot: "cifs://user:pa:ss@192.0.2.1/share"},
	{name: "fabrics", cmdline: "root=LABEL=x rd.fcoe=1 fcoe=eth0:nodcb fcoe=edd:dcb rd.nvmf.hostnqn=nqn.h rd.nvmf.hostid=" + uuid + " rd.nvmf.discover=tcp,192.0.2.1,192.0.2.2,4420 rd.nvmf.nostatic rd.nvmf.nbft=1 " +
		"rd.znet=qeth,0.0.0600,0.0.0601,0.0.0602,layer2=1 rd.znet_ifname=net1:0.0.0600 rd.dasd=0.0.0200-0.0.0203(ro) rd.zfcp=0.0.4000,0x5005,0x4020 rd.cio_accept=0.0.0300 rd.lunmask=fc,a,b rd.lunmask=sas,c,d " +
		"rd.dcssblk=X rd.zipl=LABEL=z CMSDASD=0.0.0100 CMSCONFFILE=x", root: "block:/dev/disk/by-label/x"},
	{name: "live", cmdline: "root=live:CDLABEL=Live\\x20CD rd.live.image rd.live.dir=Live rd.live.squashimg=s.img rd.live.ram=1 rd.live.overlay=LABEL=ov:/path rd.live.overlay.size=100 rd.live.overlay.reset=1 " +
		"rd.live.overlay.readonly=1 rd.live.overlay.thin=1 rd.live.overlay.cowfs=xfs rd.live.check rd.live.debug=1 rd.writable.fsimg=1 iso-scan/filename=/boot/x.iso live.updates=http://192.0.2.1/u rhgb splash=quiet",
		root: "live:/dev/disk/by-label/Live\\x20CD"},
	{name: "livenet", cmdline: "root=live:http://192.0.2.1/live.img ip=dhcp rd.noverifyssl rd.writable.fsimg rd.minmem=1", root: "livenet", netroot: "livenet:http://192.0.2.1/live.img"},
	{name: "liveiso", cmdline: "root=live:/x.iso rd.live.image", root: "liveiso:/x.iso", files: map[string]string{"/x.iso": "", "/x.img": ""}},
	{name: "overlay", cmdline: "root=/dev/vda1 rd.live.overlay.overlayfs=1 rd.live.overlay=/dev/vdb1 rd.overlay=tmpfs:size=1m,nr_inodes=9 rd.overlay.reset=1 rd.overlay.readonly=1 rd.overlay.crypt=/dev/vdb,mapname=m rootovl " +
		"overlayroot=tmpfs systemd.volatile=overlay", root: "block:/dev/vda1"},
	{name: "virtio", cmdline: "root=virtiofs:tag rootflags=x", root: "virtiofs:tag", fstype: "virtiofs", rflags: "x"},
	{name: "9p", cmdline: "root=virtfs:tag ro", root: "virtfs:tag"},
	{name: "security", cmdline: "root=/dev/vda1 fips=1 boot=/dev/vda2 selinux=1 enforcing=1 masterkey=/etc/k masterkeytype=user evmkey=/etc/e evmx509=/etc/x ecryptfskey=/etc/f syslogserver=192.0.2.1 syslogfilter=*.* " +
		"syslogtype=rsyslogd rd.caps=1 rd.caps.initdrop=a,b rd.caps.disablemodules=1 rd.caps.disablekexec=1 rd.convertfs rd.driver.export=1 rd.vconsole.keymap=de rd.vconsole.font=f LANG=de_DE.UTF-8 rd.locale.LC_ALL=C",
		root: "block:/dev/vda1",
		files: map[string]string{"/etc/k": "key\n", "/etc/e": "key\n", "/etc/f": "key\n", "/sysroot/etc/selinux/config": "SELINUX=enforcing\n", "/sysroot/etc/sysconfig/masterkey": "MASTERKEY=/etc/k\n",
			"/sysroot/etc/sysconfig/integrity": "EVMKEY=/etc/e\n", "/sysroot/etc/ima/ima-policy": "x\n"}},
	{name: "trace", cmdline: "root=dhcp rd.debug rd.memdebug=3 rd.net.dhcp.retry=2 rd.info ip=eth0:dhcp6 ip=ibft", root: "dhcp", netroot: "dhcp"},
	{name: "kiwi", cmdline: "root=overlay:UUID=" + uuid + " rd.root.overlay.write=/dev/vdb rd.root.overlay.readonly rd.kiwi.debug rd.kiwi.install.pxe rd.kiwi.install.image=http://192.0.2.1/i rd.kiwi.oem.maxdisk=4G rd.kiwi.ramdisk " +
		"rd.kiwi.live.pxe rd.live.overlay.persistent rd.live.overlay.cowfs=ext4 rd.kiwi.mdraid=1 systemd.verity_root_hash=00ff kiwi_debug root=install:CDLABEL=INSTALL rd.kiwi.term rd.kiwi.oem.luks.reencrypt",
		root: "overlay:UUID=" + uuid, files: map[string]string{"/.profile": "kiwi_oemrootMB=\"1024\"\nkiwi_iname=\"x\"\nkiwi_oemresizeonce=\"true\"\n", "/config.oempartition": "x\n"}},
	{name: "kiwi live", cmdline: "root=live:AOEINTERFACE=eth0 rd.live.image", root: "live:aoe:/dev/etherd/e1.1"},
	{name: "odd", cmdline: "root=\"LABEL=a 'b' $(touch /x) `id` ; *\" rootflags=\"x y\" rd.lvm.vg=\"$(id)\" rd.luks.name=\"a'b=c\" ip=a:b:c init=/bin/sh\\", root: "block:/dev/disk/by-label/a\\x20'b'", rflags: "x y"},
}
