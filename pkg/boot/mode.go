package boot

import (
	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/udevd"
)

// decide chooses, before anything is done that the choice could not take back, who looks after devices: the udevd of an image made by dracut,
// whose rules and hooks find root, or we. The command line and the files of the image are all that counts.
func (b *Boot) decide() {
	b.hooks = newHooks(b, hooks.Find(b.m.Files))
	daemon := udevd.Find(b.m.Files, b.m.Programs)
	switch {
	case b.config.Udev == "native":
		b.m.Log.Infof("native mode, by rd.preroot.udev=native")
	case b.config.Udev == "udevd" && daemon == nil:
		b.m.Log.Warnf("rd.preroot.udev=udevd: there is no systemd-udevd with udevadm in this image; native mode")
	case b.config.Udev == "udevd":
		b.udevd = daemon
		b.m.Log.Infof("udevd mode, by rd.preroot.udev=udevd")
	case daemon != nil && b.hooks.any():
		b.udevd = daemon
		b.m.Log.Infof("udevd mode: the image has %s and hook scripts", daemon.Path)
	case daemon != nil && udevd.CallsInitqueue(b.m.Files):
		b.udevd = daemon
		b.m.Log.Infof("udevd mode: the image has %s and rules that call initqueue", daemon.Path)
	}
	b.suitMode()
}

// suitMode sets what is unlike by default in an image of dracut: its prompt waits for ever, as its users know it.
func (b *Boot) suitMode() {
	if b.udevd != nil && !b.config.UnattendedGiven {
		b.config.Unattended = 0
	}
}
