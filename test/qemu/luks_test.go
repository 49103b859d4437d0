package qemu

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

const (
	lockedUUID = "cccccccc-2222-4222-8222-222222222222"
	secondUUID = "dddddddd-2222-4222-8222-222222222222"
	passphrase = "correct horse"
)

// locked are volumes of LUKS: how cryptsetup makes them, and what is made in them, from $1, the disk, to $root, the device for the root file system.
var locked = []struct{ name, format, within string }{
	{"luks1", "--type luks1 --pbkdf-force-iterations 1000", ""},
	{"argon2id", "--pbkdf argon2id --pbkdf-memory 4096 --pbkdf-parallel 1 --pbkdf-force-iterations 4 --sector-size 512", ""},
	{"argon2i", "--pbkdf argon2i --pbkdf-memory 4096 --pbkdf-parallel 1 --pbkdf-force-iterations 4", ""},
	{"pbkdf2", "--pbkdf pbkdf2 --pbkdf-force-iterations 1000 --sector-size 4096", ""},
	{"essiv", "--pbkdf pbkdf2 --pbkdf-force-iterations 1000 --cipher aes-cbc-essiv:sha256 --key-size 256", ""},
	{"serpent", "--pbkdf pbkdf2 --pbkdf-force-iterations 1000 --cipher serpent-xts-plain64", ""},
	{"twofish", "--pbkdf pbkdf2 --pbkdf-force-iterations 1000 --cipher twofish-xts-plain64", ""},
	{"detached", "--pbkdf pbkdf2 --pbkdf-force-iterations 1000 --header /dev/HEADER", ""},
	{"second", "--uuid " + secondUUID + " --pbkdf pbkdf2 --pbkdf-force-iterations 1000", "root=/dev/null"},
	{"lvm", "--pbkdf pbkdf2 --pbkdf-force-iterations 1000", "lvm pvcreate -y $root; lvm vgcreate -s 4M inner $root; lvm lvcreate -y -l 10 -n root-fs inner; root=/dev/inner/root-fs"},
}

// lockedScript makes all of them on /dev/vdb and the next, from the root file system on /dev/vda. On the last two disks are a volume of LVM with one of LUKS in it, and a second volume of LUKS.
func lockedScript() string {
	var b strings.Builder
	b.WriteString("fill() { dd if=/dev/vda of=$1 bs=1M || bad=\"$bad dd:$1\"; }\n")
	for i, v := range locked {
		disk := fmt.Sprintf("/dev/vd%c", 'b'+i)
		format := strings.ReplaceAll(v.format, "/dev/HEADER", fmt.Sprintf("/dev/vd%c", 'b'+len(locked)+1))
		open := ""
		if before, header, ok := strings.Cut(format, "--header"); ok && before != "" {
			open = "--header" + header
		}
		fmt.Fprintf(&b, "crypt luksFormat --uuid %s %s %s; crypt open %s %s volume; root=/dev/mapper/volume; %s\nfill $root; lvm vgchange -an inner; crypt close volume\n", lockedUUID, format, disk, open, disk, v.within)
	}
	disk := fmt.Sprintf("/dev/vd%c", 'b'+len(locked))
	fmt.Fprintf(&b, "lvm pvcreate -y %s; lvm vgcreate -s 4M outer %s; lvm lvcreate -y -l 17 -n crypt outer; crypt luksFormat --uuid %s --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/outer/crypt; crypt open /dev/outer/crypt volume; fill /dev/mapper/volume\n", disk, disk, lockedUUID)
	return strings.ReplaceAll(b.String(), "; lvm vgchange -an inner;", "; [ -z \"${root##*inner*}\" ] && lvm vgchange -an inner;")
}

// lockedRoot is what lies in them: a root that has a shell, too.
func lockedRoot(t *testing.T) string {
	t.Helper()
	init := program(t, benchDir+"/rootinit.c")
	return makeOnce(t, "root-locked.img", vm.Root{Init: init, Files: map[string]string{"bin/sh": busybox(t)}, SizeMiB: 32, Block: 4096}.Make)
}

// lockedDisk is the disk with a volume; header is the one with the detached header.
func lockedDisk(t *testing.T, name string) vm.Disk {
	t.Helper()
	root := lockedRoot(t)
	dir := makeOnce(t, "locked", func(dir string) error { return fillLocked(root, dir) })
	return vm.Disk{Path: filepath.Join(dir, name+".img"), Serial: "locked", Snapshot: true}
}

// fillLocked has them made.
func fillLocked(root, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	disks := []vm.Disk{{Path: root, Snapshot: true}}
	var names []string
	for _, v := range locked {
		names = append(names, v.name)
	}
	for _, name := range append(names, "luks-on-lvm", "header") {
		path := filepath.Join(dir, name+".img")
		if err := errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, 80<<20)); err != nil {
			return err
		}
		disks = append(disks, vm.Disk{Path: path})
	}
	return vm.Workbench{
		Tools: []string{"/usr/sbin/lvm", "/usr/sbin/cryptsetup"}, Modules: strings.Fields(cipherModules), Script: lockedScript(), Disks: disks,
		Files: []vm.Entry{{Name: "pass", Mode: 0o600, Data: []byte(passphrase)}},
	}.Run(dir)
}

// lockedMachine is one with some of these disks; words that name volumes are the caller's.
func lockedMachine(t *testing.T, words string, extra []vm.Entry, disks ...string) vm.Spec {
	t.Helper()
	k := kernel(t, "6.1-cloud")
	s := machine(t, k, image{drivers: known, luks: true, extra: extra}.build(t, k), serial+" "+words)
	s.Disks = nil
	for _, name := range disks {
		s.Disks = append(s.Disks, lockedDisk(t, name))
	}
	return s
}

const named = "rd.luks.uuid=" + lockedUUID

// TestLUKSWrong: three wrong passphrases, then the right one.
func TestLUKSWrong(t *testing.T) {
	t.Parallel()
	r := bootTyping(t, lockedMachine(t, named, nil, "pbkdf2"), "Passphrase for", "one\n", "(1 wrong) Passphrase for", "two\n", "(2 wrong)", "three\n", "(3 wrong)", passphrase+"\n")
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
}

// TestLUKSDenied: with tries=3 three wrong ones end the boot; nobody gets a prompt or a shell, though both are allowed.
func TestLUKSDenied(t *testing.T) {
	t.Parallel()
	s := lockedMachine(t, named+" rd.luks.options=tries=3 rd.shell=1 rd.emergency=poweroff", nil, "pbkdf2")
	r := bootTyping(t, s, "Passphrase for", "one\n", "(1 wrong)", "two\n", "(2 wrong)", "three\n")
	mustSay(t, r, "no passphrase was right: luks-"+lockedUUID+" (/dev/vda), after 3 tries", "end: POWERED OFF")
	if r.Reached() || r.Says("HELD") || r.Says("rescue") {
		fail(t, r, "it did not end")
	}
}

// TestLUKSTwo: two volumes, one passphrase, asked for once.
func TestLUKSTwo(t *testing.T) {
	t.Parallel()
	r := bootTyping(t, lockedMachine(t, named+" rd.luks.uuid="+secondUUID, nil, "second", "pbkdf2"), "Passphrase for", passphrase+"\n")
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	mustSay(t, r, "/dev/vda is open: /dev/mapper/luks-"+secondUUID, "/dev/vdb is open: /dev/mapper/luks-"+lockedUUID)
}

// TestLUKSKeyFile: the key is part of a file of the image, or lies on a stick with a FAT, where a link and dots lead nowhere else. Nobody is asked.
func TestLUKSKeyFile(t *testing.T) {
	key := "xx" + passphrase + "yy"
	inImage := []vm.Entry{{Name: "etc/keys/root.key", Mode: 0o600, Data: []byte(key)}}
	part := " rd.luks.options=" + fmt.Sprintf("keyfile-offset=2,keyfile-size=%d", len(passphrase))
	for _, c := range []struct {
		name, words string
		extra       []vm.Entry
		stick       bool
	}{
		{"image", named + part + " rd.luks.key=/etc/keys/root.key", inImage, false},
		{"crypttab", "", append(inImage, vm.Entry{Name: "etc/crypttab", Mode: 0o600, Data: fmt.Appendf(nil, "system UUID=%s /etc/keys/root.key keyfile-offset=2,keyfile-size=%d\n", lockedUUID, len(passphrase))}), false},
		{"stick", named + part + " rd.luks.key=" + lockedUUID + "=/keys/root.key:LABEL=STICK", nil, true},
		{"dots", named + part + " rd.luks.key=" + lockedUUID + "=/../../keys/root.key:LABEL=STICK", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := lockedMachine(t, c.words, c.extra, "pbkdf2")
			if c.stick {
				s.Disks = append(s.Disks, vm.Disk{Path: stick(t, key), Serial: "stick", Snapshot: true})
			}
			r := boot(t, s)
			if !r.Reached() || r.Says("Passphrase") {
				fail(t, r, "root was not reached, or somebody was asked")
			}
			mustSay(t, r, "/dev/vda is open: /dev/mapper/")
		})
	}
}

// stick is a disk with a FAT that has a key.
func stick(t *testing.T, key string) string {
	t.Helper()
	name := fmt.Sprintf("%x", key) // what is made once is known by its name
	file := makeOnce(t, "root-"+name+".key", func(path string) error { return os.WriteFile(path, []byte(key), 0o600) })
	return makeOnce(t, "stick-"+name+".img", vm.Root{FS: "vfat", Label: "STICK", SizeMiB: 40, Files: map[string]string{"keys/root.key": file}}.Make)
}

// TestLUKSCipher: a mapping is made with the processor's own AES, whose driver is a module.
func TestLUKSCipher(t *testing.T) {
	t.Parallel()
	hook := "while read -r name _ driver; do [ \"$name\" = driver ] && warn \"crypto driver $driver\"; done </proc/crypto\n"
	r := bootTyping(t, lockedMachine(t, named, nativeHooks(t, map[string]string{"pre-pivot/10-crypto.sh": hook}), "pbkdf2"), "Passphrase for", passphrase+"\n")
	mustSay(t, r, "crypto driver xts-aes-aesni")
}

// TestLUKSKeyboard types the passphrase on a USB keyboard at the virtual terminal, there from the start or plugged in while the prompt waits (fault L25).
func TestLUKSKeyboard(t *testing.T) {
	for name, late := range map[string]bool{"there": false, "late": true} {
		t.Run(name, func(t *testing.T) {
			k := kernel(t, "6.1") // the cloud kernels know no USB
			drivers := known + " xhci_pci usbhid"
			s := machine(t, k, image{drivers: drivers, luks: true}.build(t, k), "console=ttyS0 console=tty0 "+named).WithScreen().WithUSBKeyboard(late)
			s.Limit, s.Disks = 3*patience, []vm.Disk{lockedDisk(t, "pbkdf2")}
			m := start(t, s)
			await(t, m, "Passphrase for")
			if late {
				if err := m.PlugKeyboard(); err != nil {
					t.Fatal(err)
				}
				await(t, m, "Product: QEMU USB Keyboard")
				time.Sleep(2 * time.Second) // nothing tells when the driver listens
			}
			if err := m.Press(keysOf(passphrase)...); err != nil {
				t.Fatal(err)
			}
			await(t, m, "switching root to") // what root says is on the display
		})
	}
}

// keysOf are the keys of a line.
func keysOf(text string) (keys []string) {
	for _, c := range text {
		if c == ' ' {
			keys = append(keys, "spc")
		} else {
			keys = append(keys, string(c))
		}
	}
	return append(keys, "ret")
}

// TestLUKS: a root on each kind of volume is opened by a passphrase that is typed, by the helper of an image without cryptsetup.
func TestLUKS(t *testing.T) {
	for _, name := range []string{"6.1-cloud", "6.12-cloud"} {
		for _, v := range []string{"luks1", "argon2id", "argon2i", "pbkdf2", "essiv", "serpent", "twofish", "detached", "lvm", "luks-on-lvm"} {
			if name != "6.1-cloud" && v != "argon2id" && v != "lvm" {
				continue
			}
			t.Run(name+"/"+v, func(t *testing.T) {
				t.Parallel()
				k := kernel(t, name)
				words := serial
				disks := []vm.Disk{lockedDisk(t, v)}
				if v == "detached" {
					words += " rd.luks.name=" + lockedUUID + "=root rd.luks.data=" + lockedUUID + "=/dev/vda rd.luks.options=" + lockedUUID + "=header=/dev/vdb"
					disks = append(disks, lockedDisk(t, "header"))
				} else if v != "argon2i" { // which is offered, without any word
					words += " rd.luks.uuid=" + lockedUUID
				}
				s := machine(t, k, image{drivers: known, lvm: strings.Contains(v, "lvm"), luks: true}.build(t, k), words)
				s.Disks = disks
				r := bootTyping(t, s, "Passphrase for", passphrase+"\n")
				if !r.Reached() {
					fail(t, r, "root was not reached")
				}
				mustSay(t, r, " is open: /dev/mapper/")
			})
		}
	}
}
