package boot

import (
	"io/fs"
	"slices"
	"strings"
	"time"
)

// stillBusy notes the buses that scan. One that does so for longer than busPatience is not waited for: a card reader
// without a card never gets a disk.
func (f *finder) stillBusy(names []string) {
	now, busy := time.Now(), map[string]time.Time{}
	for _, name := range names {
		since, seen := f.busy[name]
		if !seen {
			since = now
		}
		busy[name] = since
	}
	f.busy = busy
}

// busPatience is usb-storage's delay_use, one second unless somebody changes it, and time for the scan behind it.
const busPatience = 3 * time.Second

// awaited lists the buses that are waited for.
func (f *finder) awaited() []string {
	var names []string
	for name, since := range f.busy {
		if time.Since(since) < busPatience {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// busyBuses names what still scans and may bring another candidate, per bus; "Which bus still scans" in
// docs/architecture.md has the reasons. The drivers of SCSI, ATA and NVMe scan before the load of their module returns (async_synchronize_full
// in do_init_module, kernel/module/main.c), so what is left are controllers that reset and USB disks.
func busyBuses(sys fs.FS) []string {
	return append(busyNVMe(sys), busyUSB(sys)...)
}

func busyNVMe(sys fs.FS) []string {
	var busy []string
	for _, name := range dirNames(sys, "class/nvme") {
		switch readWord(sys, "class/nvme/"+name+"/state") {
		case "new", "resetting", "connecting":
			busy = append(busy, name)
		}
	}
	return busy
}

// busyUSB names the interfaces bound to a storage driver whose host has no device yet: usb-storage waits delay_use
// seconds before it scans. An interface that stays empty (a card reader's hub without a unit) counts for that time only.
func busyUSB(sys fs.FS) []string {
	var busy []string
	for _, driver := range []string{"usb-storage", "uas"} {
		for _, name := range dirNames(sys, "bus/usb/drivers/"+driver) {
			if strings.Contains(name, ":") && !hasSCSIDevice(sys, "bus/usb/drivers/"+driver+"/"+name) {
				busy = append(busy, "usb "+name)
			}
		}
	}
	return busy
}

// hasSCSIDevice looks for hostN/targetN:0:0 below an interface: the scan has found something.
func hasSCSIDevice(sys fs.FS, dir string) bool {
	for _, host := range dirNames(sys, dir) {
		if !strings.HasPrefix(host, "host") {
			continue
		}
		for _, target := range dirNames(sys, dir+"/"+host) {
			if strings.HasPrefix(target, "target") {
				return true
			}
		}
	}
	return false
}

func dirNames(sys fs.FS, dir string) []string {
	entries, err := fs.ReadDir(sys, dir)
	if err != nil {
		return nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

func readWord(sys fs.FS, name string) string {
	data, err := fs.ReadFile(sys, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
