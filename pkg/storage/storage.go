// Package storage says which block devices are to be made of others: volumes of LVM, of LUKS. Each layer is one file here, which registers itself; nothing else names it.
//
// A layer looks at its members, the devices that it claims, and names work. It decides from what is known alone, and any layer may lie on any other: what its work brings up comes as a device like
// any other, is probed, and may be a member of the next one. No order is written down.
package storage

import (
	"errors"
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
	// Named says whether one is a member because a word or a table says so, whatever was found on it. It may be nil.
	Named func(*Written, *device.Device) bool
	// Next names what is to be done. It is asked again whenever something is known anew, and does nothing itself.
	Next func(Known) []Work
}

// Known is what a layer decides from.
type Known struct {
	// Members are the devices that it claims, in order.
	Members []*device.Device
	State
	*Written
}

// State is what the boot knows.
type State struct {
	// Devices are all of them, in order; Find gives the one that is meant, nil for none.
	Devices []*device.Device
	Find    func(device.Ref) *device.Device
	// Wanted are the devices that the boot waits for.
	Wanted []device.Ref
	// Late says that members which are missing now are given up.
	Late bool
}

// Written is what people have written about volumes: kernel parameters, and the crypttab of the image.
type Written struct {
	crypttab.Words
	Table []crypttab.Entry
}

// Work is something to do.
type Work struct {
	// Layer is whose work it is; Next fills it in. Of a layer's work one is done at a time.
	Layer string
	// Key names the work and all that its outcome depends on: what was done under a key is not done again.
	Key string
	// Limit is how long it may take; zero is for ever.
	Limit time.Duration
	// After is how long something is waited for first without which it can be done, too.
	After time.Duration
	// Asks says that a person may be needed: root's time stands still, and there is no such work beside it.
	Asks bool
	// Offered says that nobody has named it: it is done when nothing else can bring what the boot waits for.
	Offered bool
	// Sources is on how many devices there is something that a person may be spared by: key files.
	Sources int
	// Do does it, outside of the loop.
	Do func(System) (Outcome, error)
}

// Outcome is what came of work, a line each: what was done, and what it lacks.
type Outcome struct{ Done, Lacks []string }

// ErrDenied is wrapped by the error of work that has failed because nobody could prove that he may have it.
var ErrDenied = errors.New("denied")

// System is what work asks of the machine.
type System interface {
	// Load loads modules of the kernel, with what they need.
	Load(modules ...string) error
	// Run runs a program of the image to its end. What is wrong is its last line when the status is not 0.
	Run(program string, args ...string) (output string, err error)
	// Confide runs one that learns secrets. Nothing of it is left when it has stopped itself, or when the wait is over before it.
	Confide(program string, args ...string) (output string, err error)
	// FileSystem loads the driver of a type.
	FileSystem(fstype string) error
	// Consoles are where people may be.
	Consoles() []string
}

var layers []Layer

// register adds a layer. Each file does it for its own, as a variable of the package: so a layer is one file, and what runs before main is no more than this.
func register(l Layer) bool {
	layers = append(layers, l)
	return true
}

// Next is what the layers want to be done. written is asked only if a device is claimed, or anything is written.
func Next(s State, some bool, written func() *Written) (list []Work) {
	for _, l := range layers {
		members := l.members(s.Devices, some, written)
		if len(members) == 0 {
			continue
		}
		for _, w := range l.Next(Known{members, s, written()}) {
			w.Layer = l.Name
			list = append(list, w)
		}
	}
	return list
}

func (l *Layer) members(devices []*device.Device, some bool, written func() *Written) (list []*device.Device) {
	for _, d := range devices {
		if l.Claims(d) || some && l.Named != nil && l.Named(written(), d) {
			list = append(list, d)
		}
	}
	return list
}
