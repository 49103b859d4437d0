package main

import (
	"path"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/chain"
	"github.com/preroot/preroot/pkg/check"
	"github.com/preroot/preroot/pkg/cmdline"
)

// chainTarget describes what root of a machine stands on; words stand for the kernel command line of the machine, "" for its own.
func chainTarget(sysroot, words string) (check.Target, error) {
	host, err := chain.Machine(sysroot)
	if err != nil {
		return check.Target{}, err
	}
	host.Cmdline = words
	c, err := chain.Read(host)
	if err != nil {
		return check.Target{}, err
	}
	return targetOf(c), nil
}

// targetOf takes of a chain what an image is judged by: the hardware that has a driver from a module, the layers, the file systems
// of root and /usr, and what no image does by itself. What the running kernel has built in is left out where it says so.
func targetOf(c *chain.Chain) check.Target {
	var t check.Target
	for _, name := range []string{"/", "/usr"} {
		g := c.Goal(name)
		switch {
		case g == nil:
		case name == "/":
			t.FSType, t.Root = g.FSType, g.Spec
		case g.FSType != t.FSType:
			t.Modules = append(t.Modules, g.FSType)
		}
	}
	for _, w := range cmdline.Split(c.Cmdline()) {
		if w.Key == "root" { // the boot goes by it, not by fstab
			t.Root = w.Value
		}
	}
	needed := c.Needed()
	for _, d := range c.Devices {
		if layer := map[chain.Kind]string{chain.Crypt: "luks", chain.LVM: "lvm", chain.MD: "md"}[d.Kind]; layer != "" && needed[d] && !slices.Contains(t.Layers, layer) {
			t.Layers = append(t.Layers, layer)
		}
		if !needed[d] {
			continue
		}
		for _, b := range d.Hardware {
			if b.Module == "" {
				continue
			}
			device := check.Device{Name: path.Base(b.Path), Modalias: b.Modalias, Driver: b.Module}
			if b.Modalias == "" {
				t.Modules = append(t.Modules, b.Module)
			} else if !slices.Contains(t.Devices, device) {
				t.Devices = append(t.Devices, device)
			}
		}
		for _, w := range d.Words {
			if d.Kind == chain.Crypt && w.Wish && strings.HasPrefix(w.Name, "crypto-") && !slices.Contains(t.Ciphers, w.Name) {
				t.Ciphers = append(t.Ciphers, w.Name)
			}
			if w.Early && !w.Wish && !slices.Contains(t.Modules, w.Name) {
				t.Modules = append(t.Modules, w.Name)
			}
		}
	}
	for _, p := range c.Problems {
		switch {
		case p.Weight == chain.Fatal && p.Device != nil && p.Device.Kind == chain.MD: // a layer
		case p.Weight == chain.Fatal:
			t.Fatal = append(t.Fatal, p.Text)
		case p.Weight == chain.Doubt:
			t.Doubt = append(t.Doubt, p.Text)
		}
	}
	return t
}
