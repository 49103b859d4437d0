package udevd

import "github.com/pilebones/go-udev/netlink"

// Concerns says whether a message of udevd's monitor can bring the queue on: udevd is through with a block device, whose links are there now, or with a
// network interface; and which one. The message is a wake-up and no more: the inventory believes the kernel alone, so one that cannot be read concerns us
// as well.
func Concerns(message []byte) (device string, yes bool) {
	ev, err := netlink.ParseUEvent(message)
	if err != nil {
		return "", true
	}
	switch ev.Env["SUBSYSTEM"] {
	case "block", "net":
		return ev.KObj, true
	}
	return ev.KObj, false
}
