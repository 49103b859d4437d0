package boot

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/preroot/preroot/pkg/kmod"
	"github.com/preroot/preroot/pkg/uevent"
)

// loadTheRest completes the last wave of modules if the new root will not do it. Nobody waits for them: they are loaded while the real init runs. Where that is a shell, keyboards and
// consoles come first, for who sits there.
func (b *Boot) loadTheRest(root Root) {
	modules := b.config.Modules
	if b.loader == nil || b.udevd != nil || modules == "root" || modules == "" && b.loadsModules(root) {
		return
	}
	b.catchUp()
	aliases := b.finder.remaining()
	if isShell(b.init) {
		aliases = append(aliases, keyboards()...)
		b.loadNow("consoles", slices.DeleteFunc(slices.Clone(aliases), func(alias string) bool { return !forPeople(uevent.Wave(alias)) }), nil)
	}
	if modules != "" || !b.loadLater(aliases) {
		b.m.Log.Infof("the new root does not load modules by itself: loading the drivers of every device")
		b.loadNow("every device", aliases, b.config.DriverPost)
	}
}

// ModulesName is the argv[0] of the process that loads modules when the initramfs is gone. The '@' says that the initramfs has left it there (https://systemd.io/ROOT_STORAGE_DAEMONS/).
const ModulesName = "@preroot-modules"

// Apart is a program that goes on when the initramfs and this process are gone. What is written to it is its input, to the end, which comes when this process ends.
type Apart interface {
	io.Writer
	// Leave waits until it needs nothing of the initramfs any more.
	Leave() error
	// End ends it.
	End() error
}

// loadLater leaves modules to that process, if the image has it. It gets their files, so it needs nothing of the initramfs.
func (b *Boot) loadLater(aliases []string) bool {
	if b.m.StartApart == nil || !b.inImage(kmod.Helper) {
		return false
	}
	list := b.loader.Later(aliases, b.config.DriverPost)
	if len(list) == 0 {
		return true
	}
	end := b.spans.Start("modules", "left to "+ModulesName)
	err := b.leave(list)
	end(err)
	if err != nil {
		b.m.Log.Warnf("%s: %v", ModulesName, err)
		return false
	}
	b.m.Log.Infof("the new root does not load modules by itself: %d are loaded while its init runs", len(list))
	return true
}

func (b *Boot) leave(list []kmod.Left) error {
	apart, err := b.m.StartApart(kmod.Helper, ModulesName)
	if err != nil {
		return err
	}
	if err = b.loader.Send(apart, list); err == nil {
		err = apart.Leave()
	}
	if err != nil {
		err = errors.Join(err, apart.End())
	}
	return err
}

func (b *Boot) inImage(path string) bool {
	_, err := fs.Stat(b.m.Files, path[1:])
	return err == nil
}

// loadNow loads modules at once. A driver that does not return is not waited for.
func (b *Boot) loadNow(what string, aliases, words []string) {
	end, done := b.spans.Start("modules", what), make(chan error, 1)
	b.spawn("modules", nil, func() {
		done <- errors.Join(b.loader.LoadAlias(aliases...), b.loader.Load(words...))
	})
	limit := time.NewTimer(moduleLimit)
	defer limit.Stop()
	select {
	case err := <-done:
		end(err)
	case <-limit.C:
		end(errDeadline)
		b.m.Log.Warnf("the drivers of %s take longer than %v: going on without those that are left", what, moduleLimit)
	}
}

// loadsModules says whether the new root has what loads modules for devices, and is not entered by a shell.
func (b *Boot) loadsModules(root Root) bool {
	dir, err := b.modulesDir()
	if err != nil {
		return true
	}
	if isShell(b.config.Init) || !exists(root, "/"+dir) {
		return false
	}
	for _, p := range []string{"/lib/systemd/systemd-udevd", "/usr/lib/systemd/systemd-udevd", "/sbin/udevd", "/usr/bin/udevadm", "/sbin/mdev", "/usr/bin/mdevd", "/sbin/mdevd"} {
		if exists(root, p) {
			return true
		}
	}
	return false
}

// isShell says whether an init is a shell: a person sits before it, and no program sets the machine up.
func isShell(init string) bool {
	switch init {
	case "/bin/sh", "/bin/bash", "/bin/dash", "/usr/bin/sh", "/usr/bin/bash", "/usr/bin/dash":
		return true
	}
	return false
}

// keyboards are the modaliases of any USB keyboard, the interface and the HID device behind it. One that the bus has not
// found yet is driven when it comes, though nobody listens to uevents any more.
func keyboards() []string {
	return []string{"usb:v0000p0000d0000dc00dsc00dp00ic03isc01ip01in00", "hid:b0003g0001v00000000p00000000"}
}
