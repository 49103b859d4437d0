package chain

import (
	"path"
	"strconv"
	"strings"
)

// findInputs finds the hardware of a person who types. Keyboards may be exchanged, the hosts that they hang on not: so all hosts of USB count, and for keyboards on other buses what is there.
func (f *finder) findInputs() {
	h := f.h
	for _, name := range h.list("bus/pci/devices") {
		dir := h.real("bus/pci/devices/" + name)
		if strings.HasPrefix(h.attr(dir+"/class"), "0x0c03") { // PCI code and ID assignment: serial bus, USB
			f.c.Inputs = h.hardware(f.c.Inputs, dir)
		}
	}
	for _, name := range h.list("bus/platform/devices") {
		if dir := h.real("bus/platform/devices/" + name); strings.Contains(h.link(dir+"/driver"), "hci") || strings.HasPrefix(h.link(dir+"/driver"), "dwc") {
			f.c.Inputs = h.hardware(f.c.Inputs, dir)
		}
	}
	for _, name := range h.list("class/input") {
		if dir := h.real("class/input/" + name); strings.HasPrefix(name, "input") && isKeyboard(h.attr(dir+"/capabilities/key")) {
			f.c.Inputs = h.hardware(f.c.Inputs, path.Dir(path.Dir(dir))) // not by its own modalias: that asks for evdev and its like
		}
	}
	for _, class := range []string{"graphics", "drm", "tty", "virtio-ports"} {
		for _, name := range h.list("class/" + class) {
			dir := h.real("class/" + class + "/" + name)
			holder := path.Dir(path.Dir(dir))
			switch class {
			case "tty":
				if !f.isConsole(name) {
					continue
				}
			case "virtio-ports": // hvc0 itself is a virtual device, which leads nowhere
				if !f.isConsole("hvc") {
					continue
				}
			default:
				if !onlyDisplay(h.hardware(nil, holder)) {
					continue
				}
			}
			f.c.Inputs = h.hardware(f.c.Inputs, holder)
		}
	}
	for _, name := range h.list("bus/cpu/devices") {
		if b := (Bus{Path: h.real("bus/cpu/devices/" + name), Modalias: h.modalias("bus/cpu/devices/" + name)}); b.Modalias != "" {
			f.c.Processor = []Bus{b}
			break
		}
	}
}

// isConsole says whether a console= word names a terminal, or one that counts so: "hvc" is any of these.
func (f *finder) isConsole(name string) bool {
	for _, word := range f.c.params.All("console") {
		if word, _, _ = strings.Cut(word, ","); strings.TrimRight(word, "0123456789") == name || word == name {
			return true
		}
	}
	return false
}

// onlyDisplay says whether a display shows nothing without its driver: those of virtual machines that have no VGA. On others the firmware's screen stays.
func onlyDisplay(way []Bus) bool {
	for _, b := range way {
		switch b.Driver {
		case "virtio_gpu", "hyperv_drm", "hyperv_fb":
			return true
		}
	}
	return false
}

// isKeyboard says whether a device has the keys of a typewriter: Enter, A and Space (linux/input-event-codes.h). The attribute is words of the kernel's size in hexadecimal, the lowest last.
func isKeyboard(bitmap string) bool {
	words := strings.Fields(bitmap)
	if len(words) == 0 {
		return false
	}
	low, err := strconv.ParseUint(words[len(words)-1], 16, 64)
	const keys = 1<<28 | 1<<30 // KEY_ENTER, KEY_A: both in the lowest 32 bits
	return err == nil && low&keys == keys
}

// inputWords are the drivers of keyboards, by their kinds: one that is plugged in tomorrow has to work as well.
var inputWords = []string{"i8042", "atkbd", "usbhid", "hid-generic"}
