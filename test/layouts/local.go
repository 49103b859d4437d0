package main

// rootUUID is that of every root file system.
const rootUUID = "6d1a8c7e-44f5-4f0a-9d7b-1b9a3f0c2e11"

// luksUUID is that of every LUKS header, mdUUID of every array; passphrase opens what is encrypted.
const (
	luksUUID   = "0c5e4b7a-7d0c-4a3e-8f65-52a1d2f5b9c3"
	keyUUID    = "b7a0f4f5-9c0e-4f5c-8f0a-8f5f7a9d1c22"
	usrUUID    = "93f4d7c2-0f8b-4c55-a6f1-3f7f0f5a7e33"
	mdUUID     = "4a1c9f60:7e2b4d18:90c3aa57:16f0e2b4"
	passphrase = "correct horse"
)

// root is the word of a root that is found by its UUID.
const root = "root=UUID=" + rootUUID + " rw"

// shell functions that several layouts are made with.
const (
	// put makes an ext4 on a device and fills it.
	put = `
put() { mke2fs -q -F -t ext4 -U ` + rootUUID + ` "$1"; mkdir -p /run/root; mount -t ext4 "$1" /run/root; fill /run/root; umount /run/root; }
`
	// lvm of a system where no udevd runs; volumes are activated once, and closed at the end.
	lvm = `
lvm() { command lvm "$@" --config 'activation { udev_sync=0 udev_rules=0 monitoring=0 } devices { use_devicesfile=0 }'; }
`
	// encrypt makes a LUKS header with a key that costs little time, and opens it as /dev/mapper/plain.
	encrypt = `
encrypt() {
    printf %s '` + passphrase + `' >/run/passphrase
    cryptsetup -q luksFormat --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --uuid ` + luksUUID + ` "$1" /run/passphrase
    cryptsetup open --key-file /run/passphrase "$1" plain
}
`
	// mirror makes an array of two devices.
	mirror = `
mirror() { mdadm --create /dev/md0 --run --quiet --metadata=1.2 --homehost=any --name=root --uuid=` + mdUUID + ` --level=1 --raid-devices=2 --bitmap=none --assume-clean "$1" "$2"; }
`
)

// typed is the passphrase, typed when it is asked for.
var typed = []Typed{{Prompt: "passphrase for", Text: passphrase}}

// factOfRoot is the line of a mounted root.
func factOfRoot(kind, device string) string { return "root " + kind + " " + device }

// local are the layouts that lie on disks of the machine.
var local = []Layout{
	{
		Name: "ext4", Title: "ext4, checked before it is mounted",
		Modules: same(""), Disks: []int{256},
		// The time of the last check is long ago: whoever checks sets it.
		Make:    put + `put $d1; tune2fs -T 19710101 -c 1 -C 5 $d1`,
		Cmdline: same(root),
		Facts: `last=$($b dd if=/dev/vda bs=4 skip=272 count=1 2>/dev/null | $b od -An -tu4 | $b tr -d ' ')
[ "$last" -gt 1000000000 ] && echo "FACT checked"`,
		Want: facts("checked", factOfRoot("ext4", "/dev/vda")),
	},
	{
		Name: "usr", Title: "ext4 with /usr on a disk of its own",
		Modules: same(""), Disks: []int{256, 128},
		Make: put + `put $d1
mke2fs -q -F -t ext4 -U ` + usrUUID + ` $d2
mkdir -p /run/root /run/usr; mount -t ext4 $d1 /run/root; mount -t ext4 $d2 /run/usr
mv /run/root/usr/* /run/usr/; touch /run/usr/there
printf 'UUID=` + rootUUID + ` / ext4 defaults 0 1\nUUID=` + usrUUID + ` /usr ext4 nodev 0 2\n' >/run/root/etc/fstab
umount /run/root /run/usr`,
		Cmdline: same(root),
		Facts:   `[ -e /usr/there ] && echo "FACT usr is there"`,
		Want:    facts("usr is there", factOfRoot("ext4", "/dev/vda")),
	},
	{
		Name: "btrfs", Title: "btrfs over two disks",
		Modules: same("btrfs"), Drivers: "btrfs", Disks: []int{256, 256}, Members: true,
		Make: `mkfs.btrfs -q -f -U ` + rootUUID + ` -d raid1 -m raid1 $d1 $d2
btrfs device scan; mkdir -p /run/root; mount -t btrfs $d1 /run/root; fill /run/root; umount /run/root`,
		Cmdline: same(root),
		Want:    facts(factOfRoot("btrfs", "member")),
	},
	{
		Name: "lvm-linear", Title: "LVM, a linear volume over two disks",
		Modules: same("dm lvm"), Drivers: "dm_mod", Disks: []int{128, 256},
		Make: put + lvm + `lvm pvcreate $d1 $d2; lvm vgcreate box $d1 $d2; lvm lvcreate -Zn -Wn -l 100%FREE -n root box
lvm vgmknodes; put /dev/box/root; lvm vgchange -an box`,
		Cmdline: same(root + " rd.lvm.lv=box/root"),
		Want:    facts(factOfRoot("ext4", "/dev/mapper/box-root"), "need-shutdown"),
	},
	{
		Name: "lvm-thin", Title: "LVM, a thin volume",
		Modules: same("dm lvm"), Drivers: "dm_mod dm_thin_pool", Disks: []int{384},
		Make: put + lvm + `lvm pvcreate $d1; lvm vgcreate box $d1; lvm lvcreate -L 256M -T box/pool; lvm lvcreate -V 512M -T box/pool -n root
lvm vgmknodes; put /dev/box/root; lvm vgchange -an box`,
		Cmdline: same(root + " rd.lvm.lv=box/root"),
		Want:    facts(factOfRoot("ext4", "/dev/mapper/box-root")),
	},
	{
		Name: "lvm-on-luks", Title: "LVM on LUKS, the passphrase typed",
		Modules: same("dm lvm crypt"), Drivers: "dm_mod dm_crypt", Disks: []int{256}, Typed: typed, Wall: true,
		Make: put + lvm + encrypt + `encrypt $d1; lvm pvcreate /dev/mapper/plain; lvm vgcreate box /dev/mapper/plain
lvm lvcreate -Zn -Wn -l 100%FREE -n root box; lvm vgmknodes; put /dev/box/root; lvm vgchange -an box; cryptsetup close plain`,
		Cmdline: same(root + " rd.luks.uuid=" + luksUUID + " rd.lvm.lv=box/root"),
		Want:    facts(factOfRoot("ext4", "/dev/mapper/box-root"), "need-shutdown"),
	},
	{
		Name: "md-raid1", Title: "MD RAID 1, whole",
		Modules: same("mdraid"), Drivers: "raid1", Disks: []int{256, 256},
		Make:    put + mirror + `mirror $d1 $d2; put /dev/md0; mdadm --stop /dev/md0`,
		Cmdline: same(root + " rd.md.uuid=" + mdUUID),
		Want:    facts("raid1 disks=2 degraded=0"),
	},
	{
		// dracut waits for the other disk until two thirds of rd.retry are over.
		Name: "md-degraded", Title: "MD RAID 1, one disk missing",
		Modules: same("mdraid"), Drivers: "raid1", Disks: []int{256, 256}, Missing: []int{2},
		Make:    put + mirror + `mirror $d1 $d2; put /dev/md0; mdadm --stop /dev/md0`,
		Cmdline: same(root + " rd.md.uuid=" + mdUUID + " rd.retry=15"),
		Want:    facts("raid1 disks=2 degraded=1"),
	},
	{
		Name: "luks-typed", Title: "LUKS, the passphrase typed",
		Modules: same("dm crypt"), Drivers: "dm_mod dm_crypt", Disks: []int{256}, Typed: typed, Wall: true,
		Make:    put + encrypt + `encrypt $d1; put /dev/mapper/plain; cryptsetup close plain`,
		Cmdline: same(root + " rd.luks.uuid=" + luksUUID),
		Want:    facts(factOfRoot("ext4", "/dev/mapper/luks-"+luksUUID)),
	},
	{
		Name: "luks-key", Title: "LUKS, the key on another disk",
		Modules: same("dm crypt"), Drivers: "dm_mod dm_crypt", Disks: []int{256, 64},
		Make: put + encrypt + `encrypt $d1; put /dev/mapper/plain; cryptsetup close plain
mke2fs -q -F -t ext4 -U ` + keyUUID + ` $d2; mkdir -p /run/key; mount -t ext4 $d2 /run/key; mkdir /run/key/keys; cp /run/passphrase /run/key/keys/root.key; umount /run/key`,
		Cmdline: same(root + " rd.luks.uuid=" + luksUUID + " rd.luks.key=/keys/root.key:UUID=" + keyUUID),
		Want:    facts(factOfRoot("ext4", "/dev/mapper/luks-"+luksUUID)),
	},
	{
		Name: "luks-on-lvm-on-md", Title: "LUKS on LVM on MD RAID 1, the passphrase typed",
		Modules: same("dm lvm crypt mdraid"), Drivers: "dm_mod dm_crypt raid1", Disks: []int{256, 256}, Typed: typed, Wall: true,
		Make: put + lvm + encrypt + mirror + `mirror $d1 $d2; lvm pvcreate /dev/md0; lvm vgcreate box /dev/md0; lvm lvcreate -Zn -Wn -l 100%FREE -n root box
lvm vgmknodes; encrypt /dev/box/root; put /dev/mapper/plain; cryptsetup close plain; lvm vgchange -an box; mdadm --stop /dev/md0`,
		Cmdline: same(root + " rd.luks.uuid=" + luksUUID + " rd.lvm.lv=box/root rd.md.uuid=" + mdUUID),
		Want:    facts(factOfRoot("ext4", "/dev/mapper/luks-"+luksUUID), "raid1 disks=2 degraded=0"),
	},
	{
		Name: "overlay", Title: "an overlay in memory over ext4",
		Modules: overlayModule, Drivers: "overlay", Disks: []int{256},
		Make:    put + `put $d1`,
		Cmdline: overlayWords,
		Want: func(d Dracut) []string {
			if d.Version != newest {
				return []string{factOfRoot("overlay", "overlay")}
			}
			return []string{factOfRoot("overlay", "LiveOS_rootfs")}
		},
	},
}

// overlayModule: the overlayfs of dracut 059 and 106 is for live images alone; Debian's have another module, for any root.
func overlayModule(d Dracut) string {
	if d.Version != newest {
		return "overlay-root"
	}
	return "overlayfs"
}

// overlayWords are the words of those modules.
func overlayWords(d Dracut) string {
	if d.Version != newest {
		return root + " rootovl"
	}
	return root + " rd.overlay=1"
}
