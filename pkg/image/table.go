package image

// need is something that a module asks the kernel for while it works (request_module), or that it is of no use
// without, and that neither modules.dep nor a softdep of every kernel tells.
type need struct {
	who   string
	words []string // names or aliases, as modprobe takes them
	chain bool     // an image of known hardware loads it with the chain
	wide  bool     // of use in a generic image only; --drivers names what it wants of these
	why   string
}

// needs is the table of them. What a boot needs in any case is a softdep of the kernel too (ext4, xfs and btrfs of
// crc32c), so that /init loads it beforehand; the rest is loaded when the kernel asks. The functions are those of the kernel source, 6.1 to 6.12.
var needs = []need{
	{who: "ext4", words: []string{"crypto-crc32c"}, why: "ext4_fill_super takes crypto_alloc_shash(\"crc32c\"): the full Debian kernel has it as a module"},
	{who: "jbd2", words: []string{"crypto-crc32c"}, why: "journal checksums, the same"},
	{who: "libcrc32c", words: []string{"crypto-crc32c"}, why: "crypto_alloc_shash in its init; xfs, btrfs, dm and nvme come through it"},
	{who: "btrfs", words: []string{"crypto-crc32c", "crypto-xxhash64", "crypto-sha256", "crypto-blake2b-256"}, why: "btrfs_init_csum_hash: the checksum kind of the superblock"},
	{who: "f2fs", words: []string{"crypto-crc32"}, why: "f2fs_fill_super"},
	{who: "vfat", words: []string{"nls_cp437", "nls_ascii", "nls_iso8859-1", "nls_utf8"}, why: "load_nls of the default code page and charset (CONFIG_FAT_DEFAULT_*), and of mount options"},
	{who: "isofs", words: []string{"nls_utf8", "nls_iso8859-1"}, why: "load_nls_default for Joliet names"},
	{who: "scsi_mod", words: []string{"sd_mod"}, chain: true, why: "a disk behind any SCSI, ATA or USB host; its modalias (scsi:t-0x00) comes late"},
	{who: "scsi_mod", words: []string{"crypto-crct10dif"}, why: "sd_mod: T10 protection information"},
	{who: "mmc_core", words: []string{"mmc_block"}, chain: true, why: "the block device on a card (mmc:block)"},
	{who: "usbhid", words: []string{"hid-generic"}, why: "hid_bus: the driver of a plain keyboard (hid:b0003...)"},
	{who: "dm_crypt", words: []string{"crypto-aes", "crypto-xts", "crypto-cbc", "crypto-essiv"}, why: "crypt_ctr: the ciphers that cryptsetup uses by default"},
	{who: "dm_mod", words: []string{"dm-crypt", "dm-mirror", "dm-snapshot", "dm-thin-pool", "dm-raid", "dm-integrity", "dm-verity", "dm-multipath"}, wide: true, why: "dm_get_target_type: request_module(\"dm-%s\")"},
	{who: "md_mod", words: []string{"raid0", "raid1", "raid10", "raid456", "linear"}, wide: true, why: "md_run: request_module(\"md-level-%d\")"},
}

// folder is a part of the kernel's module tree that a generic image takes, but some.
type folder struct {
	path string
	but  []string
	why  string
}

// genericFolders: the storage controllers, buses and input devices that can stand between power-on and root.
var genericFolders = []folder{
	{path: "drivers/ata", why: "SATA, PATA"},
	{path: "drivers/scsi", but: []string{"scsi_debug", "sg", "st", "ch", "ses"}, why: "SCSI hosts with virtio, VMware, Hyper-V, Xen; disks and CDs"},
	{path: "drivers/nvme/host", why: "NVMe"},
	{path: "drivers/block", but: []string{"drbd", "rbd", "null_blk", "zram", "floppy", "nbd", "ublk_drv", "brd", "aoe"}, why: "virtio-blk, xen-blkfront, loop"},
	{path: "drivers/message/fusion", why: "the SCSI controller of VMware and old servers"},
	{path: "drivers/cdrom", why: "live media"},
	{path: "drivers/usb/storage", why: "USB disks (usb-storage, uas, the ums_* variants)"},
	{path: "drivers/usb/host", but: []string{"sl811_cs", "sl811_hcd", "u132_hcd"}, why: "disks and keyboards hang on them"},
	{path: "drivers/mmc/core", why: "eMMC, SD cards"},
	{path: "drivers/mmc/host", why: "eMMC, SD cards"},
	{path: "drivers/ufs", why: "UFS flash"},
	{path: "drivers/virtio", why: "the virtio buses"},
	{path: "drivers/hv", but: []string{"hv_balloon", "hv_utils"}, why: "the bus of Hyper-V"},
	{path: "drivers/xen", but: []string{"xen_gntdev", "xen_gntalloc", "xen_scsiback", "xen_pciback", "xen_evtchn", "xen_privcmd"}, why: "the bus of Xen"},
	{path: "drivers/pci/controller", why: "Intel VMD: NVMe behind it is invisible without"},
	{path: "drivers/nvdimm", why: "persistent memory"},
	{path: "drivers/firewire", but: []string{"firewire_net", "nosy"}, why: "FireWire disks"},
	{path: "drivers/hid", but: []string{"hid_nintendo", "hid_wiimote", "hid_picolcd", "hid_prodikeys", "hid_roccat", "hid_sony", "hid_steam", "hid_playstation",
		"wacom", "hid_uclogic", "hid_sensor_hub", "hid_sensor_custom", "intel_ishtp", "intel_ish_ipc", "intel_ishtp_hid", "amd_sfh", "hid_cp2112", "hid_ft260", "hid_mcp2221",
		"hid_thrustmaster", "hid_bigbenff", "hid_udraw_ps3", "hid_u2fzero", "hid_led"}, why: "keyboards for a passphrase or the emergency shell; hid-generic takes over where one of these would be"},
	{path: "drivers/input/keyboard", why: "keyboards"},
	{path: "drivers/input/serio", but: []string{"serport", "altera_ps2"}, why: "PS/2 keyboards"},
	{path: "fs/nls", why: "names on vfat and iso9660"},
}

// genericModules: single modules of a generic image.
var genericModules = []string{
	"ext4", "xfs", "btrfs", "f2fs", "squashfs", "erofs", "vfat", "exfat", "isofs", "udf", "overlay", // root, /usr, /boot/efi, live media
	"thunderbolt",            // the tunnel to external NVMe
	"efivarfs", "efi_pstore", // firmware variables
	"dm-mod", "md-mod", // layers between disk and root
	"virtio_console", "virtio_rng", // console=hvc0; entropy
	"virtio_input", "hyperv-keyboard", // keyboards of virtual machines
	"crypto-crc32c", "crypto-crct10dif", "crc64-rocksoft_generic", // checksums asked for by request_module
}

// genericConsole: what stands between a person and the prompt on some machines; a kernel that was configured for others
// lacks them without loss. Of the display drivers only those are taken whose display shows nothing without: elsewhere the
// firmware's screen (VGA text, EFI or VESA frame buffer) stays, and no driver that lacks its firmware can take it away.
// What all of bochs, qxl, vmwgfx, cirrus, mgag200 and ast would add is as much again.
var genericConsole = []string{
	"virtio-gpu", "hyperv_drm", "hyperv_fb", // displays of virtual machines without VGA
	"intel-lpss-pci", "intel-lpss-acpi", "i2c-designware-platform", "i2c-designware-pci", "pinctrl-amd", // keyboards on I2C (i2c-hid)
	"applespi", "spi-pxa2xx-platform", "spi-pxa2xx-pci", // MacBooks
	"surface_aggregator_registry", // Surface
	"button", "evdev",             // the power button: a boot that waits or has stopped is powered off in good order
}

// genericRare: file systems that only some kernels have.
var genericRare = []string{"ntfs3", "nilfs2", "bcachefs"}

// neverGeneric: tests and toys that lie in the folders above.
var neverGeneric = []string{"scsi_transport_srp", "tcm_loop", "fcoe", "libfcoe", "iscsi_boot_sysfs", "bnx2fc", "bnx2i", "cxgb3i", "cxgb4i", "csiostor", "qedf", "qedi", "xen_netback"}

// quickModules are what a boot on virtual hardware, or from NVMe, begins with, and the file system of most roots. In a generic image they lie unpacked in the compressed part, with what they need (0.2 to 2 MB): the kernel unpacks
// that faster than /init unpacks each by itself.
var quickModules = []string{"virtio_pci", "virtio_mmio", "virtio_blk", "nvme", "xen_blkfront", "ext4"}
