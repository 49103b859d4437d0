package vm

import (
	"fmt"
	"path/filepath"
)

// A Wire is an Ethernet cable between two machines: datagrams between two sockets in a folder. A frame that is sent while nobody listens at the other end
// is lost, as on a cable that is not plugged in; so one machine may go and another come.
type Wire struct{ Dir string }

// Args are the arguments of QEMU that give a machine a network card at an end of the wire, 0 or 1. The card's address ends with the number of the end.
func (w Wire) Args(end int) []string {
	return []string{
		"-netdev", fmt.Sprintf("dgram,id=wire,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s", w.socket(end), w.socket(1-end)),
		"-device", fmt.Sprintf("virtio-net-pci,netdev=wire,romfile=,mac=52:54:00:0a:09:%02x", end+1),
	}
}

func (w Wire) socket(end int) string { return filepath.Join(w.Dir, fmt.Sprintf("end%d", end)) }
