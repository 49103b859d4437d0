package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/rootfs"
)

// takeRoot takes over what the hooks of cmdline have made of the command line: they may have added to it, and say in root and rootok what root is and
// that some hook can get it (dracut.modules(7)).
func (b *Boot) takeRoot() error {
	b.configureAgain()
	if err := b.tellProblems(); err != nil {
		return err
	}
	v, root := b.hooks.value, b.hooks.value("root")
	if b.stock != nil && v("rootok") == "" && b.nativeRoot() { // no hook has it: dracut leaves it to systemd
		root = hooksRoot(b.config.Root)
	}
	switch {
	case v("root") == "" && b.config.Root == "":
		return errNoRoot
	case v("rootok") == "" && !b.nativeRoot():
		return fmt.Errorf("no hook of this image knows what to do with root=%s, nor do we", b.config.Root)
	}
	var vars []hooks.Var
	if root != "" {
		vars = append(vars, hooks.Var{Name: "root", Value: root, Export: true})
	}
	for _, name := range []string{"rflags", "fstype", "netroot", "NEWROOT"} {
		if v(name) != "" {
			vars = append(vars, hooks.Var{Name: name, Value: v(name), Export: true})
		}
	}
	b.hooks.set(append(vars, hooks.Var{Name: "RDRETRY", Value: strconv.Itoa(b.retries()), Export: true}, hooks.Var{Name: "main_loop", Value: "0", Export: true})...)
	return nil
}

// nativeRoot says whether root= is of a form that we mount ourselves.
func (b *Boot) nativeRoot() bool {
	_, err := rootfs.Parse(b.config.Root)
	return b.config.Root != "" && err == nil
}

// startUdevd starts the udevd of the image. Modules are its business; ours are read for what it does not do.
func (b *Boot) startUdevd() error {
	if err := b.openModules(); err != nil {
		return err
	}
	b.staticNodes()
	b.loadForced()
	if b.udevdRuns {
		return nil // the boot begins again from the prompt
	}
	end := b.spans.Start("udevd", "start")
	err := b.udevd.Start()
	end(err)
	if b.udevdRuns = err == nil; b.udevdRuns {
		end = b.spans.Start("udevd", "property")
		err := b.udevd.Property("hookdir", b.hooks.finder.Dir)
		end(err)
		b.warn(err)
	}
	return err
}

// warn tells of an error that the boot goes on after.
func (b *Boot) warn(err error) {
	if err != nil {
		b.m.Log.Warnf("%s; going on", oneLine(err.Error()))
	}
}

// trigger listens, and has udevd told of every device that the kernel has found so far.
func (b *Boot) trigger() error {
	if err := b.listen(); err != nil {
		return err
	}
	end := b.spans.Start("udevd", "trigger")
	var reload error
	if b.hooks.has("pre-trigger") { // they may have written rules since udevd was started
		reload = b.udevd.Reload()
	}
	err := errors.Join(reload, b.udevd.Trigger())
	end(err)
	b.warn(err) // one device that does not let itself be announced keeps no other away
	return nil
}

// aimByName lets the finder judge a root that is named by what we can see ourselves; for another one the word of the hooks counts.
func (b *Boot) aimByName() {
	source, err := rootfs.Parse(b.config.Root)
	if b.config.Root == "" || err != nil {
		b.finder.aim()
		return
	}
	b.finder.rootRef = source.Device
	b.finder.aim(source.Device)
}

// complete says whether everything that is wanted is there, whole: which of several it is, is another question.
func (f *finder) complete() bool {
	for _, c := range f.found {
		switch {
		case len(c.Twins) > 0:
		case c.Device == nil, !c.Device.Probed, c.Missing > 0 && !f.b.degraded():
			return false
		}
	}
	return true
}

// twinsNow is the failure of a root that more than one device answers to. It is asked when the hooks have what they want: before that the members of
// what they assemble may look like twins.
func (f *finder) twinsNow() error {
	for i, c := range f.found {
		if len(c.Twins) > 0 && f.settled() {
			return f.twins(i)
		}
	}
	return nil
}

// rootDeviceNow is the device of root as the inventory knows it, nil for one that it does not, and for a live root (rd.live.image): root= names the medium,
// and mounted is what the hooks make of a file on it.
func (b *Boot) rootDeviceNow() *device.Device {
	if strings.HasPrefix(b.hooks.value("root"), "live:") {
		return nil
	}
	if len(b.finder.found) == 1 {
		return b.finder.found[0].Device
	}
	return nil
}

// dracutLink says whether a path is a link, as rules and hooks make them for one another.
func (b *Boot) dracutLink(path string) bool {
	_, err := fs.ReadLink(b.m.Files, path[1:])
	return err == nil
}

// leaveUdevd ends udevd, and hands over.
func (b *Boot) leaveUdevd() error {
	end := b.spans.Start("udevd", "stop")
	err := b.udevd.Stop()
	end(err)
	if err != nil {
		b.m.Log.Warnf("%v; the real system's udevd takes over", err)
	}
	if b.dracutLink("/dev/root") {
		b.warn(b.m.Scratch.Remove("/dev/root"))
	}
	if err = b.handOverTo(); err != nil { // root is looked for again, or a person is asked
		if again := b.udevd.Start(); again != nil {
			b.m.Log.Warnf("%v", again)
		}
	}
	return err
}
