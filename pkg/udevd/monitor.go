package udevd

import "github.com/pilebones/go-udev/netlink"

// Concerns says whether a message of udevd's monitor can bring the queue on: udevd is through with a block device, whose links are there now, or with a
// network interface. The message is a wake-up and no more: the inventory believes the kernel alone, so one that cannot be read concerns us as well.
func Concerns(message []byte) bool {
	ev, err := netlink.ParseUEvent(message)
	if err != nil {
		return true
	}
	switch ev.Env["SUBSYSTEM"] {
	case "block", "net":
		return true
	}
	return false
}
