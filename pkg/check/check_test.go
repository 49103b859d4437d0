package check

import (
	"bytes"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/kmod"
)

const kver = "6.1.0-test"

// files are a made-up image: a path, and its content; "-> TARGET" is a link.
type files map[string]string

func (f files) with(more files) files {
	all := maps.Clone(f)
	maps.Copy(all, more)
	return all
}

// tree packs the files and reads them as check does.
func (f files) tree(t *testing.T) *archive.Tree {
	t.Helper()
	var b bytes.Buffer
	w := archive.NewWriter(&b)
	made := map[string]bool{".": true}
	var folder func(dir string)
	add := func(e archive.Entry) {
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	folder = func(dir string) {
		if !made[dir] {
			folder(path.Dir(dir))
			made[dir] = true
			add(archive.Entry{Name: dir, Kind: archive.Dir, Perm: 0o755})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		folder(path.Dir(name))
		e := archive.Entry{Name: name, Kind: archive.Regular, Perm: 0o755, Data: []byte(f[name])}
		if target, ok := strings.CutPrefix(f[name], "-> "); ok {
			e.Kind, e.Data = archive.Symlink, []byte(target)
		}
		add(e)
	}
	if err := w.Close(4); err != nil {
		t.Fatal(err)
	}
	i, err := archive.Parse(b.Bytes(), archive.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := i.Tree()
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// host is a file of this machine.
func host(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// static is the smallest program: the header of an ELF for amd64, and a segment that is the file.
func static() string {
	b := make([]byte, 64+56)
	copy(b, "\x7fELF\x02\x01\x01")
	b[16], b[18], b[20], b[32], b[52], b[54], b[56] = 2, 62, 1, 64, 64, 56, 1
	b[64], b[64+32] = 1, byte(len(b))
	return string(b)
}

// shell is a dynamic program with all that it needs.
func shell(t *testing.T) files {
	t.Helper()
	f := files{"usr/bin/sh": host(t, "/bin/true"), "bin": "-> usr/bin", "sbin": "-> usr/sbin", "lib": "-> usr/lib", "lib64": "-> usr/lib64"}
	for _, lib := range []string{"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"} {
		f["usr"+lib] = static()
	}
	return f
}

// drivers are modules of the usual machine with their indexes.
func drivers(t *testing.T, omit ...string) files {
	t.Helper()
	dep := "kernel/virtio_blk.ko: kernel/virtio.ko\nkernel/virtio.ko:\nkernel/virtio_pci.ko: kernel/virtio.ko\nkernel/ext4.ko: kernel/crc16.ko\nkernel/crc16.ko:\n"
	alias := "alias virtio:d00000002v* virtio_blk\nalias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci\nalias fs-ext4 ext4\n"
	dir := "usr/lib/modules/" + kver + "/"
	f := files{}
	for name, entries := range map[string][]kmod.Entry{"modules.dep.bin": kmod.DepEntries(dep), "modules.alias.bin": kmod.AliasEntries(alias), "modules.builtin.bin": kmod.BuiltinEntries("kernel/crc32c_generic.ko\n")} {
		var b bytes.Buffer
		if err := kmod.WriteIndex(&b, entries); err != nil {
			t.Fatal(err)
		}
		f[dir+name] = b.String()
	}
	module := static()
	for _, m := range []string{"virtio_blk", "virtio", "virtio_pci", "ext4", "crc16"} {
		f[dir+"kernel/"+m+".ko"] = module
	}
	return f
}

// met makes what a list of needs asks for.
func met(t *testing.T, needs []need) files {
	t.Helper()
	f := files{}
	program := static()
	for _, n := range needs {
		name := strings.ReplaceAll(n.name, "*", "90-")
		if strings.HasPrefix(name, "lib/") {
			name = "usr/" + name
		}
		says := strings.ReplaceAll(n.says, "|", "\n")
		switch n.kind {
		case early:
			f["usr/bin/"+name] = program
		case sourced, present, whole:
			f[name] = "#!/bin/sh\n: '" + says + "'\n"
		case text:
			f[name] = says + "\n"
		case 0:
			f["usr/sbin/"+name] = program
		}
	}
	return f
}

const udevRules = `SUBSYSTEM=="block", IMPORT{builtin}="blkid"
ENV{ID_FS_UUID_ENC}=="?*", SYMLINK+="disk/by-uuid/$env{ID_FS_UUID_ENC}"
`

// udev is the daemon with its rules.
func udev(t *testing.T) files {
	t.Helper()
	return files{
		"usr/lib/systemd/systemd-udevd": "-> ../../sbin/udevadm", "usr/lib/x86_64-linux-gnu/libkmod.so.2": static(), "usr/lib/x86_64-linux-gnu/libblkid.so.1": static(),
		"usr/lib/udev/rules.d/80-drivers.rules":            `ENV{MODALIAS}=="?*", RUN{builtin}+="kmod load $env{MODALIAS}"` + "\n",
		"usr/lib/udev/rules.d/60-persistent-storage.rules": udevRules,
		"usr/sbin/modprobe":                                static(),
		"etc/motd":                                         "noise\n",
	}
}

func mkinitramfsImage(t *testing.T) files {
	return met(t, mkinitramfsNeeds()).with(shell(t)).with(drivers(t)).with(udev(t)).with(files{"usr/sbin/blkid": static()})
}

func dracutImage(t *testing.T) files {
	var hooks []need
	for _, h := range dracutHooks() {
		hooks = append(hooks, need{sourced, "lib/dracut/hooks/" + h.name, h.why, h.says})
	}
	return met(t, append(dracutNeeds(), hooks...)).with(shell(t)).with(drivers(t)).with(udev(t)).with(files{"etc/conf.d/systemd.conf": "systemdutildir=\"/usr/lib/systemd\"\n"})
}

func target(t *testing.T, words string) Target {
	t.Helper()
	tg, err := ParseTarget(words)
	if err != nil {
		t.Fatal(err)
	}
	return tg
}

const usual = "virtio-blk ext4 root=UUID=11111111-2222-3333-4444-555555555555"

// TestEachFile takes one file after the other away, and cuts it: what an init needs makes it fail, everything else does not.
func TestEachFile(t *testing.T) {
	noise := map[string]bool{"etc/motd": true, "usr/lib/modules/" + kver + "/modules.builtin.bin": true}
	for _, image := range []struct {
		kind  string
		files files
		noise string // beside that, what this init does without
	}{
		{MkInitramfs, mkinitramfsImage(t), "usr/lib/udev/rules.d/60-persistent-storage.rules usr/lib/x86_64-linux-gnu/libblkid.so.1"},
		{Dracut, dracutImage(t), ""},
	} {
		r := Image(image.files.tree(t), nil, target(t, usual))
		if r.Kind != image.kind || r.Verdict != Boots {
			t.Fatalf("%s: kind %s, %v: %+v", image.kind, r.Kind, r.Verdict, r.Missing)
		}
		for name, content := range image.files {
			want := Fails
			if noise[name] || slices.Contains(strings.Fields(image.noise), name) {
				want = Boots
			}
			broken := maps.Clone(image.files)
			delete(broken, name)
			if r := Image(broken.tree(t), nil, target(t, usual)); r.Verdict != want && r.Kind == image.kind {
				t.Errorf("%s without %s: %v: %+v", image.kind, name, r.Verdict, r.Missing)
			}
			if strings.HasPrefix(content, "-> ") {
				continue
			}
			broken[name] = ""
			if r := Image(broken.tree(t), nil, target(t, usual)); r.Verdict != want && !strings.HasPrefix(name, "conf/") && name != "scripts/nfs" {
				t.Errorf("%s with an empty %s: %v: %+v", image.kind, name, r.Verdict, r.Missing)
			}
			if strings.HasPrefix(name, "conf/") || name == "scripts/nfs" {
				continue // that they are there and have no mistake is all that counts
			}
			broken[name] = content[:len(content)/2]
			if r := Image(broken.tree(t), nil, target(t, usual)); r.Verdict != want {
				t.Errorf("%s with half of %s: %v: %+v", image.kind, name, r.Verdict, r.Missing)
			}
		}
	}
}

// TestFindings are images that lack something, and what is said of it.
func TestFindings(t *testing.T) {
	module := "usr/lib/modules/" + kver + "/kernel/virtio.ko"
	for _, c := range []struct {
		name       string
		change     files
		target     string
		what, hint string
	}{
		{"a module that a driver needs", files{module: "-> gone"}, usual, "module virtio_pci needs virtio", "dracut --force --add-drivers virtio_pci"},
		{"no driver for the bus", nil, "nvme ext4", "module nvme is not in the image", ""},
		{"another file system", nil, "virtio-blk xfs", "module xfs is not in the image", "dracut --force --add-drivers xfs"},
		{"a library", files{"usr/lib/x86_64-linux-gnu/libc.so.6": "-> gone"}, usual, "needs libc.so.6: libc.so.6 is not in the image", ""},
		{"a hook with a mistake", files{"lib/dracut/hooks/pre-mount/50-mine.sh": "if true; then\n  echo\n"}, usual, "lib/dracut/hooks/pre-mount/50-mine.sh:1:1: ", ""},
		{"a key", nil, usual + " key=/etc/keys/root.key", "/etc/keys/root.key is not in the image", "dracut --force --install /etc/keys/root.key"},
		{"firmware", nil, usual + " firmware=ql2400_fw.bin", "lib/firmware/ql2400_fw.bin is not in the image", ""},
		{"a layer", nil, usual + " lvm", "lvm is not in the image", "dracut --force --add lvm"},
	} {
		image := dracutImage(t)
		for name, content := range c.change {
			if strings.HasPrefix(name, "lib/") {
				name = "usr/" + name
			}
			image[name] = content
		}
		r := Image(image.tree(t), nil, target(t, c.target))
		found := slices.ContainsFunc(r.Missing, func(m Missing) bool { return strings.Contains(m.What, c.what) && strings.Contains(m.Hint, c.hint) })
		if !found || r.Verdict != Fails {
			t.Errorf("%s: %v: %+v", c.name, r.Verdict, r.Missing)
		}
	}
}

func TestUnknownInit(t *testing.T) {
	if r := Image(files{"init": static()}.with(shell(t)).tree(t), nil, Target{}); r.Verdict != Unknown || r.Kind != Other {
		t.Errorf("%+v", r)
	}
	if r := Image(files{"etc/motd": "x"}.tree(t), nil, Target{}); r.Verdict != Fails {
		t.Errorf("no /init: %+v", r)
	}
}

func TestTarget(t *testing.T) {
	tg := target(t, usual+" luks, key=/etc/key # a comment\nmodule=nls_utf8 firmware=a/b modalias=pci:v1")
	again, err := ParseTarget(tg.String())
	if err != nil || again.String() != tg.String() || len(again.Devices) != 3 || again.FSType != "ext4" || again.Files[0] != "etc/key" {
		t.Errorf("%v\n%s\n%s", err, tg, again)
	}
	for _, bad := range []string{"floppy", "root=", "colour=red", "modalias", "key"} {
		if _, err := ParseTarget(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestBeyond: what /init of preroot does not do makes an image fail, and says so with what to do; with a hook that may do it nothing can be told, nor where something of the machine is not known.
func TestBeyond(t *testing.T) {
	own := drivers(t).with(files{"init": static() + "github.com/preroot/preroot/cmd/init"})
	const fatal, doubt = "/ is on the zfs pool rpool, #1: images of this builder do not import pools", "sda: nobody knows, ext4 or xfs"
	hook := func(stage string) files {
		return own.with(files{"var/lib/dracut/hooks/" + stage + "/50-mine.sh": "true\n"})
	}
	for _, c := range []struct {
		what    string
		image   files
		target  string
		verdict Verdict
		says    string // of what is missing or in doubt
	}{
		{"nothing odd", own, usual, Boots, ""},
		{"fatal", own, usual + "\nfatal=" + fatal, Fails, fatal},
		{"fatal, and a hook", hook("pre-mount"), usual + "\nfatal=" + fatal, Unknown, fatal},
		{"fatal, and a hook that mounts", hook("mount"), usual + "\nfatal=" + fatal, Unknown, fatal},
		{"fatal, and a hook of the queue", hook("initqueue/settled"), usual + "\nfatal=" + fatal, Unknown, fatal},
		{"fatal, and a hook that comes too late", hook("pre-pivot"), usual + "\nfatal=" + fatal, Fails, fatal},
		{"not known", own, usual + "\ndoubt=" + doubt, Unknown, doubt},
		{"both", own, usual + "\ndoubt=" + doubt + "\nfatal=" + fatal, Fails, fatal},
		{"an array", own.with(mdModule(t)), usual + " md", Fails, "an array of MD"},
		{"an array, and a hook", hook("pre-mount").with(mdModule(t)), usual + " md", Unknown, "an array of MD"},
	} {
		tg := target(t, c.target)
		r := Image(c.image.tree(t), nil, target(t, tg.String())) // what preroot chain --describe prints means the same
		found := c.says == "" || slices.ContainsFunc(append(r.Missing, r.Doubts...), func(m Missing) bool { return strings.Contains(m.What, c.says) })
		if r.Kind != Preroot || r.Verdict != c.verdict || !found {
			t.Errorf("%s: %v: %+v", c.what, r.Verdict, r)
		}
		if r.Verdict == Fails && !slices.ContainsFunc(r.Missing, func(m Missing) bool { return strings.Contains(m.Hint, "--hooks") }) {
			t.Errorf("%s: nothing is said that mends it: %+v", c.what, r.Missing)
		}
	}
}

// mdModule is what is left of the usual machine's modules where md_mod is built in.
func mdModule(t *testing.T) files {
	t.Helper()
	var b bytes.Buffer
	if err := kmod.WriteIndex(&b, kmod.BuiltinEntries("kernel/crc32c_generic.ko\nkernel/md-mod.ko\n")); err != nil {
		t.Fatal(err)
	}
	return files{"usr/lib/modules/" + kver + "/modules.builtin.bin": b.String()}
}

func TestRuleLines(t *testing.T) {
	got := ruleLines("# x\nA==\"1\", \\\n  B=\"2\"\n\nC=\"3")
	if len(got) != 1 || got[0] != `A=="1", B="2"` {
		t.Errorf("%q", got)
	}
}
