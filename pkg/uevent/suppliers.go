package uevent

import (
	"io/fs"
	"strings"
)

// maxSuppliers bounds the walk over suppliers of suppliers.
const maxSuppliers = 256

// Suppliers calls visit, as Modaliases does, for each device that the device at devpath ("/devices/...") needs before its driver
// can work, and for what those need: PHYs, clocks, regulators, an IOMMU. The kernel shows each as a link
// "supplier:BUS:NAME" in the directory of the consumer (drivers/base/core.c, device_link_add). Without a
// modalias a supplier is passed over, but not what it needs itself.
func Suppliers(sys fs.FS, devpath string, visit func(dir, modalias, subsystem string)) {
	todo := []string{strings.TrimPrefix(devpath, "/")}
	seen := map[string]bool{todo[0]: true}
	for i := 0; i < len(todo) && i < maxSuppliers; i++ {
		for _, name := range list(sys, todo[i]) {
			bus, device, ok := strings.Cut(strings.TrimPrefix(name, "supplier:"), ":")
			if !ok || !strings.HasPrefix(name, "supplier:") || bus == "" {
				continue
			}
			link := "bus/" + bus + "/devices/" + device
			dir := strings.TrimPrefix(devPath(sys, link), "/")
			if !seen[dir] {
				seen[dir] = true
				todo = append(todo, dir)
				visitAlias(sys, link, bus, visit)
			}
		}
	}
}

// WaitsForSupplier says whether the kernel keeps the driver of the device at devpath back because a supplier
// that the firmware names has not appeared yet (fw_devlink; Documentation/ABI/testing/sysfs-devices-waiting_for_supplier).
func WaitsForSupplier(sys fs.FS, devpath string) bool {
	text, err := fs.ReadFile(sys, strings.TrimPrefix(devpath, "/")+"/waiting_for_supplier")
	return err == nil && len(text) > 0 && text[0] == '1'
}
