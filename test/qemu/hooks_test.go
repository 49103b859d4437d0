package qemu

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/preroot/preroot/dracut/lib"
	"github.com/preroot/preroot/internal/vm"
)

// nativeHooks are the members of an image of ours that make it one with hooks: a shell with a few programs, the library, and the hooks by their path below dracut's
// directory; those without .sh are executable.
func nativeHooks(t *testing.T, hooks map[string]string) []vm.Entry {
	t.Helper()
	shell, err := vm.ReadEntry("bin/busybox", "/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	list := []vm.Entry{shell}
	for applet := range strings.FieldsSeq("sh mkdir ln rm touch cat sleep dd kill ls df mount umount yes") {
		list = append(list, vm.Entry{Name: "bin/" + applet, Mode: fs.ModeSymlink | 0o777, Data: []byte("busybox")})
	}
	for name, text := range lib.Files() {
		list = append(list, vm.Entry{Name: name, Mode: 0o644, Data: []byte(text)})
	}
	for name, text := range hooks {
		mode := fs.FileMode(0o755)
		if strings.HasSuffix(name, ".sh") {
			mode = 0o644
		}
		list = append(list, vm.Entry{Name: "var/lib/dracut/hooks/" + name, Mode: mode, Data: []byte(text)})
	}
	return list
}

// busyLimit is the wall-clock time of these machines: they run in virtual time, whatever else the host does.
const busyLimit = 10 * time.Minute

// killers are hooks of which one kills the engine, in the middle of a boot.
var killers = map[string]string{
	"cmdline/20-once.sh":    "warn \"once: $once\"; once='a b'\n",
	"pre-mount/50-kill.sh":  "kill -9 $PPID; sleep 60\n",
	"pre-mount/60-next.sh":  "warn \"next: $once\"\n",
	"pre-pivot/10-after.sh": "warn \"after: $once\"\n",
}

// TestEngineKilledByHook: the second engine goes on in the stage where the first was killed, with what hooks have set, and runs none of them twice; in an image of
// dracut udevd is started again.
func TestEngineKilledByHook(t *testing.T) {
	k := kernel(t, "6.1-cloud")
	for name, spec := range map[string]func(t *testing.T) vm.Spec{
		"native": func(t *testing.T) vm.Spec {
			return plain(t, image{extra: nativeHooks(t, killers)}, serial+" rd.retry=60")
		},
		"udevd": func(t *testing.T) vm.Spec { return machine(t, k, dracutImage(t, k, killers), serial+" rd.retry=60") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec(t)
			s.EngineCrash, s.Icount, s.Limit = true, true, busyLimit
			r := boot(t, s)
			if !r.Reached() {
				fail(t, r, "root was not reached")
			}
			mustSay(t, r, "the engine ended (signal killed)", "going on after stage initqueue", "50-kill.sh (stage pre-mount) was under way when the engine ended",
				"next: a b", "after: a b")
			if r.Says("once: a b") {
				fail(t, r, "a hook has run twice")
			}
		})
	}
}

// TestEngineKilledByMountHook: once hooks mount there is no second try.
func TestEngineKilledByMountHook(t *testing.T) {
	t.Parallel()
	s := plain(t, image{extra: nativeHooks(t, map[string]string{"mount/10-kill.sh": "kill -9 $PPID; sleep 60\n"})}, serial)
	s.EngineCrash, s.Icount, s.Limit = true, true, busyLimit
	mustRefuse(t, s, "REBOOTED", "the engine ended after hooks had begun to mount root")
}

// TestScratch: a hook that fills /run, /tmp or / gets "no space", or is ended where there is no limit; the boot says so and goes on, with what hooks have set.
func TestScratch(t *testing.T) {
	t.Parallel()
	hooks := map[string]string{
		"cmdline/00-first.sh":   "kept='a b'\n",
		"pre-udev/10-run.sh":    "dd if=/dev/zero of=/run/big bs=1M; kept=\"$kept c\"\n",
		"pre-udev/20-next.sh":   "echo \"good 1 <$kept>\"\n",
		"pre-mount/10-tmp.sh":   "dd if=/dev/zero of=/tmp/big bs=1M; rm /tmp/big\n",
		"pre-mount/20-root.sh":  "dd if=/dev/zero of=/big bs=1M\n",
		"pre-mount/30-typed":    "#!/bin/sh\ntouch /x || exit 6\n",
		"pre-pivot/10-after.sh": "echo \"good 2 <$kept>\"\n",
	}
	s := plain(t, image{extra: nativeHooks(t, hooks)}, serial+" rd.retry=60")
	s.Icount, s.Limit = true, busyLimit
	r := boot(t, s)
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	mustSay(t, r, "pre-udev/10-run.sh: /run is full", "good 1 <a b c>", "No space left on device",
		"20-root.sh (stage pre-mount): it has taken nearly all memory", "30-typed (stage pre-mount): status 6", "good 2 <a b c>")
}

// TestCapabilitiesDropped: what dracut's module caps leaves for the switch is followed, and where it cannot be the machine does not start unlocked.
func TestCapabilitiesDropped(t *testing.T) {
	drop := func(list string) vm.Spec {
		hook := map[string]string{"pre-pivot/00-caps.sh": "echo 'CAPS_INIT_DROP=\"" + list + "\"' >/etc/capsdrop\n"}
		return plain(t, image{extra: nativeHooks(t, hook)}, serial)
	}
	t.Run("known", func(t *testing.T) {
		t.Parallel()
		// Bits 16 and 17 of the 41 of Linux 6.1.
		r := boot(t, drop("cap_sys_module,cap_sys_rawio"))
		if !r.Reached() {
			fail(t, r, "root was not reached")
		}
		mustSay(t, r, "CapBnd:\t000001fffffcffff")
	})
	t.Run("unknown", func(t *testing.T) {
		t.Parallel()
		s := drop("cap_sys_modul")
		s.Cmdline += " rd.preroot.unattended=1"
		mustRefuse(t, s, "REBOOTED", `no capability is called "cap_sys_modul"`)
	})
}
