package uevent

import "strings"

// acpiKind reads "LNRO0005:PNP0C0F:": every id of the device, each ended by a colon.
func acpiKind(rest string) Kind {
	kind := KindOther
	for rest != "" {
		var id string
		id, rest, _ = strings.Cut(rest, ":")
		kind = min(kind, acpiID(id))
	}
	return kind
}

// acpiID judges one ACPI or PNP id.
func acpiID(id string) Kind {
	switch id {
	case "80860F14", "80860F16", "80865ACA", "80865ACC", "80865AD0", "INT33BB", "INT33C6", "INT3436", "INT344D",
		"PNP0D40", "QCOM8051", "QCOM8052", "AMDI0040", "AMDI0041", "ACPI0012":
		// SD and eMMC hosts (drivers/mmc/host/sdhci-acpi.c), NVDIMM root.
		return KindStorage
	case "VMBUS", "VMBus", "LNRO0005": // Hyper-V, virtio-mmio
		return KindQuick
	case "PNP0A03", "PNP0A08", "ACPI0004", "PNP0D10", "PNP0D15": // PCI, USB hosts
		return KindBus
	case "LNXPWRBN", "PNP0C0C": // power buttons
		return KindConsole
	}
	switch {
	case strings.HasPrefix(id, "PNP03"), strings.HasPrefix(id, "PNP0F"): // keyboards, mice (i8042)
		return KindConsole
	}
	return KindOther
}

// platformKind judges the name of a platform device.
func platformKind(name string) Kind {
	switch {
	case has(name, "mmc", "sdhci", "ahci", "sata", "ufs", "pata"):
		return KindStorage
	case has(name, "virtio-mmio", "virtio_mmio"):
		return KindQuick
	case has(name, "xhci", "ehci", "ohci", "dwc2", "dwc3", "phy", "regulator", "pinctrl", "clk"):
		return KindBus
	case has(name, "i8042", "framebuffer", "simpledrm"):
		return KindConsole
	}
	return KindOther
}

// openFirmwareKind reads "NmmcT(null)Cbrcm,bcm2835-mmc": the node's name and each string of its
// "compatible" property after a C. Names of nodes are generic by the device tree specification (2.2.2), so
// the words below find controllers and the suppliers that they wait for.
func openFirmwareKind(rest string) Kind {
	name, _, _ := strings.Cut(strings.TrimPrefix(rest, "N"), "T")
	switch {
	case has(rest, "nvme", "virtio,mmio"):
		return KindQuick
	case has(rest, "mmc", "sdhci", "ahci", "sata", "ufs", "scsi"):
		return KindStorage
	case has(name, "ethernet", "sound", "codec", "camera", "video", "audio", "wifi", "bluetooth"):
		return KindOther
	case has(name, "keyboard", "gpio-keys", "display", "hdmi", "panel", "gpu", "framebuffer", "backlight"):
		return KindConsole
	case has(rest, "phy", "clock", "regulator", "pinctrl", "iommu", "pcie", "usb", "dma", "i2c", "gpio", "reset",
		"power", "mailbox", "spmi", "rpmh", "interconnect", "pmic", "hwspinlock", "scm"):
		return KindBus
	}
	return KindOther
}

// has says whether s holds one of the words.
func has(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
