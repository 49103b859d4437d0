package qemu

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// plymouthTree is where the packages of plymouth lie unpacked; they are fetched once.
func plymouthTree(t *testing.T) string {
	t.Helper()
	cache, err := vm.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "plymouth-bookworm")
	makeOnce(t, "plymouth", func(string) error {
		if _, err := os.Stat(dir); err == nil {
			return nil
		}
		return unpackPlymouth(dir)
	})
	return dir
}

func unpackPlymouth(dir string) error {
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	for _, pkg := range []string{"plymouth", "libplymouth5"} {
		deb, err := vm.GetPackage("bookworm", pkg, os.Stdout)
		if err != nil {
			return err
		}
		out, err := exec.Command("dpkg-deb", "-x", deb, part).CombinedOutput()
		if err != nil {
			return fmt.Errorf("dpkg-deb -x %s: %w: %s", deb, err, out)
		}
		if err := os.Remove(deb); err != nil {
			return err
		}
	}
	return os.Rename(part, dir)
}

// plymouthImage are the members of an image that starts plymouthd as dracut's module plymouth does; then come more lines of its hook. Before root is entered plymouthd is ended, which has the console and
// keeps the kernel's lines from it; those about it are shown.
func plymouthImage(t *testing.T, more string) []vm.Entry {
	t.Helper()
	const libraries = "/lib/x86_64-linux-gnu/"
	list, err := vm.Dynamic(libraries+"libudev.so.1", libraries+"libm.so.6", libraries+"libc.so.6")
	if err != nil {
		t.Fatal(err)
	}
	tree := plymouthTree(t)
	for _, pattern := range []string{"bin/plymouth", "sbin/plymouthd", "lib/x86_64-linux-gnu/libply*.so.5", "lib/x86_64-linux-gnu/plymouth/text.so", "lib/x86_64-linux-gnu/plymouth/details.so",
		"share/plymouth/plymouthd.defaults", "share/plymouth/themes/text/*", "share/plymouth/themes/details/*"} {
		for _, dir := range []string{"/usr/", "/"} {
			found, _ := filepath.Glob(tree + dir + pattern)
			for _, path := range found {
				e, err := vm.ReadEntry("usr/"+strings.TrimPrefix(path, tree+dir), path)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, e)
			}
		}
	}
	start := "if getargbool 1 plymouth.enable && getargbool 1 rd.plymouth; then\nmkdir -m 0755 /run/plymouth\nplymouthd --attach-to-session --pid-file /run/plymouth/pid\nplymouth --show-splash\n" + more + "\nfi\n"
	end := stopPlymouth("CONT") + "\nplymouth quit\nbusybox dmesg | busybox grep plymouthd >/dev/console\n"
	config := vm.Entry{Name: "etc/plymouth/plymouthd.conf", Mode: 0o644, Data: []byte("[Daemon]\nTheme=text\nShowDelay=0\n")}
	return append(append(list, config), nativeHooks(t, map[string]string{"pre-trigger/10-plymouth-pretrigger.sh": start, "pre-pivot/90-plymouth.sh": end})...)
}

func plymouthMachine(t *testing.T, words, more string) vm.Spec {
	t.Helper()
	s := lockedMachine(t, named+" "+words, plymouthImage(t, more), "pbkdf2")
	s.Cmdline = "console=tty0 " + s.Cmdline
	s.Limit = 3 * patience
	return s
}

// onConsole ends the prompt on a console; plymouthd shows no blank behind the colon.
const onConsole = "(/dev/vda): "

// stopPlymouth is a line of the hook: a signal for plymouthd.
func stopPlymouth(signal string) string { return "kill -" + signal + " $(cat /run/plymouth/pid)" }

// press types a line at the virtual terminal.
func press(t *testing.T, m *vm.Machine, text string) {
	t.Helper()
	if err := m.Press(keysOf(text)...); err != nil {
		t.Fatal(err)
	}
}

// mustEnd waits for the machine, which must have come to root.
func mustEnd(t *testing.T, m *vm.Machine, says ...string) vm.Result {
	t.Helper()
	r := m.Wait()
	if err := r.Err(); err != nil || !r.Reached() {
		fail(t, r, "root was not reached: %v", err)
	}
	mustSay(t, r, says...)
	return r
}

// TestPlymouth: plymouthd has the virtual terminal and the serial line, and asks on both; nobody else does. A wrong passphrase is told.
func TestPlymouth(t *testing.T) {
	t.Parallel()
	m := start(t, plymouthMachine(t, "", ""))
	await(t, m, "Passphrase for")
	press(t, m, "wrong")
	await(t, m, "(1 wrong) Passphrase for")
	press(t, m, passphrase)
	r := mustEnd(t, m, "(/dev/vda):*****", "plymouthd asks on /dev/tty1, /dev/ttyS0")
	if r.Says(onConsole) || r.Says("does not ask") {
		fail(t, r, "the consoles were asked, too")
	}
}

// TestPlymouthSplash: it has the virtual terminal for its splash, and the serial line is asked beside it. What was withdrawn is answered later.
func TestPlymouthSplash(t *testing.T) {
	t.Parallel()
	m := start(t, plymouthMachine(t, "splash plymouth.ignore-serial-consoles plymouth.ignore-udev", ""))
	await(t, m, onConsole)
	press(t, m, "wrong")
	typeAt(t, m, "(1 wrong) Passphrase for", "bad\n")
	await(t, m, "(2 wrong) Passphrase for")
	press(t, m, passphrase)
	mustEnd(t, m, "plymouthd asks on /dev/tty1")
}

// TestPlymouthFails: the consoles are asked when plymouthd is dead, hangs, dies while it asks, has no splash, or was not started; both of them.
func TestPlymouthFails(t *testing.T) {
	const instead = ": asking on /dev/tty1, /dev/ttyS0"
	for name, c := range map[string]struct{ words, hook, says string }{
		"killed":   {"", stopPlymouth("KILL"), "is open: "},
		"hangs":    {"", stopPlymouth("STOP"), "plymouthd does not ask (it has not answered for 2s)" + instead},
		"dies":     {"", "(sleep 9; " + stopPlymouth("KILL") + ") >/dev/null 2>&1 &", "plymouthd does not ask (EOF)" + instead},
		"hidden":   {"", "plymouth --hide-splash", "plymouthd does not ask (it shows no splash)" + instead},
		"unwanted": {"rd.plymouth=0", "", "is open: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := start(t, plymouthMachine(t, c.words, c.hook))
			if name == "dies" {
				await(t, m, "(/dev/vda):")
			}
			await(t, m, onConsole)
			press(t, m, "wrong")
			await(t, m, "(1 wrong) Passphrase for")
			if err := m.Type(passphrase + "\n"); err != nil {
				t.Fatal(err)
			}
			r := mustEnd(t, m, c.says)
			if strings.Contains(c.says, "is open") && r.Says("plymouthd asks") {
				fail(t, r, "plymouthd was asked")
			}
		})
	}
}
