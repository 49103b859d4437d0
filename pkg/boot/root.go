package boot

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/mount"
)

// mountRoot mounts root, in this order: read-only, to see its fstab; the check, unmounted, if there is a checker; then
// with its final options.
func (b *Boot) mountRoot() error {
	request := b.request()
	types, err := request.CandidateTypes()
	if unread := b.root.ProbeErr; err != nil && unread != nil {
		return fmt.Errorf("%s could not be read: %w", b.root.Node, unread)
	}
	if err != nil {
		return err
	}
	if err := b.m.Directories.Mkdir(Sysroot, 0o755); err != nil {
		return fmt.Errorf("%s: %w", Sysroot, err)
	}
	fstype, err := b.mountFirst(types, request)
	if err != nil {
		return err
	}
	if err := b.readFstab(); err != nil {
		b.m.Log.Warnf("%v; ignoring it", err)
	}
	entry, found := mount.For(b.fstab, "/")
	return b.mountFinal(fstype, request, entry, found)
}

func (b *Boot) request() mount.Request {
	c, d := b.config, b.root
	r := mount.Request{
		Device: d.Node, Probed: d.FSType(), UUID: d.FSUUID(), Types: c.RootFSType,
		Flags: c.RootFlags, Given: c.RootFlagsGiven, Fstab: c.Fstab, DeviceReadOnly: d.ReadOnly,
	}
	for _, m := range b.members {
		r.Members = append(r.Members, m.Node)
	}
	switch c.Write {
	case config.ReadOnly:
		r.Write = "ro"
	case config.ReadWrite:
		r.Write = "rw"
	}
	return r
}

func (b *Boot) mountFirst(types []string, r mount.Request) (fstype string, err error) {
	for _, fstype = range types {
		if missing := b.loadFileSystem(fstype); missing != nil {
			err = cmp.Or(err, missing) // what the kernel said of another type says more
			continue
		}
		if err = b.mountOne(r.Source(), Sysroot, fstype, r.First()); err == nil {
			return fstype, nil
		}
		word := mount.NoReplay(fstype)
		if r.DeviceReadOnly && word != "" {
			b.m.Log.Warnf("%s is write-protected and its journal cannot be replayed: mounting with %s", r.Device, word)
			if err = b.mountOne(r.Source(), Sysroot, fstype, mount.ParseOptions(r.First().String(), word)); err == nil {
				return fstype, nil
			}
		}
	}
	return "", b.blameWords(err)
}

// blameWords says of a first mount that fails which words of the command line it owes its type and options to.
func (b *Boot) blameWords(err error) error {
	c, d := b.config, b.root
	if err == nil || !errors.Is(err, syscall.EINVAL) {
		return err
	}
	if probed := d.FSType(); probed != "" && len(c.RootFSType) > 0 && !slices.Contains(c.RootFSType, probed) {
		return fmt.Errorf("%w; the command line has rootfstype=%s, but %s holds %s: write rootfstype=%s or leave it out", err, strings.Join(c.RootFSType, ","), d.Node, probed, probed)
	}
	if c.RootFlagsGiven {
		return fmt.Errorf("%w; the command line has rootflags=%s", err, c.RootFlags)
	}
	return err
}

func (b *Boot) mountOne(node, target, fstype string, o mount.Options) error {
	end := b.spans.Start("mount", target)
	b.m.Parent.Wait("mount "+node+" on "+target, mountPatience)
	b.resume.mounted = true
	since, stop := b.m.Uptime(), b.progress("mount "+node)
	err := b.m.Mounter.Mount(b.sourceName(node), target, fstype, o.Flags, o.DataText())
	stop()
	if err != nil {
		err = b.kernelSays(err, since, node)
	}
	end(err)
	if err == nil {
		b.mounted = append(b.mounted, target)
		b.m.Log.Infof("mounted %s on %s (%s, %s)", node, target, fstype, o)
	}
	return err
}

// unmountRoot takes root off again, with all that is mounted below it.
func (b *Boot) unmountRoot() error {
	for len(b.mounted) > 0 {
		last := b.mounted[len(b.mounted)-1]
		if err := b.m.Mounter.Unmount(last); err != nil {
			return fmt.Errorf("%s: %w", last, err)
		}
		b.mounted = b.mounted[:len(b.mounted)-1]
	}
	return nil
}

// sourceName is by what name the kernel's list of mounts is to show a device: that of a device-mapper device is the link that udev has made, as mount(8) has it.
// The kernel is asked: what the inventory knows of a device is not known any more when it has changed, as each fsck makes udevd say.
func (b *Boot) sourceName(node string) string {
	name := readWord(b.sys(), "class/block/"+strings.TrimPrefix(node, "/dev/")+"/dm/name")
	if name == "" {
		return node
	}
	link := "/dev/mapper/" + name
	if _, err := fs.Stat(b.m.Files, link[1:]); err != nil {
		return node
	}
	return link
}

// mountPatience is how long a mount may keep the whole engine silent before PID 1 asks.
const mountPatience = 60 * time.Second

// readFstab reads the new root's /etc/fstab; a symbolic link is not followed out of the new root, and none is fine.
func (b *Boot) readFstab() error {
	root, err := b.m.OpenRoot(Sysroot)
	if err != nil {
		return err
	}
	defer root.Close()
	text, err := root.ReadFile("/etc/fstab", mount.MaxFstab)
	if errors.Is(err, fs.ErrNotExist) {
		b.m.Log.Debugf("no fstab in the new root: %v", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("/etc/fstab of the new root: %w", err)
	}
	entries, problems := mount.ParseFstab(string(text))
	b.fstab = entries
	for _, p := range problems {
		b.m.Log.Warnf("%v; ignoring this line", p)
	}
	return nil
}

// mountFinal checks root and gives it its final options. Without a check that is a remount where one can do it.
func (b *Boot) mountFinal(fstype string, r mount.Request, entry mount.Entry, found bool) error {
	final := r.Final(entry, found)
	if r.DeviceReadOnly && r.Write == "rw" {
		b.m.Log.Warnf("%s is write-protected: root stays read-only, whatever rw asks for", r.Device)
	}
	program := b.checker(fstype, r.Device)
	wanted := mount.WantsCheck(b.check(), entry, found, b.config.Write == config.ReadOnly)
	if wanted && program == nil && !final.ReadOnly() {
		b.tellUnchecked(fstype)
	}
	if wanted && program != nil {
		if err := b.unmountRoot(); err != nil {
			return err
		}
		if err := b.runCheck(program, "/run/initramfs/fsck-root"); err != nil {
			return err
		}
		return b.blameFstab(b.mountOne(r.Source(), Sysroot, fstype, final), final, r)
	}
	if final.String() == r.First().String() {
		return nil
	}
	if final.SameButWrite(r.First()) {
		return b.remount(r.Device, final)
	}
	if err := b.unmountRoot(); err != nil {
		return err
	}
	return b.blameFstab(b.mountOne(r.Source(), Sysroot, fstype, final), final, r)
}

// blameFstab says of a mount that fails with root's final options, and did not with the first ones, where these are written.
func (b *Boot) blameFstab(err error, final mount.Options, r mount.Request) error {
	if err == nil || r.Given || !r.Fstab || final.SameButWrite(r.First()) {
		return err
	}
	return fmt.Errorf("%w; the options are those of / in the root's /etc/fstab (%s)", err, final)
}

// tellUnchecked says that nobody checks root: systemd-fsck-root.service leaves a writable root to the initramfs.
func (b *Boot) tellUnchecked(fstype string) {
	if name, _ := mount.Checker(fstype, "", b.check()); name != "" {
		b.m.Log.Notef("root is made writable without a check: %s is not in this image; without rw the real system checks it", name)
	}
}

// remount makes root writable. A device that refuses stays read-only, with a warning.
func (b *Boot) remount(node string, o mount.Options) error {
	end := b.spans.Start("remount", Sysroot)
	err := b.m.Mounter.Remount(Sysroot, o.Flags, o.DataText())
	end(err)
	if err != nil {
		b.m.Log.Warnf("%s stays read-only: %v", node, err)
	}
	return nil
}

func (b *Boot) check() mount.Check {
	c := mount.Check{Skip: b.config.Fsck == config.FsckSkip, Force: b.config.Fsck == config.FsckForce}
	switch b.config.FsckRepair {
	case config.RepairYes:
		c.Repair = "yes"
	case config.RepairNo:
		c.Repair = "no"
	}
	return c
}

// checker is the command for a file system, or nil when the image has no program for it.
func (b *Boot) checker(fstype, node string) []string {
	name, args := mount.Checker(fstype, node, b.check())
	if name == "" {
		return nil
	}
	for _, dir := range []string{"sbin/", "usr/sbin/", "bin/", "usr/bin/"} {
		if st, err := fs.Stat(b.m.Files, dir+name); err == nil && st.Mode().IsRegular() {
			return append([]string{"/" + dir + name}, args...)
		}
	}
	return nil
}

// runCheck runs a checker and judges its exit status. mark is the file that tells the real system that the check was done.
func (b *Boot) runCheck(program []string, mark string) error {
	what := strings.Join(program, " ")
	end := b.spans.Start("fsck", what)
	b.m.Parent.Wait(what, 0)
	stop := b.progress(what)
	status, output, err := b.runWatched(program)
	stop()
	end(err)
	if errors.Is(err, errAborted) {
		return err
	}
	if err != nil {
		b.m.Log.Warnf("%s: %v; mounting without a check", what, err)
		return nil
	}
	for _, line := range strings.Split(strings.TrimSpace(output), "\n") {
		b.m.Log.Infof("fsck: %s", line)
	}
	switch mount.Judge(status) {
	case mount.RebootWanted:
		return &endError{"reboot", what + " has mended the file system and wants a reboot"}
	case mount.Damaged:
		return fmt.Errorf("%s: exit status %d: errors are left; mend it by hand (fsck.repair=yes answers every question with yes)", what, status)
	case mount.Doubtful:
		b.m.Log.Warnf("%s: exit status %d; the kernel decides whether it can be mounted", what, status)
		return nil
	}
	return b.m.Scratch.WriteFile(mark, nil)
}

// runWatched runs a program that may take long, or for ever: Ctrl-Alt-Del still ends the boot.
func (b *Boot) runWatched(program []string) (status int, output string, err error) {
	done := make(chan struct{})
	var gone error = errors.New("it could not be watched")
	b.spawn(program[0], nil, func() {
		defer close(done)
		status, output, gone = b.m.Programs.Run(program[0], program[1:]...)
	})
	b.finder.err = nil
	for {
		select {
		case <-done:
			return status, output, gone
		case ev := <-b.events:
			if b.finder.Handle(ev); errors.Is(b.finder.err, errAborted) {
				return 0, "", b.finder.err
			}
		}
	}
}

// endError ends the boot by an action of its own.
type endError struct{ action, reason string }

func (e *endError) Error() string { return e.reason }

// mountFstab mounts /usr, and what the new root's fstab marks x-initrd.mount, in the order of the file.
func (b *Boot) mountFstab() error {
	for _, e := range b.wanted() {
		err := b.mountEntry(e)
		if err != nil && !e.Options.Has("nofail") {
			return fmt.Errorf("%s (%s): %w", e.File, b.asker(e), err)
		} else if err != nil {
			b.m.Log.Warnf("%s: %v; it is marked nofail, going on", e.File, err)
		}
	}
	return nil
}

// asker says where an entry is written.
func (b *Boot) asker(e mount.Entry) string {
	if b.config.Usr.What != "" && e.File == "/usr" {
		return "mount.usr="
	}
	return "the root's /etc/fstab"
}

// wanted lists the entries to mount: the command line's mount.usr= in place of the fstab's /usr.
func (b *Boot) wanted() []mount.Entry {
	var list []mount.Entry
	usr, hasUsr := b.usr()
	if hasUsr {
		list = append(list, usr)
	}
	for _, e := range b.fstab {
		if e.Options.Has("x-initrd.mount") && e.File != "/" && strings.TrimRight(e.File, "/") != "/usr" && e.Type != "swap" {
			list = append(list, e)
		}
	}
	return list
}

func (b *Boot) usr() (mount.Entry, bool) {
	u := b.config.Usr
	if u.What == "" {
		return mount.For(b.fstab, "/usr")
	}
	return mount.Entry{Spec: u.What, File: "/usr", Type: u.FSType, Options: mount.ParseOptions(u.Flags), Pass: 2}, true
}

func (b *Boot) mountEntry(e mount.Entry) error {
	if slices.Contains(b.mounted, Sysroot+strings.TrimRight(e.File, "/")) {
		return nil // by a former try of this stage
	}
	if m, mounted := b.mountAt(Sysroot + strings.TrimRight(e.File, "/")); mounted {
		b.m.Log.Infof("%s: mounted by a hook: %s", e.File, m)
		return nil
	}
	if slices.Contains(e.Options.Data, "bind") || slices.Contains(e.Options.Data, "rbind") {
		b.m.Log.Warnf("%s: a bind mount is left to the real system", e.File)
		return nil
	}
	if b.needsNoDevice(e.Type) {
		return b.mountOne(e.Spec, Sysroot+strings.TrimRight(e.File, "/"), e.Type, e.Options)
	}
	d, err := b.waitFor(e.Spec, b.config.RootWait)
	if err != nil {
		return err
	}
	fstype := e.Type
	if fstype == "" || fstype == "auto" {
		fstype = d.FSType()
	}
	if err := b.loadFileSystem(fstype); err != nil {
		return err
	}
	usr := strings.TrimRight(e.File, "/") == "/usr"
	options := mount.ParseOptions(e.Options.String(), b.forcedWrite(usr))
	if program := b.checker(fstype, d.Node); program != nil && d != b.root && mount.WantsCheck(b.check(), e, true, options.ReadOnly()) {
		if err := b.runCheck(program, b.mark(usr)); err != nil {
			return err
		}
	}
	return b.mountOne(d.Node, Sysroot+strings.TrimRight(e.File, "/"), fstype, options)
}

// forcedWrite is the word of the command line for /usr too.
func (b *Boot) forcedWrite(usr bool) string {
	switch {
	case !usr:
		return ""
	case b.config.Write == config.ReadOnly:
		return "ro"
	case b.config.Write == config.ReadWrite:
		return "rw"
	}
	return ""
}

func (b *Boot) mark(usr bool) string {
	if usr {
		return "/run/initramfs/fsck-usr"
	}
	return "/run/initramfs/preroot/fsck"
}
