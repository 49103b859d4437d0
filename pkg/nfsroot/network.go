package nfsroot

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/preroot/preroot/internal/linux"
)

// ethernet is the kind of network devices that may bring root (ARPHRD_ of linux/if_arp.h).
const ethernet = 1

// nic is a network device, and whether it was switched on here.
type nic struct {
	linux.Link
	raised bool
}

// note takes what is told of a device.
func (w *wait) note(l linux.Link) {
	for _, c := range w.nics {
		if c.Index == l.Index {
			c.Link = l
			return
		}
	}
	w.nics = append(w.nics, &nic{Link: l})
}

// serves says whether a device may bring root: that of the name asked for, or any Ethernet where none is.
func (w *wait) serves(c *nic) bool {
	return !c.Gone && c.Kind == ethernet && (w.r.Device == "" || w.r.Device == c.Name)
}

// choose takes, of the devices that may bring root and have a carrier, the first in the order of names. While there is none, lacks says why.
func (w *wait) choose() (chosen *nic, lacks string) {
	lacks = "no network device " + w.r.Device
	for _, c := range w.nics {
		if w.serves(c) {
			lacks = "no carrier on " + c.Name
			if c.Carrier && (chosen == nil || c.Name < chosen.Name) {
				chosen = c
			}
		}
	}
	return chosen, lacks
}

// raise switches network devices on, waits for the first carrier among those that may bring root, and configures that one; the others are switched off again. It tells
// the loop what it waits for, and its end. A device that comes or changes is told by the kernel; closing the socket ends it.
func (w *wait) raise(network Network) {
	for {
		told, err := network.Next()
		if errors.Is(err, fs.ErrClosed) {
			return
		}
		for _, l := range told {
			w.note(l)
		}
		chosen, lacks := w.choose()
		for _, c := range w.nics {
			if w.serves(c) && (chosen == nil && !c.Up && !c.raised || chosen != nil && c.raised && c != chosen) {
				c.raised = chosen == nil
				w.warn(network.SetUp(c.Index, c.raised))
			}
		}
		if chosen != nil {
			lacks, err = "no answer from the server", w.configure(network, chosen)
		}
		w.tell(func() { w.said, w.up, w.err = lacks, chosen != nil, err })
		if chosen != nil || err != nil {
			return
		}
	}
}

// configure gives a device its address and its routes, and the machine its name.
func (w *wait) configure(n Network, c *nic) error {
	r, what := w.r, "network: "+w.r.Client+" on "+c.Name
	err := n.AddAddress(c.Index, r.Address, r.Prefix, r.Broadcast())
	if network, prefix, gateway := r.Route(); err == nil && (gateway != 0 || prefix > 0) {
		err = n.AddRoute(c.Index, network, prefix, gateway)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	w.m.Say(what)
	w.call("kernel/hostname", r.Hostname)
	w.call("kernel/domainname", r.Domain)
	return nil
}

// call gives the machine a name, "" for none.
func (w *wait) call(sysctl, name string) {
	if name != "" {
		w.warn(w.m.Sysctl(sysctl, name))
	}
}
