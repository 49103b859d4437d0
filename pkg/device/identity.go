package device

import (
	"strings"
)

// readIdentity fills in who a whole disk is. real is its directory below /sys, "devices/...". The names for
// by-id are those of systemd's 60-persistent-storage.rules with its helpers ata_id, scsi_id and usb_id; what
// these ask the disk itself, sysfs has kept from the kernel's own inquiry (vpd_pg80, vpd_pg83, vpd_pg89).
func readIdentity(r reader, real, name string, f *Facts) {
	dev := r.at("device")
	f.Driver = dev.link("driver")
	f.Transport = transport(real, name)
	f.IDPath, f.PathCompat = pathID(r.sys, real)
	switch {
	case strings.HasPrefix(name, "vd"):
		f.Serial = r.text("serial")
		f.addID("virtio-", f.Serial)
	case strings.HasPrefix(name, "nvme"):
		readNVMe(r, dev, f)
	case strings.HasPrefix(name, "mmcblk"):
		readMMC(dev, name, f)
	case strings.HasPrefix(name, "sd"), strings.HasPrefix(name, "sr"):
		readSCSI(dev, real, f)
	default:
		f.WWID = r.text("wwid")
	}
}

// addID notes a name for by-id. udev lets a '/' in a serial number make a directory; such a name is left
// out.
func (f *Facts) addID(prefix, id string) {
	if safe := Safe(id); safe != "" && !strings.Contains(id, "/") {
		f.IDs = append(f.IDs, prefix+safe)
	}
}

// transport names the way to a disk by the ancestors in its path.
func transport(real, name string) string {
	switch {
	case strings.HasPrefix(name, "nvme"):
		return "nvme"
	case strings.HasPrefix(name, "vd"):
		return "virtio"
	case strings.HasPrefix(name, "mmcblk"):
		return "mmc"
	case strings.HasPrefix(name, "xvd"):
		return "xen"
	case strings.HasPrefix(name, "pmem"):
		return "pmem"
	case strings.Contains(real, "/usb"):
		return "usb"
	case strings.Contains(real, "/session"):
		return "iscsi"
	case strings.Contains(real, "/rport-"):
		return "fc"
	case strings.Contains(real, "/end_device-"):
		return "sas"
	case strings.Contains(real, "/ata"):
		return "ata"
	case strings.Contains(strings.ToLower(real), "/vmbus"):
		return "hyperv"
	case strings.HasPrefix(name, "sd"), strings.HasPrefix(name, "sr"):
		return "scsi"
	}
	return ""
}

func readNVMe(r, dev reader, f *Facts) {
	f.WWID, f.Model, f.Serial = r.text("wwid"), dev.text("model"), dev.text("serial")
	f.addID("nvme-", f.WWID)
	if f.Model == "" || f.Serial == "" {
		return
	}
	f.addID("nvme-", f.Model+"_"+f.Serial)
	if nsid := r.text("nsid"); nsid != "" {
		f.addID("nvme-", f.Model+"_"+f.Serial+"_"+nsid)
	}
}

// readMMC leaves the boot partitions of eMMC, disks of their own to the kernel, without names.
func readMMC(dev reader, name string, f *Facts) {
	f.Model, f.Serial = dev.text("name"), dev.text("serial")
	if strings.Contains(name, "boot") || strings.Contains(name, "rpmb") {
		f.IDPath, f.PathCompat = "", nil
		return
	}
	if f.Model != "" && f.Serial != "" {
		f.addID("mmc-", f.Model+"_"+f.Serial)
	}
}

// readSCSI reads the disks of the SCSI layer: SATA by the disk's own IDENTIFY data, USB by the strings of the
// bridge, all others by the identification page.
func readSCSI(dev reader, real string, f *Facts) {
	f.Vendor, f.Model, f.WWID = dev.text("vendor"), dev.text("model"), dev.text("wwid")
	if page := dev.raw("vpd_pg80"); len(page) > 4 && page[1] == 0x80 {
		f.Serial = strings.TrimSpace(cString(page[4:]))
	}
	switch {
	case f.Transport == "usb":
		readUSB(dev, real, f)
	case f.Vendor == "ATA":
		readATA(dev.raw("vpd_pg89"), f)
	default:
		serial, wwn := scsiID(dev.raw("vpd_pg83"), f.Vendor, f.Model)
		f.addID("scsi-", serial)
		f.addID("wwn-", wwn)
	}
}

// readATA reads the IDENTIFY DEVICE data in the ATA Information page (SAT-4, 12.4.2): from byte 60 on, words
// with their low byte first, texts with the bytes of each word exchanged. Words 10-19 are the serial number,
// 27-46 the model, 108-111 the world wide name (ACS-4, 7.13.6).
func readATA(page []byte, f *Facts) {
	const identify = 60
	if len(page) < identify+512 || page[1] != 0x89 {
		return
	}
	id := page[identify:]
	model, serial := ataText(id[54:94]), ataText(id[20:40])
	if model == "" {
		return
	}
	f.Model = model
	if serial == "" {
		f.addID("ata-", model)
	} else {
		f.Serial = serial
		f.addID("ata-", Safe(model)+"_"+Safe(serial))
	}
	if id[217] == 0 && id[216] == 0 || id[217]>>4 != 5 {
		return
	}
	var wwn [8]byte
	for i := range wwn {
		wwn[i] = id[216+i^1]
	}
	f.addID("wwn-", "0x"+hexBytes(wwn[:]))
}

func ataText(b []byte) string {
	swapped := make([]byte, len(b))
	for i := range b {
		swapped[i] = b[i^1]
	}
	return strings.TrimSpace(cString(swapped))
}

// readUSB makes usb_id's name: vendor and model as the SCSI layer has them, the serial number of the USB
// device, target and LUN.
func readUSB(dev reader, real string, f *Facts) {
	usb := usbDevice(real)
	if usb == "" || f.Vendor == "" || f.Model == "" {
		return
	}
	serial := reader{dev.sys, usb}.text("serial")
	for i := 0; i < len(serial); i++ {
		if serial[i] < 0x20 || serial[i] > 0x7f || serial[i] == ',' {
			serial = "" // not allowed by the USB mass storage specification, so not believed
		}
	}
	name := Safe(f.Vendor) + "_" + Safe(f.Model)
	if serial != "" {
		f.Serial = serial
		name += "_" + Safe(serial)
	}
	if _, _, target, lun, ok := scsiAddress(scsiName(real)); ok {
		f.addID("usb-", name+"-"+itoa(target)+":"+itoa(lun))
	}
}

// usbDevice is the directory of the USB device above a disk: the parent of the interface "1-2:1.0".
func usbDevice(real string) string {
	parts := strings.Split(real, "/")
	for i := len(parts) - 1; i > 0; i-- {
		if strings.Contains(parts[i], "-") && strings.Contains(parts[i], ":") && !strings.Contains(parts[i-1], ":") {
			return strings.Join(parts[:i], "/")
		}
	}
	return ""
}

// cString cuts b at its first zero byte.
func cString(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

func hexBytes(b []byte) string {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, hexDigits[c>>4], hexDigits[c&15])
	}
	return string(out)
}
