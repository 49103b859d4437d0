package boot

import (
	"errors"
	"fmt"
	"strings"

	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/stock"
)

// errSquashed refuses an image of dracut's module squash whose /init was exchanged: that was the program which mounts the rest of the image.
func (b *Boot) errSquashed() error {
	body := stock.Squashed(b.m.Files)
	if body == "" || b.udevd != nil || b.hooks.any() {
		return nil
	}
	return errors.New("this image is packed into " + body + " by dracut's module squash, and the program that unpacks it was its own /init, which preroot has replaced: " +
		"make the image with preroot inside (dracut --add preroot, which leaves that program in place) or unpacked (dracut --omit squash)")
}

// tellHooksRoot does what a unit of systemd does before the first hook in an image with systemd inside, and a hook in others: the shell gets what the command line
// says of root (dracut.modules(7)).
func (b *Boot) tellHooksRoot() {
	if b.stock == nil || b.udevd == nil {
		return
	}
	fstype := strings.Join(b.config.RootFSType, ",")
	if fstype == "" {
		fstype = "auto"
	}
	flags := []string{b.config.RootFlags}
	if b.params.Bool(false, "ro") {
		flags = append(flags, "ro")
	}
	if b.params.Bool(false, "rw") {
		flags = append(flags, "rw")
	}
	b.hooks.set(
		hooks.Var{Name: "root", Value: b.config.Root, Export: true},
		hooks.Var{Name: "rflags", Value: strings.TrimPrefix(strings.Join(flags, ","), ","), Export: true},
		hooks.Var{Name: "fstype", Value: fstype, Export: true},
	)
}

// hooksRoot is root= as dracut's hooks know a root on a block device: block: and the path of the device. Other forms stay as they are.
func hooksRoot(root string) string {
	device := strings.TrimPrefix(root, "block:")
	key, value, _ := strings.Cut(device, "=")
	dirs := map[string]string{"LABEL": "by-label", "UUID": "by-uuid", "PARTUUID": "by-partuuid", "PARTLABEL": "by-partlabel"}
	switch dir := dirs[key]; {
	case dir != "":
		value = strings.NewReplacer("/", `\x2f`, " ", `\x20`).Replace(value)
		return "block:/dev/disk/" + dir + "/" + value
	case strings.HasPrefix(device, "/dev/"):
		return "block:" + device
	}
	return root
}

// mountsItself says whether root is mounted by us in udevd mode: it lies on a block device, and the image either leaves that to systemd or to nobody. Then root itself
// is one of those things that the rounds of the queue wait for.
func (b *Boot) mountsItself() bool {
	return b.nativeRoot() && (b.stock != nil || !b.hooks.has("mount"))
}

// loadForced loads what a unit of systemd, or a hook of other images, loads before udevd starts, and keeps from udevd what is to be loaded late or never.
func (b *Boot) loadForced() {
	if b.stock == nil {
		return
	}
	if words := b.forcedModules(); b.loader != nil && len(words) > 0 {
		if err := b.loader.Load(words...); err != nil {
			b.m.Log.Warnf("%v", err)
		}
	}
	var text strings.Builder
	for _, name := range append(append([]string(nil), b.config.Blacklist...), b.config.DriverPost...) {
		if !strings.ContainsAny(name, " \t\n\\#") {
			fmt.Fprintf(&text, "blacklist %s\n", name)
		}
	}
	if text.Len() == 0 {
		return
	}
	if err := b.m.Scratch.WriteFile("/run/modprobe.d/initramfsblacklist.conf", []byte(text.String())); err != nil {
		b.m.Log.Warnf("%v", err)
	}
}

// waitBeside runs the rounds of the queue beside an udevd, and then does what systemd would do before the mount: late drivers, and the system that was suspended.
func (b *Boot) waitBeside() error {
	if err := b.work(); err != nil || b.stock == nil {
		return err
	}
	if words := b.config.DriverPost; b.loader != nil && len(words) > 0 {
		if err := b.loader.Load(words...); err != nil {
			b.m.Log.Warnf("%v", err)
		}
	}
	goal := b.resumeGoal()
	if goal == nil {
		return nil
	}
	err := b.waitForResume(goal)
	b.resume.spent = 0
	return err
}

// adviseLUKS adds to the failure of a wait what an encrypted device in the machine makes likely, in an image whose systemd could have opened it.
func (b *Boot) adviseLUKS(err error) error {
	if err == nil || b.stock == nil || !errors.Is(err, errDeadline) {
		return err
	}
	for _, d := range b.finder.inv.Devices() {
		if d.FSType() == "crypto_LUKS" && d.FSUUID() != "" {
			return fmt.Errorf("%w; if root lies on %s, which is encrypted: with rd.luks.uuid=%s on the command line the image's own systemd boots, which opens it", err, d.Node, d.FSUUID())
		}
	}
	return err
}
