package trial

import (
	"path"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/chain"
)

// Bus is how a disk is attached.
type Bus string

// The buses that QEMU has disks for.
const (
	VirtioBlk  Bus = "virtio-blk"
	VirtioMMIO Bus = "virtio-blk, not on PCI"
	VirtioSCSI Bus = "virtio-scsi"
	NVMe       Bus = "nvme"
	AHCI       Bus = "ahci"
	IDE        Bus = "ide"
	USB        Bus = "usb"
	UAS        Bus = "usb, uas"
	SD         Bus = "sd"
	MegaRAID   Bus = "megaraid"
	PVSCSI     Bus = "pvscsi"
	SYM53C8XX  Bus = "sym53c8xx"
	MPTSAS     Bus = "mptsas"
)

// model is how a bus is made. Each disk has a controller of its own, so that the order of disks is that of the command line.
type model struct {
	driver     string   // the kernel's, of what makes the bus what it is
	also       []string // the other drivers that a disk on it is driven by
	controller string   // of QEMU, "" for none
	disk       string   // behind whose bus comes
	scsi       bool
}

// models is a table in which the first driver wins that a disk's hardware has, from the disk up.
func models() map[Bus]model {
	return map[Bus]model{
		VirtioBlk:  {driver: "virtio_blk", also: []string{"virtio_pci"}, disk: "virtio-blk-pci"},
		VirtioMMIO: {driver: "virtio_mmio", also: []string{"virtio_blk"}, disk: "virtio-blk-device"},
		VirtioSCSI: {driver: "virtio_scsi", also: []string{"virtio_pci"}, controller: "virtio-scsi-pci", disk: "scsi-hd", scsi: true},
		NVMe:       {driver: "nvme", disk: "nvme"},
		AHCI:       {driver: "ahci", controller: "ahci", disk: "ide-hd", scsi: true},
		IDE:        {driver: "ata_piix", disk: "ide-hd,bus=ide.0", scsi: true},
		USB:        {driver: "usb_storage", also: []string{"xhci_pci", "xhci_hcd", "usb"}, controller: "qemu-xhci", disk: "usb-storage", scsi: true},
		UAS:        {driver: "uas", also: []string{"xhci_pci", "xhci_hcd", "usb"}, controller: "qemu-xhci", disk: "usb-uas", scsi: true},
		SD:         {driver: "sdhci_pci", also: []string{"mmcblk", "mmc_block"}, controller: "sdhci-pci", disk: "sd-card"},
		MegaRAID:   {driver: "megaraid_sas", controller: "megasas-gen2", disk: "scsi-hd", scsi: true},
		PVSCSI:     {driver: "vmw_pvscsi", controller: "pvscsi", disk: "scsi-hd", scsi: true},
		SYM53C8XX:  {driver: "sym53c8xx", controller: "lsi53c895a", disk: "scsi-hd", scsi: true},
		MPTSAS:     {driver: "mptsas", controller: "mptsas1068", disk: "scsi-hd", scsi: true},
	}
}

// notShown are drivers that a machine of QEMU has as well, or that drive nothing of their own.
var notShown = []string{"sd", "sd_mod", "pcieport", "usb", "usb_storage", "hub", "nvme_core", "libata", "libahci", "scsi_mod"}

// driverName is the driver of a device, as modules are written; "" for none.
func driverName(b chain.Bus) string {
	name := b.Module
	if name == "" {
		name = b.Driver
	}
	return strings.ReplaceAll(name, "-", "_")
}

// bus finds the bus for a disk by what drives its hardware; what it leaves out is named.
func (p *Plan) bus(disk *Disk, hardware []chain.Bus) {
	all := models()
	has := func(driver string) bool {
		return slices.ContainsFunc(hardware, func(b chain.Bus) bool {
			return driverName(b) == driver || strings.ReplaceAll(b.Driver, "-", "_") == driver
		})
	}
	for _, bus := range []Bus{VirtioMMIO, VirtioBlk, VirtioSCSI, NVMe, AHCI, IDE, UAS, USB, SD, MegaRAID, PVSCSI, SYM53C8XX, MPTSAS} {
		if has(all[bus].driver) {
			disk.Bus = bus
			break
		}
	}
	if disk.Bus == "" {
		disk.Bus, p.Substitute = VirtioBlk, true
		p.untried("%s: QEMU has no disk like it; its stand-in is on virtio-blk", disk.Name)
	}
	m := all[disk.Bus]
	for _, b := range hardware {
		name := driverName(b)
		if b.Module == "" || name == m.driver || slices.Contains(m.also, name) || slices.Contains(notShown, name) {
			continue
		}
		p.untried("%s: %s, the driver of %s", disk.Name, name, path.Base(b.Path))
	}
}

// For fits the plan to the kernel's processor: what QEMU's machine of that kind has no place for is on virtio-blk.
func (p *Plan) For(arch string) {
	for _, d := range p.Disks {
		if d.Bus == VirtioMMIO && arch == AMD64 || d.Bus == IDE && arch == ARM64 {
			p.untried("%s: QEMU has no %s for %s; its stand-in is on virtio-blk", d.Name, d.Bus, arch)
			d.Bus, p.Substitute = VirtioBlk, true
		}
	}
}
