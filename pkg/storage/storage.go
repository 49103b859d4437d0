// Package storage says which block devices are to be made of others: volumes of LVM, of LUKS. Each layer is one file here, which registers itself; nothing else names it.
//
// A layer looks at its members, the devices that it claims, and names work. It decides from what is known alone, and any layer may lie on any other: what its work brings up comes as a device like
// any other, is probed, and may be a member of the next one. No order is written down.
package storage

import (
	"time"

	"github.com/preroot/preroot/pkg/crypttab"
	"github.com/preroot/preroot/pkg/device"
)

// Layer makes block devices of others.
type Layer struct {
	// Name is what people call it.
	Name string
	// Claims says whether a device is a member, from what was found on it.
	Claims func(*device.Device) bool
	// Next names what is to be done. It is asked again whenever something is known anew, and does nothing itself.
	Next func(Known) []Work
}

// Known is what a layer decides from.
type Known struct {
	// Members are the devices that it claims, in order.
	Members []*device.Device
	// Wanted are the devices that the boot waits for.
	Wanted []device.Ref
	// Words are the kernel parameters about volumes.
	Words crypttab.Words
	// Late says that members which are missing now are given up.
	Late bool
}

// Work is something to do.
type Work struct {
	// Layer is whose work it is; Next fills it in. Of a layer's work one is done at a time.
	Layer string
	// Key names the work and all that its outcome depends on: what was done under a key is not done again.
	Key string
	// Limit is how long it may take.
	Limit time.Duration
	// Do does it, outside of the loop.
	Do func(System) (Outcome, error)
}

// Outcome is what came of work, a line each: what was done, and what it lacks.
type Outcome struct{ Done, Lacks []string }

// System is what work asks of the machine.
type System interface {
	// Load loads modules of the kernel, with what they need.
	Load(modules ...string) error
	// Run runs a program of the image to its end. What is wrong is its last line when the status is not 0.
	Run(program string, args ...string) (output string, err error)
}

var layers []Layer

// register adds a layer. Each file does it for its own, as a variable of the package: so a layer is one file, and what runs before main is no more than this.
func register(l Layer) bool {
	layers = append(layers, l)
	return true
}

// Next is what the layers want to be done with these devices, which are in order. words is asked only if one of them is claimed.
func Next(devices []*device.Device, wanted []device.Ref, late bool, words func() crypttab.Words) (list []Work) {
	for _, l := range layers {
		var members []*device.Device
		for _, d := range devices {
			if l.Claims(d) {
				members = append(members, d)
			}
		}
		if len(members) == 0 {
			continue
		}
		for _, w := range l.Next(Known{members, wanted, words(), late}) {
			w.Layer = l.Name
			list = append(list, w)
		}
	}
	return list
}
