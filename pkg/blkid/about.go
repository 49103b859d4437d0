package blkid

// About says of a type that no kernel mounts what it is, and how a root in it is had: a word of the kernel command line if there is one. Both are
// empty for a file system. uuid is the one that the probe found.
func About(typ, uuid string) (what, advice string) {
	switch typ {
	case "crypto_LUKS":
		return "an encrypted volume", "behind which it may lie; it is opened by an image that was built with preroot build --luks, if rd.luks=0 does not forbid it"
	case "LVM2_member":
		return "a physical volume of LVM", "in whose volumes it may lie: name one by root=/dev/VG/LV, or by the root=UUID=... of what is in it"
	case "linux_raid_member":
		return "a member of an MD array", "which this preroot cannot assemble, and no word of the command line changes that: start another initramfs"
	case "BitLocker":
		return "an encrypted Windows volume", "which preroot cannot open; name another root=UUID=..."
	case "zfs_member":
		return "a device of a ZFS pool", "which preroot cannot import; name another root=UUID=..."
	case "bcache":
		return "a part of a bcache", "whose file system is on the bcache device: write root=/dev/bcache0"
	case "swap", "swsuspend":
		return "a swap area", "which is no file system; the word that resumes from it is resume=UUID=" + orUUID(uuid)
	case "jbd":
		return "the external journal of another file system", "which is no file system; name that one, root=UUID=..."
	case "squashfs3":
		return "a squashfs older than version 4", "which no kernel mounts; make it anew with mksquashfs"
	}
	return "", ""
}

func orUUID(uuid string) string {
	if uuid == "" {
		return "..."
	}
	return uuid
}
