package chain

import (
	"path"
	"slices"
	"strings"
)

// Bus is a device of the driver core on the way to a disk.
type Bus struct {
	// Path is its folder below /sys, "devices/pci0000:00/0000:00:05.0".
	Path string
	// Modalias is what its drivers are found by, "" for none. Driver is the one that it has now, and Module the module which that comes from: "" when it is part of the kernel.
	Modalias, Driver, Module string
	// Suppliers are the paths of what it needs to work: PHYs, regulators, clocks, pin controllers, an IOMMU.
	Suppliers []string
}

// maxHardware bounds the walk over suppliers of suppliers.
const maxHardware = 256

// hardware adds a device of sysfs with everything above it that has a driver or could have one, from the top; before each what it is supplied by. What is in the list already is not added again.
func (h *Host) hardware(list []Bus, dir string) []Bus {
	var way []string
	for dir != "." && dir != "devices" && dir != "/" && strings.Contains(dir, "/") {
		way = append(way, dir)
		dir = path.Dir(dir)
	}
	for _, dir := range slices.Backward(way) {
		if len(list) >= maxHardware || slices.ContainsFunc(list, func(b Bus) bool { return b.Path == dir }) {
			continue
		}
		b := Bus{Path: dir, Modalias: h.modalias(dir), Driver: h.link(dir + "/driver"), Module: h.link(dir + "/driver/module"), Suppliers: h.suppliers(dir)}
		if b.Modalias == "" && b.Driver == "" && len(b.Suppliers) == 0 {
			continue
		}
		at := len(list)
		list = append(list, b)
		for _, s := range b.Suppliers {
			list = h.hardware(list, s)
		}
		list = append(slices.Delete(list, at, at+1), b) // behind its suppliers
	}
	return list
}

// modalias is an attribute on most buses; on mmc, nvdimm, cpu and others it stands in the uevent alone.
func (h *Host) modalias(dir string) string {
	if alias := h.attr(dir + "/modalias"); alias != "" {
		return alias
	}
	for line := range strings.Lines(h.read(h.Sys, dir+"/uevent")) {
		if alias, ok := strings.CutPrefix(line, "MODALIAS="); ok {
			return strings.TrimSpace(alias)
		}
	}
	return ""
}

// suppliers follows the links "supplier:BUS:NAME" (drivers/base/core.c, device_link_add) to the folders of the suppliers.
func (h *Host) suppliers(dir string) (list []string) {
	for _, name := range h.list(dir) {
		rest, ok := strings.CutPrefix(name, "supplier:")
		bus, device, ok2 := strings.Cut(rest, ":")
		if !ok || !ok2 {
			continue
		}
		link := "bus/" + bus + "/devices/" + device
		if real := h.real(link); real != link && !slices.Contains(list, real) {
			list = append(list, real)
		}
	}
	return list
}
