package faults

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// faultsL: passphrases, keys and headers, each over three orders of layers.
var faultsL = everywhere(slices.Concat(lockedTyping, lockedKeys, lockedHeaders, lockedKernel))

// everywhere does a scenario to a root on LUKS, to one on LVM in LUKS, and to one on LUKS in LVM.
func everywhere(list []lockedScenario) (all []scenario) {
	for _, kind := range []string{"luks", "lvm-on-luks", "luks-on-lvm"} {
		for _, l := range list {
			s := l.scenario
			s.on = kind
			s.name = strings.TrimPrefix(s.name+" ", " ") + kind
			s.name = strings.ReplaceAll(s.name, " ", "-")
			s.broken = func(r *rig) { l.breaks(r, kind) }
			all = append(all, s)
		}
	}
	return all
}

// lockedScenario is one that is told on which machine it is.
type lockedScenario struct {
	scenario
	breaks func(r *rig, kind string)
}

const prompt = "Passphrase for"

// typing types something when the console says what stands before it.
func typing(said ...string) func(*rig, *vm.Machine) error {
	var list []step
	for i := 0; i+1 < len(said); i += 2 {
		list = append(list, say(said[i]), types(said[i+1]))
	}
	return func(_ *rig, m *vm.Machine) error { return steps(m, list...) }
}

func types(text string) step { return func(m *vm.Machine) error { return m.Type(text) } }

func typed(r *rig, _ string) { r.typed() }

// wrong types n wrong passphrases, then the right one.
func wrong(n int) lockedScenario {
	said := []string{prompt, "wrong\n"}
	for i := 1; i < n; i++ {
		said = append(said, fmt.Sprintf("(%d wrong)", i), "wrong\n")
	}
	said = append(said, fmt.Sprintf("(%d wrong)", n), passphrase+"\n")
	return lockedScenario{scenario{
		id: "L01", name: fmt.Sprint(n), fault: fmt.Sprintf("Wrong passphrase %d times", n), done: "typed at the serial line; then the right one",
		during: typing(said...), want: Want{End: Booted, Within: 4 * time.Minute},
	}, typed}
}

var lockedTyping = []lockedScenario{
	wrong(1), wrong(3), wrong(10),
	{scenario{
		id: "L01", name: "tries", fault: "Wrong passphrase as often as tries= allows", done: "tries=3, three wrong ones; a shell is allowed",
		during: typing(prompt, "a\n", "(1 wrong)", "b\n", "(2 wrong)", "c\n"),
		want:   Want{End: Rebooted, Reason: "no passphrase was right", Never: []string{"HELD"}},
	}, func(r *rig, _ string) { r.typed("tries=3") }},
	{scenario{
		id: "L02", fault: "Enter held down", done: "twenty times a second for 60 s; then the passphrase",
		during: func(_ *rig, m *vm.Machine) error {
			if err := steps(m, say(prompt)); err != nil {
				return err
			}
			for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
				if err := m.Type("\n"); err != nil {
					return err
				}
			}
			return steps(m, pause(3*time.Second), types(passphrase+"\n"))
		},
		want: Want{End: Booted, Within: 2 * time.Minute, NotBefore: 40 * time.Second},
	}, typed},
	{scenario{
		id: "L03", fault: "64 KiB pasted; a NUL, half of a character, Ctrl-U", done: "each before the passphrase",
		during: func(_ *rig, m *vm.Machine) error {
			return steps(m, say(prompt), types(strings.Repeat("x", 64<<10)+"\n"), say("(longer than 512 bytes)"), types("\x00\xc3\xa9\x7f\xc3\x7fzz\x15"+passphrase+"\n"))
		},
		want: Want{End: Booted, Within: time.Minute},
	}, typed},
	{scenario{
		id: "L04", fault: "Ctrl-C, Ctrl-Z, Ctrl-\\, Ctrl-D at the prompt", done: "abc and Ctrl-C; then the others, and the passphrase",
		during: typing(prompt, "abc\x03", "(canceled)", "\x04\x1a\x1c"+passphrase+"\n"), want: Want{End: Booted},
	}, typed},
	{scenario{
		id: "L05", fault: "Two volumes with one passphrase", done: "typed once",
		during: typing(prompt, passphrase+"\n"), want: Want{End: Booted, Says: []string{"/dev/mapper/root", "/dev/mapper/second"}},
	}, func(r *rig, _ string) {
		r.typed()
		const other = "dddddddd-2222-4222-8222-222222222222"
		i := r.addBlank("second0", 20<<20)
		r.cryptsetup("luksFormat", "--uuid", other, "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", r.spec.Disks[i].Path)
		last := &r.entries[len(r.entries)-1]
		last.Data = append(last.Data, "second UUID="+other+" none luks\n"...)
	}},
	{scenario{
		id: "L06", name: "stick", fault: "The stick with the key file arrives while the prompt is open", done: "plugged in at the prompt",
		during: func(r *rig, m *vm.Machine) error { return steps(m, say(prompt), plug(1)) },
		want:   Want{End: Booted, Says: []string{"there is another key file"}},
	}, func(r *rig, _ string) {
		r.leave(keyName)
		r.locked("/keys/root.key:LABEL=STICK", "keyfile-timeout=1")
		r.addStick("")
		r.spec.Disks[len(r.spec.Disks)-1].Late = true
	}},
	{scenario{
		id: "L06", name: "root", fault: "What is asked for is no longer needed", done: "the volume is offered; then the disk that root= names is plugged in",
		during: func(r *rig, m *vm.Machine) error { return steps(m, say(prompt), plug(1)) }, want: Want{End: Booted},
	}, func(r *rig, _ string) {
		r.leave("etc/crypttab")
		r.leave(keyName)
		const other = "44444444-2222-3333-4444-555555555555"
		i := r.add(vm.Disk{Path: r.master(vm.Root{UUID: other}), Serial: "plain0", Late: true})
		r.may[i] = true
		r.root = "UUID=" + other
	}},
}

// keyed is a scenario in which the key file is of no use, and the passphrase is typed.
func keyed(id, name, fault, says string, breaks func(r *rig)) lockedScenario {
	return lockedScenario{scenario{
		id: id, name: name, fault: fault, done: "then the passphrase is typed", during: typing(prompt, passphrase+"\n"),
		want: Want{End: Booted, Says: []string{says}},
	}, func(r *rig, _ string) { breaks(r) }}
}

// addStick attaches a disk with an ext4 of the label STICK.
func (r *rig) addStick(change string) {
	r.t.Helper()
	i := r.add(vm.Disk{Path: r.master(vm.Root{UUID: "55555555-2222-3333-4444-555555555555", Label: "STICK", SizeMiB: 16, Files: map[string]string{"/keys/root.key": text0(passphrase)}}), Serial: "stick0"})
	if change != "" {
		r.host("debugfs", "-w", "-R", change, r.spec.Disks[i].Path)
	}
}

var lockedKeys = []lockedScenario{
	keyed("L07", "file", "The key file is absent", "key file /etc/keys/root.key: no such file or directory", func(r *rig) { r.leave(keyName) }),
	keyed("L07", "device", "The device with the key file is absent", "LABEL=STICK, which has /keys/root.key, is not there", func(r *rig) { r.locked("/keys/root.key:LABEL=STICK", "keyfile-timeout=3") }),
	keyed("L08", "directory", "The key file is a directory", "key file /etc/keys/root.key: it is no regular file", func(r *rig) {
		r.leave(keyName)
		r.file("etc/keys/root.key/x", 0o600, nil)
	}),
	keyed("L08", "fifo", "The key file is a FIFO", "key file /etc/keys/root.key: it is no regular file", func(r *rig) {
		r.leave(keyName)
		r.first("mkdir -p /etc/keys\nmknod /etc/keys/root.key p")
	}),
	keyed("L08", "large", "The key file has 10 GB", "key file /keys/root.key on /dev/vdb: ", func(r *rig) {
		r.locked("/keys/root.key:LABEL=STICK")
		r.addStick("sif /keys/root.key size 10737418240")
	}),
	keyed("L08", "link", "The key file is a link out of its device", "key file /keys/out.key on /dev/vdb: ", func(r *rig) {
		r.locked("/keys/out.key:LABEL=STICK")
		r.addStick("symlink /keys/out.key /etc/keys/root.key")
	}),
}

// crafted is a volume whose header says what no honest one does.
func crafted(name, fault, reason, from, old, now string) lockedScenario {
	return lockedScenario{scenario{
		id: "L11", name: name, fault: fault, done: old + " is " + now + " in both copies, with right checksums; 5 s to wait",
		want: Want{End: Rebooted, Says: []string{reason}, Never: []string{prompt}},
	}, func(r *rig, kind string) {
		r.typed()
		r.word("rd.retry=5")
		r.forge(kind, from, old, now)
	}}
}

var lockedHeaders = []lockedScenario{
	{scenario{
		id: "L09", fault: "The first copy of the header is damaged", done: "16 bytes of its JSON text overwritten",
		want: Want{End: Booted, Says: []string{"header is not used"}},
	}, func(r *rig, kind string) {
		r.header(kind, func(path string) { overwrite(r, path, jsonAt+100, make([]byte, 16)) })
	}},
	{scenario{
		id: "L10", name: "first", fault: "The copies of the header differ, the first is newer", done: "a key was added; the second copy is the old one",
		during: typing(prompt, "another\n"), want: Want{End: Booted, Says: []string{"is older than"}},
	}, func(r *rig, kind string) { r.typed(); r.addKey(kind, copySize) }},
	{scenario{
		id: "L10", name: "second", fault: "The copies of the header differ, the second is newer", done: "a key was added; the first copy is the old one",
		during: typing(prompt, "another\n"), want: Want{End: Booted, Says: []string{"is older than"}},
	}, func(r *rig, kind string) { r.typed(); r.addKey(kind, 0) }},
	crafted("slot", "The null cipher in a key slot", `cipher "cipher_null-ecb" encrypts nothing`, `"keyslots"`, `"encryption":"aes-xts-plain64"`, `"encryption":"cipher_null-ecb"`),
	crafted("segment", "The null cipher in the segment", `cipher "cipher_null-ecb" encrypts nothing`, `"segments"`, `"encryption":"aes-xts-plain64"`, `"encryption":"cipher_null-ecb"`),
	crafted("size", "A segment without bytes", "it has no bytes", `"segments"`, `"size":"dynamic"`, `"size":"0"`),
	crafted("iterations", "Iterations without end", "iterations", `"keyslots"`, `"iterations":1000`, `"iterations":4294967296`),
	crafted("memory", "A key derivation that wants 64 GiB", "MiB of memory", `"keyslots"`, `"type":"pbkdf2"`, `"type":"argon2id","time":4,"memory":67108864,"cpus":1,"was":"pbkdf2"`),
	{scenario{
		id: "L12", fault: "A key derivation that needs 1 GiB", done: "argon2id, in a machine of 256 MiB; 20 s to wait",
		during: typing(prompt, passphrase+"\n"), want: Want{End: Rebooted, Says: []string{"needs 1024 MiB of memory"}, Never: []string{"Out of memory"}, Within: time.Minute},
	}, func(r *rig, kind string) {
		r.typed()
		r.spec.MemoryMiB = 256
		r.word("rd.retry=20")
		r.header(kind, func(path string) {
			r.cryptsetup("luksConvertKey", "--pbkdf", "argon2id", "--pbkdf-memory", "1048576", "--pbkdf-parallel", "1", "--pbkdf-force-iterations", "4", path)
		})
	}},
}

// addKey adds the key "another" by cryptsetup, and puts one of the copies back as it was.
func (r *rig) addKey(kind string, old int) {
	r.header(kind, func(path string) {
		before := make([]byte, copySize)
		f, err := os.Open(path)
		if err == nil {
			_, err = f.ReadAt(before, int64(old))
			f.Close()
		}
		if err != nil {
			r.t.Fatal(err)
		}
		r.cryptsetup("luksAddKey", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", path, text0("another"))
		overwrite(r, path, int64(old), before)
	})
}

func overwrite(r *rig, path string, at int64, data []byte) {
	r.t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		_, err = f.WriteAt(data, at)
		f.Close()
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

var lockedKernel = []lockedScenario{
	{scenario{
		id: "L13", name: "target", fault: "The module dm_crypt is missing", done: "it was taken out of the image; 5 s to wait",
		want: Want{End: Rebooted, Says: []string{"dm_crypt"}, Never: []string{prompt}},
	}, func(r *rig, _ string) { r.typed(); r.word("rd.retry=5"); r.loseModule("dm-crypt") }},
	{scenario{
		id: "L13", name: "cipher", fault: "The modules of the cipher are missing", done: "xts and aesni_intel were taken out of the image; 5 s to wait",
		want: Want{End: Rebooted, Says: []string{"no cipher xts(aes)"}, Never: []string{prompt}},
	}, func(r *rig, _ string) {
		r.typed()
		r.word("rd.retry=5")
		r.loseModule("xts")
		r.loseModule("aesni-intel")
	}},
	{scenario{
		id: "L14", fault: "A mapping of the name is there already", done: "dmsetup create root, of something else; 5 s to wait",
		want: Want{End: Rebooted, Says: []string{"there is a mapping of the name root already"}},
	}, func(r *rig, _ string) {
		r.drivers += " dm_mod"
		r.word("rd.retry=5", "rd.driver.pre=dm_mod", "rdinit=/helper/start")
		tools, err := vm.Dynamic("/sbin/dmsetup")
		if err != nil {
			r.t.Fatal(err)
		}
		r.entries = append(r.entries, tools...)
		r.first("mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev\n" +
			"ln -s /init /helper/modprobe; /helper/modprobe dm_mod\nDM_DISABLE_UDEV=1 /sbin/dmsetup create root --table '0 8 error' && echo '<5>helper: made' >/dev/kmsg\numount /dev; umount /sys; umount /proc")
	}},
	{scenario{
		id: "L25", fault: "The keyboard comes late", done: "a USB keyboard, plugged in while the prompt waits; the passphrase is typed on it",
		during: func(_ *rig, m *vm.Machine) error {
			if err := steps(m, say(prompt)); err != nil {
				return err
			}
			if err := m.PlugKeyboard(); err != nil {
				return err
			}
			if err := steps(m, say("USB HID"), pause(2*time.Second)); err != nil {
				return err
			}
			keys := []string{}
			for _, c := range passphrase {
				keys = append(keys, strings.Replace(string(c), " ", "spc", 1))
			}
			return m.Press(append(keys, "ret")...)
		},
		want: Want{End: Booted, Within: time.Minute},
	}, func(r *rig, _ string) {
		r.typed()
		r.kernel = "6.1"
		r.drivers += " xhci_pci usbhid"
		r.words = append([]string{"console=tty0"}, r.words...)
		r.spec = r.spec.WithScreen().WithUSBKeyboard(true)
	}},
}
