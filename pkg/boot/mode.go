package boot

import (
	"fmt"
	"os"
	"strings"

	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/stock"
	"github.com/preroot/preroot/pkg/switchroot"
	"github.com/preroot/preroot/pkg/udevd"
)

// decide chooses who boots: the image's own systemd, where only that one can, or we; over says that it was PID 1 who took that over.
func (b *Boot) decide() (over bool) {
	b.hooks = newHooks(b, hooks.Find(b.m.Files))
	b.stock = stock.Find(b.m.Files)
	if b.stock != nil && b.config.Udev == "auto" && b.stockBoots() {
		return true
	}
	b.chooseMode()
	return false
}

// chooseMode chooses, before anything is done that the choice could not take back, who looks after devices: the udevd of an image made by dracut,
// whose rules and hooks find root, or we. The command line and the files of the image are all that counts.
func (b *Boot) chooseMode() {
	daemon := udevd.Find(b.m.Files, b.m.Programs)
	switch {
	case b.config.Udev == "native":
		b.m.Log.Infof("native mode, by rd.preroot.udev=native")
	case b.config.Udev == "udevd" && daemon == nil:
		b.m.Log.Warnf("rd.preroot.udev=udevd: there is no systemd-udevd with udevadm in this image; native mode")
	case b.config.Udev == "udevd":
		b.udevd = daemon
		b.m.Log.Infof("udevd mode, by rd.preroot.udev=udevd")
	case daemon != nil && b.stock != nil:
		b.udevd = daemon
		b.m.Log.Infof("udevd mode: the image has %s and its own systemd, whose part is done natively", daemon.Path)
	case daemon != nil && b.hooks.any():
		b.udevd = daemon
		b.m.Log.Infof("udevd mode: the image has %s and hook scripts", daemon.Path)
	case daemon != nil && udevd.CallsInitqueue(b.m.Files):
		b.udevd = daemon
		b.m.Log.Infof("udevd mode: the image has %s and rules that call initqueue", daemon.Path)
	}
	b.suitMode()
	if b.udevd != nil || b.hooks.any() {
		b.hooks.mountScratch()
	}
	b.hooks.inherit()
}

// suitMode sets what is unlike by default in an image of dracut: its prompt waits for ever, as its users know it.
func (b *Boot) suitMode() {
	if b.udevd != nil && !b.config.UnattendedGiven {
		b.config.Unattended = 0
	}
	b.deadline.set(b.config.RootWait)
}

// stockBoots has PID 1 execute the systemd of the image if that must boot it, and says whether it was taken over. Nothing is changed yet but for what is put back here.
func (b *Boot) stockBoots() bool {
	reason, needed := stock.Needs(stock.Image{Files: b.m.Files, Params: b.params, Served: b.servesRoot()})
	if !needed {
		return false
	}
	if reason.Do != "" {
		reason.Do = ". To have preroot boot it: " + reason.Do
	}
	b.m.Log.Notef("%s of this image boots it: %s%s", b.stock.Path, reason.What, reason.Do)
	if err := b.executeStock(); err != nil {
		b.m.Log.Errf("%s is not executed: %v; preroot goes on itself", b.stock.Path, err)
		return false
	}
	return true
}

// servesRoot says whether we mount what root= asks for, or a hook of the image does.
func (b *Boot) servesRoot() bool {
	for _, form := range []string{"virtiofs", "virtfs"} { // the name of the form is that of dracut's module and of its hooks
		asked := strings.HasPrefix(b.config.Root, form+":") || len(b.config.RootFSType) == 1 && b.config.RootFSType[0] == form
		if asked && (b.hooks.named("pre-mount", "mount-"+form) || b.hooks.named("mount", "mount-"+form)) {
			return true
		}
	}
	return b.nativeRoot() && b.config.Root != "/dev/nfs" // the one path below /dev that is no device (nfsroot.rst)
}

// Executor is the part of PID 1 that executes another init in the same root.
type Executor interface {
	Execute(program string) error
}

// executeStock proves the program before it gives it to PID 1.
func (b *Boot) executeStock() error {
	pid1, can := b.m.Parent.(Executor)
	if !can {
		return fmt.Errorf("PID 1 does not do that: %w", os.ErrInvalid)
	}
	root, err := b.m.OpenRoot("/")
	if err != nil {
		return err
	}
	defer root.Close()
	if _, err = switchroot.Prove(root, []string{b.stock.Path}, b.m.ELF); err != nil {
		return err
	}
	b.disarmPanic()
	b.m.Log.Flush(logPatience)
	b.restoreConsole()
	if err = pid1.Execute(b.stock.Path); err != nil {
		b.armPanic()
	}
	return err
}
