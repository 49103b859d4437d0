package check

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/kmod"
)

// modules adds modules to those of the usual machine: lines of modules.dep, of modules.alias and of modules.builtin.
func (f files) modules(t *testing.T, dep, alias, builtin string) files {
	t.Helper()
	dir := "usr/lib/modules/" + kver + "/"
	more := files{}
	usualDep := "kernel/virtio_blk.ko: kernel/virtio.ko\nkernel/virtio.ko:\nkernel/virtio_pci.ko: kernel/virtio.ko\nkernel/ext4.ko: kernel/crc16.ko\nkernel/crc16.ko:\n"
	usualAlias := "alias virtio:d00000002v* virtio_blk\nalias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci\nalias fs-ext4 ext4\n"
	for name, entries := range map[string][]kmod.Entry{"modules.dep.bin": kmod.DepEntries(usualDep + dep), "modules.alias.bin": kmod.AliasEntries(usualAlias + alias),
		"modules.builtin.bin": kmod.BuiltinEntries("kernel/crc32c_generic.ko\n" + builtin)} {
		var b bytes.Buffer
		if err := kmod.WriteIndex(&b, entries); err != nil {
			t.Fatal(err)
		}
		more[dir+name] = b.String()
	}
	for line := range strings.Lines(dep) {
		file, _, _ := strings.Cut(line, ":")
		more[dir+file] = static()
	}
	return f.with(more)
}

// change is what is done to an image: "" takes a file away.
func (f files) change(c files) files {
	all := maps.Clone(f)
	for name, text := range c {
		if all[name] = text; text == "" {
			delete(all, name)
		}
	}
	return all
}

// verdictCase is an image with one thing changed, and what it comes to.
type verdictCase struct {
	what   string
	change files
	target string
	want   Verdict
	says   string
}

func verdicts(t *testing.T, image files, cases []verdictCase) {
	t.Helper()
	for _, c := range cases {
		r := Image(image.change(c.change).tree(t), nil, target(t, c.target))
		said := c.says == "" || slices.ContainsFunc(r.Missing, func(m Missing) bool { return strings.Contains(m.What, c.says) })
		if r.Verdict != c.want || !said {
			t.Errorf("%s: %v, wanted %v with %q: %+v", c.what, r.Verdict, c.want, c.says, r.Missing)
		}
	}
}

const dmModules = "kernel/dm_mod.ko:\nkernel/dm_crypt.ko: kernel/dm_mod.ko\nkernel/xts.ko:\nkernel/aes_generic.ko:\nkernel/md_mod.ko:\n"
const dmAliases = "alias crypto-xts xts\nalias crypto-aes aes_generic\n"

// TestLayersOfMkinitramfs: LUKS is opened by a table, a script that is named, and what the script sources and calls; LVM by a rule.
func TestLayersOfMkinitramfs(t *testing.T) {
	image := mkinitramfsImage(t).modules(t, dmModules, dmAliases, "").with(files{
		"usr/sbin/cryptsetup": static(), "usr/sbin/lvm": static(),
		"cryptroot/crypttab":           "disk_crypt UUID=1 none luks\n",
		"scripts/local-top/cryptroot":  "#!/bin/sh\n# crypttab\n. /lib/cryptsetup/functions\n",
		"scripts/local-top/ORDER":      "/scripts/local-top/cryptroot \"$@\"\n",
		"usr/lib/cryptsetup/functions": "# crypttab\n", "usr/lib/cryptsetup/askpass": static(),
		"usr/lib/udev/rules.d/69-lvm.rules": `RUN+="/usr/sbin/lvm vgchange -aay $env{LVM_VG_NAME_COMPLETE}"` + "\n",
	})
	const words = usual + " luks lvm"
	verdicts(t, image, []verdictCase{
		{"all there", nil, words, Boots, ""},
		{"no crypttab", files{"cryptroot/crypttab": ""}, words, Fails, "cryptroot/crypttab"},
		{"a crypttab of comments", files{"cryptroot/crypttab": "# nothing\n\n"}, words, Fails, "lists nothing"},
		{"no script", files{"scripts/local-top/cryptroot": ""}, words, Fails, "scripts/local-top/cryptroot"},
		{"half a script", files{"scripts/local-top/cryptroot": "#!/bin/sh\n# crypttab cryptsetup/functions\nec"}, words, Fails, "cut off"},
		{"it is not named", files{"scripts/local-top/ORDER": "/scripts/local-top/other\n"}, words, Fails, "ORDER"},
		{"no functions", files{"usr/lib/cryptsetup/functions": ""}, words, Fails, "functions"},
		{"no askpass", files{"usr/lib/cryptsetup/askpass": ""}, words, Fails, "askpass"},
		{"no askpass, but a key", files{"usr/lib/cryptsetup/askpass": "", "cryptroot/crypttab": "disk_crypt UUID=1 /cryptroot/keyfiles/a.key luks\n"}, words, Boots, ""},
		{"no mode of the cipher", files{"usr/lib/modules/" + kver + "/kernel/xts.ko": ""}, words, Fails, "xts"},
		{"another cipher", files{"usr/lib/modules/" + kver + "/kernel/xts.ko": ""}, words + " cipher=cbc cipher=aes", Boots, ""},
		{"no rule for LVM", files{"usr/lib/udev/rules.d/69-lvm.rules": ""}, words, Fails, "lvm_scan"},
		{"Argon2 without its library", files{"usr/lib/x86_64-linux-gnu/libargon2.so.1": static()}, words, Fails, "libgcc_s"},
		{"root on none of them", files{"cryptroot/crypttab": "", "usr/sbin/lvm": ""}, usual, Boots, ""},
	})
}

// TestLayersOfDracut: LUKS is opened by hooks, and LVM and MD by rules that call the image's programs.
func TestLayersOfDracut(t *testing.T) {
	image := dracutImage(t).modules(t, dmModules, dmAliases, "").with(files{
		"usr/sbin/cryptsetup": static(), "usr/sbin/lvm": static(), "usr/sbin/mdadm": static(),
		"usr/sbin/cryptroot-ask": "#!/bin/sh\ncryptsetup open\n", "usr/sbin/lvm_scan": "#!/bin/sh\nlvm vgchange\n",
		"usr/lib/dracut/hooks/cmdline/30-parse-crypt.sh":                           ". /lib/dracut-crypt-lib.sh\ngetargs rd.luks.uuid\n",
		"usr/lib/dracut-crypt-lib.sh":                                              "crypttab_contains() { :; }\n",
		"etc/udev/rules.d/64-lvm.rules":                                            `RUN+="/sbin/initqueue --settled --onetime --unique /sbin/lvm_scan"` + "\n",
		"etc/udev/rules.d/65-md-incremental-imsm.rules":                            `RUN+="/sbin/mdadm -I $env{DEVNAME}"` + "\n",
		"usr/lib/udev/rules.d/64-md-raid-assembly.rules":                           `ACTION=="remove", RUN+="/sbin/mdadm -If $name"` + "\n",
		"usr/lib/systemd/system-generators/systemd-cryptsetup-generator-elsewhere": "x",
	})
	const words = usual + " luks lvm md"
	verdicts(t, image, []verdictCase{
		{"all there", nil, words, Boots, ""},
		{"no hook that parses", files{"usr/lib/dracut/hooks/cmdline/30-parse-crypt.sh": ""}, words, Fails, "parse-crypt"},
		{"nothing that asks", files{"usr/sbin/cryptroot-ask": ""}, words, Fails, "cryptroot-ask"},
		{"no library", files{"usr/lib/dracut-crypt-lib.sh": ""}, words, Fails, "dracut-crypt-lib"},
		{"no lvm_scan", files{"usr/sbin/lvm_scan": ""}, words, Fails, "lvm_scan"},
		{"no rule for LVM", files{"etc/udev/rules.d/64-lvm.rules": ""}, words, Fails, "lvm_scan"},
		{"no rule for MD: the other one takes arrays apart", files{"etc/udev/rules.d/65-md-incremental-imsm.rules": ""}, words, Fails, "mdadm"},
		{"no mode of the cipher", files{"usr/lib/modules/" + kver + "/kernel/xts.ko": ""}, words, Fails, "xts"},
	})
}

// TestSourcedFiles: what a hook sources in any case must be there, and a hook must not end the shell of process 1.
func TestSourcedFiles(t *testing.T) {
	const mine = "usr/lib/dracut/hooks/pre-mount/50-mine.sh"
	hook := func(text string) files { return files{mine: text} }
	with := hook(". /lib/mine-lib.sh\n")
	with["usr/lib/mine-lib.sh"] = "mine() { :; }\n"
	wrong := hook(". /lib/mine-lib.sh\n")
	wrong["usr/lib/mine-lib.sh"] = "if true\n"
	deep := hook(". /lib/mine-lib.sh\n")
	deep["usr/lib/mine-lib.sh"] = ". /lib/other-lib.sh\n"
	verdicts(t, dracutImage(t), []verdictCase{
		{"a library that is there", with, usual, Boots, ""},
		{"a library that is not", hook(". /lib/mine-lib.sh\n"), usual, Fails, "it sources /lib/mine-lib.sh"},
		{"one with a mistake", wrong, usual, Fails, "mine-lib.sh:1:"},
		{"one that a library sources", deep, usual, Fails, "/lib/other-lib.sh"},
		{"where a function is not known", hook("type mine >/dev/null 2>&1 || . /lib/mine-lib.sh\n"), usual, Fails, "/lib/mine-lib.sh"},
		{"the same by command", hook("command -v mine >/dev/null || . /lib/mine-lib.sh\n"), usual, Fails, "/lib/mine-lib.sh"},
		{"where it is asked whether the file is there", hook("[ -e /lib/mine-lib.sh ] && . /lib/mine-lib.sh\n"), usual, Boots, ""},
		{"after a return", hook("[ \"$root\" = nfs ] || return 0\n. /lib/mine-lib.sh\n"), usual, Boots, ""},
		{"in a function", hook("f() { . /lib/mine-lib.sh; exit 1; }\n"), usual, Boots, ""},
		{"exit", hook("echo done\nexit 0\n"), usual, Fails, "exit ends the shell"},
		{"exit for some", hook("[ -e /x ] && exit 0\n"), usual, Boots, ""},
		{"exec of a program", hook("exec /bin/true\n"), usual, Fails, "exec ends the shell"},
		{"exec of a redirection", hook("exec 3>/run/x\n"), usual, Boots, ""},
	})
}

// bashisms are scripts that bash parses: which of dash and busybox do, too.
var bashisms = []struct {
	text                string
	dashTakes, boxTakes bool
}{
	{"parts=(a b)\n", false, false},
	{"read a b <<< \"$x\"\n", false, false},
	{"function foo() {\n  :\n}\n", false, true},
	{"while read -r a; do :; done < <(cat /etc/passwd)\n", false, true},
	{"[[ $r =~ ^block:(.*)$ ]]\n", false, false},
	{"[[ $r == a* ]]\n", true, true},
	{"f-g() { :; }\n", false, true},
	{"x=${y//a/b}\n", true, true},
	{"echo a &>/dev/null\n", true, true},
	{"for ((i = 0; i < 3; i++)); do :; done\n", false, false},
	{"local x=1; echo $((x + 1))\n", true, true},
	{"case $x in a) ;; (b) ;; esac\n", true, true},
}

// TestFirstShell: a script of process 1 is judged by the shell that the image has.
func TestFirstShell(t *testing.T) {
	const hook = "usr/lib/dracut/hooks/pre-mount/50-mine.sh"
	sh := dracutImage(t)["usr/bin/sh"]
	for _, b := range bashisms {
		for _, s := range []struct {
			name  string
			files files
			takes bool
		}{
			{"dash", files{"usr/bin/sh": "-> dash", "usr/bin/dash": sh}, b.dashTakes},
			{"busybox", files{"usr/bin/sh": "-> busybox", "usr/bin/busybox": static() + "BusyBox v1.35.0\x00umount\x00"}, b.boxTakes},
			{"bash", files{"usr/bin/sh": "-> bash", "usr/bin/bash": sh}, true},
		} {
			image := dracutImage(t).change(s.files).change(files{hook: b.text})
			if r := Image(image.tree(t), nil, target(t, usual)); (r.Verdict == Boots) != s.takes {
				t.Errorf("%s, %q: %v: %+v", s.name, b.text, r.Verdict, r.Missing)
			}
		}
	}
}

// TestBashismsOfShells: the table is what the shells themselves say.
func TestBashismsOfShells(t *testing.T) {
	for _, b := range bashisms {
		file := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(file, []byte("if false; then\n"+b.text+"fi\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, s := range []struct {
			shell []string
			takes bool
		}{{[]string{"dash"}, b.dashTakes}, {[]string{"busybox", "sh"}, b.boxTakes}, {[]string{"bash"}, true}} {
			if s.shell[0] == "busybox" && strings.HasPrefix(b.text, "f-g") {
				continue // Debian's releases differ
			}
			out, err := exec.Command(s.shell[0], append(s.shell[1:], file)...).CombinedOutput()
			if (err == nil) != s.takes {
				t.Errorf("%s, %q: %v: %s", s.shell[0], b.text, err, out)
			}
		}
	}
}

// TestRootLinks: every form of root= that udev makes a link for; rules for other devices than a plain disk make none.
func TestRootLinks(t *testing.T) {
	const rules = "usr/lib/udev/rules.d/60-persistent-storage.rules"
	other := files{rules: "", "usr/lib/udev/rules.d/60-persistent-storage-dm.rules": udevRules, "usr/lib/udev/rules.d/63-md-raid-arrays.rules": udevRules}
	named := func(root string) string { return "virtio-blk ext4 root=" + root }
	for _, image := range []files{dracutImage(t), mkinitramfsImage(t)} {
		verdicts(t, image, []verdictCase{
			{"by-uuid", nil, named("/dev/disk/by-uuid/1"), Boots, ""},
			{"by-uuid, no rules", files{rules: ""}, named("/dev/disk/by-uuid/1"), Fails, "by-uuid"},
			{"by-uuid, rules of others", other, named("/dev/disk/by-uuid/1"), Fails, "by-uuid"},
			{"by-id, no rules", files{rules: ""}, named("/dev/disk/by-id/virtio-1"), Fails, "by-id"},
			{"by-path, no rules", files{rules: ""}, named("/dev/disk/by-path/1"), Fails, "by-path"},
			{"a name of the kernel, no rules", files{rules: ""}, named("/dev/vda"), Boots, ""},
		})
	}
	label := udevRules + `ENV{ID_FS_LABEL_ENC}=="?*", SYMLINK+="disk/by-label/$env{ID_FS_LABEL_ENC}"` + "\n"
	verdicts(t, dracutImage(t).with(files{rules: label}), []verdictCase{
		{"a label without sed", nil, named("LABEL=root"), Fails, "sed"},
		{"a label", files{"usr/bin/sed": static()}, named("LABEL=root"), Boots, ""},
	})
}

// TestDriverOfDevice: where it is known which driver a device has, another one with the same alias does not do.
func TestDriverOfDevice(t *testing.T) {
	image := dracutImage(t).modules(t, "kernel/ata_piix.ko:\nkernel/ata_generic.ko:\n", "alias pci:v00008086d00007010* ata_piix\nalias pci:v*d*sv*sd*bc01sc01i* ata_generic\n", "")
	const disk = usual + " modalias=pci:v00008086d00007010sv1sd1bc01sc01i80"
	piix := "usr/lib/modules/" + kver + "/kernel/ata_piix.ko"
	verdicts(t, image, []verdictCase{
		{"it is there", nil, disk + " driver=ata_piix", Boots, ""},
		{"the generic one alone", files{piix: ""}, disk + " driver=ata_piix", Fails, "ata_piix"},
		{"nobody knows which it has", files{piix: ""}, disk, Boots, ""},
	})
}

// TestModprobeConf: what modprobe.d of the image keeps from being loaded, and a file system that only the index of aliases leads to.
func TestModprobeConf(t *testing.T) {
	image := dracutImage(t)
	aliases := "usr/lib/modules/" + kver + "/modules.alias.bin"
	list := dracutImage(t).modules(t, "", "", "")
	verdicts(t, image, []verdictCase{
		{"on the blacklist", files{"etc/modprobe.d/x.conf": "blacklist virtio_blk\n"}, usual, Fails, "blacklist"},
		{"an install line", files{"usr/lib/modprobe.d/x.conf": "install ext4 /bin/false\n"}, usual, Fails, "install line"},
		{"another module's", files{"etc/modprobe.d/x.conf": "blacklist floppy\n"}, usual, Boots, ""},
	})
	// The driver comes by name; the kernel asks for fs-ext4.
	image = mkinitramfsImage(t).with(files{"conf/modules": "virtio_pci\nvirtio_blk\n", aliases: "", path.Dir(aliases) + "/x": ""})
	k := &Kernel{kver, mustOpen(t, list)}
	if r := Image(image.tree(t), k, target(t, usual)); r.Verdict != Fails || !slices.ContainsFunc(r.Missing, func(m Missing) bool { return strings.Contains(m.What, "fs-ext4") }) {
		t.Errorf("an index of aliases that is empty: %v: %+v", r.Verdict, r.Missing)
	}
}

func mustOpen(t *testing.T, f files) *kmod.Index {
	t.Helper()
	index, err := kmod.Open(f.tree(t), "usr/lib/modules/"+kver)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// TestBuiltinChecksum: an algorithm that is built in is not hidden by a module with the same alias.
func TestBuiltinChecksum(t *testing.T) {
	image := dracutImage(t).modules(t, "kernel/xfs.ko:\n", "alias fs-xfs xfs\n", "")
	full := image.modules(t, "kernel/xfs.ko:\nkernel/crc32c-intel.ko:\n", "alias fs-xfs xfs\nalias crypto-crc32c crc32c_intel\n", "")
	if r := Image(image.tree(t), &Kernel{kver, mustOpen(t, full)}, target(t, "virtio-blk xfs")); r.Verdict != Boots {
		t.Errorf("%v: %+v", r.Verdict, r.Missing)
	}
}

// TestChecksumOfProcessor: an algorithm that is loaded for the processor is not found by an index that has lost its aliases.
func TestChecksumOfProcessor(t *testing.T) {
	full := dracutImage(t).modules(t, "kernel/xfs.ko:\nkernel/crc32c-intel.ko:\n", "alias fs-xfs xfs\nalias crypto-crc32c crc32c_intel\n", "")
	dir := "usr/lib/modules/" + kver + "/"
	var none bytes.Buffer
	if err := kmod.WriteIndex(&none, nil); err != nil {
		t.Fatal(err)
	}
	full[dir+"modules.builtin.bin"] = none.String()
	lost := dracutImage(t).modules(t, "kernel/xfs.ko:\nkernel/crc32c-intel.ko:\n", "alias fs-xfs xfs\n", "")
	lost[dir+"modules.builtin.bin"] = none.String()
	k := &Kernel{kver, mustOpen(t, full)}
	for _, c := range []struct {
		image files
		want  Verdict
	}{{full, Boots}, {lost, Fails}} {
		if r := Image(c.image.tree(t), k, target(t, "virtio-blk xfs")); r.Verdict != c.want {
			t.Errorf("%v, wanted %v: %+v", r.Verdict, c.want, r.Missing)
		}
	}
}

// TestSoftdepLost: preroot loads an algorithm by the word of the soft dependency; an index that has lost it leads to none, whatever else it knows.
func TestSoftdepLost(t *testing.T) {
	const dep, alias = "kernel/xfs.ko:\nkernel/crc32c-intel.ko:\n", "alias fs-xfs xfs\nalias cpu:type:x86* crc32c_intel\n"
	own := drivers(t).with(files{"init": static() + "github.com/preroot/preroot/cmd/init"})
	full := own.modules(t, dep, alias+"alias crypto-crc32c crc32c_intel\n", "")
	dir := "usr/lib/modules/" + kver + "/"
	var none bytes.Buffer
	if err := kmod.WriteIndex(&none, nil); err != nil {
		t.Fatal(err)
	}
	change := files{dir + "modules.builtin.bin": none.String(), dir + "modules.softdep": "softdep xfs pre: crypto-crc32c\n"}
	k := &Kernel{kver, mustOpen(t, full.change(change))}
	for _, c := range []struct {
		image files
		want  Verdict
	}{{full, Boots}, {own.modules(t, dep, alias, ""), Fails}} {
		if r := Image(c.image.change(change).tree(t), k, target(t, "virtio-blk xfs")); r.Verdict != c.want {
			t.Errorf("%v, wanted %v: %+v", r.Verdict, c.want, r.Missing)
		}
	}
}

// TestLibraryCache: a library in a folder that only etc/ld.so.cache has.
func TestLibraryCache(t *testing.T) {
	image := dracutImage(t)
	const libc = "usr/lib/x86_64-linux-gnu/libc.so.6"
	image["usr/local/lib/libc.so.6"] = image[libc]
	delete(image, libc)
	cache := "glibc-ld.so.cache1.1\x00\x01libc.so.6\x00/usr/local/lib/libc.so.6\x00"
	verdicts(t, image, []verdictCase{
		{"no cache", nil, usual, Fails, "libc.so.6"},
		{"a cache", files{"etc/ld.so.cache": cache}, usual, Boots, ""},
		{"a cache that is cut off", files{"etc/ld.so.cache": cache[:30]}, usual, Fails, "libc.so.6"},
	})
}

// TestUdevdMode: preroot leaves devices to the image's udevd where there is one with something to do, and opens layers by its hooks then.
func TestUdevdMode(t *testing.T) {
	own := drivers(t).with(shell(t)).with(files{"init": static() + "github.com/preroot/preroot/cmd/init"}).modules(t, dmModules, dmAliases, "")
	hook := files{"var/lib/dracut/hooks/pre-mount/50-mine.sh": "true\n"}
	array := own.with(udev(t)).with(hook).with(files{"usr/sbin/udevadm": static(), "usr/sbin/mdadm": static(), "etc/udev/rules.d/65-md.rules": `RUN+="/sbin/mdadm -I $env{DEVNAME}"` + "\n"})
	verdicts(t, own.with(hook), []verdictCase{
		{"udevadm without udevd", files{"usr/sbin/udevadm": static()}, usual, Boots, ""},
	})
	verdicts(t, array, []verdictCase{
		{"an array", nil, usual + " md", Boots, ""},
		{"no mdadm", files{"usr/sbin/mdadm": ""}, usual + " md", Fails, "mdadm"},
		{"no rule", files{"etc/udev/rules.d/65-md.rules": ""}, usual + " md", Fails, "no rule of udev"},
	})
}
