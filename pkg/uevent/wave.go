package uevent

import "strings"

// Kind says what a device is for, as far as its modalias tells; it decides in which wave its driver is
// loaded.
type Kind int

// The kinds, in the order in which a boot to a local root wants them. KindQuick is a disk, or a controller whose
// disks are there as soon as its driver is: paravirtual ones and NVMe. KindStorage is any other that disks hang on. KindBus is what such a controller may hang behind or need: bridges, USB hosts,
// hypervisor buses, PHYs, clocks, regulators. KindCPU is the processor, whose features bring accelerated
// checksums and ciphers. KindConsole is what a person at a prompt needs: keyboards, displays, virtual
// consoles. KindOther is all else: network, sound, sensors.
const (
	KindQuick Kind = iota
	KindStorage
	KindBus
	KindCPU
	KindConsole
	KindOther
)

// String is the kind as a word for logs.
func (k Kind) String() string {
	switch k {
	case KindQuick:
		return "quick storage"
	case KindStorage:
		return "storage"
	case KindBus:
		return "bus"
	case KindCPU:
		return "cpu"
	case KindConsole:
		return "console"
	}
	return "other"
}

// Wave classifies a modalias. The formats are those of scripts/mod/file2alias.c of the kernel. A modalias
// that it does not know is KindOther: its driver comes with the second wave, so a mistake here costs time
// and no boot.
func Wave(modalias string) Kind {
	bus, rest, _ := strings.Cut(modalias, ":")
	switch bus {
	case "pci":
		return pciKind(rest)
	case "virtio":
		return virtioKind(field(rest, "d", 8))
	case "usb":
		return usbKind(rest)
	case "scsi":
		return scsiKind(rest)
	case "cpu":
		return KindCPU
	case "hid", "input", "serio":
		return KindConsole
	case "of":
		return openFirmwareKind(rest)
	case "acpi":
		return acpiKind(rest)
	case "platform":
		return platformKind(rest)
	case "vmbus":
		return vmbusKind(rest)
	case "xen":
		return xenKind(rest)
	}
	return minorBusKind(bus, rest)
}

// minorBusKind knows the buses on which one look is enough.
func minorBusKind(bus, rest string) Kind {
	switch bus {
	case "nd": // persistent memory
		return KindQuick
	case "mmc", "ide", "ccw", "css":
		// mmc:block, ide:m-disk; s390: DASD, zfcp and their subchannels.
		return KindStorage
	case "vio":
		// POWER: "vio:TvscsiSIBM,v-scsi", "vio:TfcpSIBM,vfc-client".
		if strings.Contains(rest, "scsi") || strings.Contains(rest, "vfc") {
			return KindStorage
		}
	case "ieee1394":
		// SBP-2: specifier 0x00609e (drivers/firewire/sbp2.c).
		if strings.Contains(rest, "sp0000609E") {
			return KindStorage
		}
	}
	return KindOther
}

// pciKind reads "v00008086d00002922sv...sd...bc01sc06i01" (PCI Code and ID Assignment specification for the
// classes).
func pciKind(rest string) Kind {
	vendor, device := field(rest, "v", 8), field(rest, "d", 8)
	class := field(rest, "bc", 2) + field(rest, "sc", 2)
	if vendor == "00001AF4" {
		return virtioPCIKind(device)
	}
	switch class {
	case "0108": // NVMe
		return KindQuick
	case "0805", "0C04": // SD host controller, Fibre Channel
		return KindStorage
	case "0C00", "0C03": // FireWire, USB host
		return KindBus
	case "0880": // Thunderbolt before it was USB4 is "other system peripheral" of Intel
		if vendor == "00008086" {
			return KindBus
		}
		return KindOther
	}
	switch {
	case strings.HasPrefix(class, "FF"): // Realtek's card readers (rtsx_pci) have no class
		if vendor == "000010EC" {
			return KindStorage
		}
	case strings.HasPrefix(class, "01"): // mass storage: SCSI, IDE, RAID (VMD too), AHCI, SAS, NVMe, UFS
		return KindStorage
	case strings.HasPrefix(class, "06"): // bridges
		return KindBus
	case strings.HasPrefix(class, "03"), strings.HasPrefix(class, "09"): // display, input
		return KindConsole
	}
	return KindOther
}

// virtioPCIKind knows what a virtio device is while virtio_pci is not loaded: transitional devices have the
// ids 0x1000-0x103f in an order of their own, others 0x1040 plus the virtio id (virtio 1.2, 4.1.2).
func virtioPCIKind(device string) Kind {
	switch device {
	case "00001001":
		return virtioKind("00000002")
	case "00001003":
		return virtioKind("00000003")
	case "00001004":
		return virtioKind("00000008")
	}
	if len(device) == 8 && strings.HasPrefix(device, "000010") && device[6] >= '4' && device[6] <= '7' {
		return virtioKind("000000" + string(rune(device[6]-4)) + device[7:])
	}
	return KindOther
}

// virtioKind judges a virtio device id in eight hex digits (virtio 1.2, 5): 2 block, 8 SCSI, 27 persistent
// memory; 3 console, 16 GPU, 18 input.
func virtioKind(id string) Kind {
	switch id {
	case "00000002", "00000008", "0000001B":
		return KindQuick
	case "00000003", "00000010", "00000012":
		return KindConsole
	case "00000017": // IOMMU
		return KindBus
	}
	return KindOther
}

// usbKind reads "v0781p5567d0100dc00dsc00dp00ic08isc06ip50in00": interface class 08 is mass storage, 03
// HID; device class 09 a hub (USB class codes).
func usbKind(rest string) Kind {
	if i := strings.LastIndex(rest, "ic"); i >= 4 && len(rest) >= i+4 {
		// The product part never holds "ic"; "isc" and "ip" follow it.
		switch rest[i+2 : i+4] {
		case "08":
			return KindStorage
		case "03":
			return KindConsole
		case "09":
			return KindBus
		}
	}
	return KindOther
}

// scsiKind reads "t-0x00", the peripheral device type of SPC: disk, WORM, CD, optical, simplified disk, zoned
// disk.
func scsiKind(rest string) Kind {
	switch rest {
	case "t-0x00", "t-0x0e", "t-0x14":
		return KindQuick
	case "t-0x04", "t-0x05", "t-0x07":
		return KindStorage
	}
	return KindOther
}

// vmbusKind knows Hyper-V's devices by their GUID in the byte order of the modalias (include/linux/hyperv.h).
func vmbusKind(guid string) Kind {
	switch guid {
	case "d96361baa104294db60572e2ffb1dc7f", // SCSI
		"32264132cb86a2449b5c50d1417354f5", // IDE
		"4acc9b2f6900f34ab76b6fd0be528cda": // Fibre Channel
		return KindQuick
	case "1df6c444444400449d52802e27ede19f": // PCI pass-through
		return KindBus
	case "6dad12f9172bea48bd65f927a61c7684", // keyboard
		"9eb6a8cf4a5bc04cb98b8ba1a1f3f95a", // mouse
		"02780ada77e3ac4a8e770558eb1073f8": // display
		return KindConsole
	}
	return KindOther
}

func xenKind(rest string) Kind {
	switch rest {
	case "vbd", "vscsi":
		return KindQuick
	case "pci", "pcifront":
		return KindBus
	case "vfb", "vkbd", "console":
		return KindConsole
	}
	return KindOther
}

// field returns the width characters after the first key in s, "" when they are not there.
func field(s, key string, width int) string {
	_, after, ok := strings.Cut(s, key)
	if !ok || len(after) < width {
		return ""
	}
	return after[:width]
}
