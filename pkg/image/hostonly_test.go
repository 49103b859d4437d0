package image

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/preroot/preroot/pkg/chain"
)

// sysroot is a system with files, and its path.
func sysroot(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// withFirmware is a module of the kernel that names firmware, and the first file of that.
func withFirmware(t *testing.T, dir string) (module, file string) {
	t.Helper()
	tree, err := openTree(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tree.order {
		if list, err := (Kernel{tree}).Firmware(name); err != nil {
			t.Fatal(err)
		} else if len(list) > 0 {
			return name, list[0]
		}
	}
	t.Fatal("no module of this kernel names firmware")
	return "", ""
}

// TestHostOnly: what an image for one machine has because of the way to its root, and only because of that.
func TestHostOnly(t *testing.T) {
	dir := oneKernel(t)
	module, firmware := withFirmware(t, dir)
	root := sysroot(t, map[string]string{
		"etc/modprobe.d/local.conf":        "# a comment\noptions dm_crypt \\\n  x=1\noptions snd_hda_intel power_save=1\nblacklist " + module + "\nremove dm_crypt /bin/true\nalias disk dm-crypt\n",
		"usr/lib/modprobe.d/local.conf":    "options dm_crypt masked=1\n",
		"usr/lib/modprobe.d/vendor.conf":   "softdep xts pre: ecb\n",
		"etc/modules-load.d/modules.conf":  "loop\ndm_crypt\n",
		"etc/lvm/lvm.conf":                 "# nothing\nglobal {\n\tsystem_id_source = \"uname\"\n}\n",
		"etc/hostname":                     "host\n",
		"etc/keys/root.key":                "secret",
		"lib/firmware/" + firmware:         "first",
		"lib/firmware/updates/" + firmware: "newer",
		"lib/firmware/other.bin":           "of nobody",
		"etc/crypttab":                     "",
	})
	crypt := &chain.Device{Name: "dm-0", Kind: chain.Crypt, DMName: "root", DMUUID: "CRYPT-LUKS2-cccccccc111111111111111111111111-root", Words: []chain.Word{{Name: "dm_crypt", Early: true}, {Name: "crypto-xts", Wish: true}},
		Below: []*chain.Device{{Name: "vda", Kind: chain.Disk, FSType: "crypto_LUKS", Hardware: []chain.Bus{{Path: "devices/x", Driver: "x", Module: module}}}}}
	c := &chain.Chain{Goals: []*chain.Goal{{Name: "/", FSType: "xfs", On: []*chain.Device{crypt}}}, Devices: []*chain.Device{crypt.Below[0], crypt}, SystemID: true, Problems: []chain.Problem{{Text: "a problem"}}, Left: []chain.Left{{Device: "vdb", Reason: "none"}}}
	helpers := sysroot(t, nil)
	program, err := os.ReadFile(anInit(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(helpers, "unlock"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	s, entries := mustBuild(t, Options{ModulesDir: dir, HostOnly: true, Chain: c, Sysroot: root, Helpers: helpers})
	for name, want := range map[string]string{
		"etc/cmdline.d/15-chain.conf":      "root=/dev/mapper/root rootfstype=xfs rd.luks.uuid=luks-cccccccc-1111-1111-1111-111111111111 rd.luks.name=cccccccc-1111-1111-1111-111111111111=root\n",
		"etc/modprobe.d/local.conf":        "options dm_crypt    x=1\nblacklist " + module + "\nalias disk dm-crypt\n",
		"etc/modprobe.d/vendor.conf":       "softdep xts pre: ecb\n",
		"etc/modules-load.d/modules.conf":  "dm_crypt\n",
		"etc/lvm/lvm.conf":                 "global {\n\tsystem_id_source = \"uname\"\n}\n",
		"lib/firmware/updates/" + firmware: "newer",
	} {
		if e := find(entries, name); e == nil {
			t.Errorf("%s is missing", name)
		} else if string(e.Data) != want {
			t.Errorf("%s is %q, want %q", name, e.Data, want)
		}
	}
	for _, name := range []string{"etc/crypttab", "etc/keys/root.key", "lib/firmware/other.bin", "usr/lib/preroot/lvm", "lib/firmware/" + firmware} {
		if find(entries, name) != nil {
			t.Errorf("%s is inside", name)
		}
	}
	if find(entries, "usr/lib/preroot/unlock") == nil {
		t.Error("the helper for LUKS is missing")
	}
	for _, name := range []string{module, "dm_crypt", "xfs"} {
		if !slices.Contains(s.Chain, name) {
			t.Errorf("%s is not loaded first: %v", name, s.Chain)
		}
	}
	if !slices.Contains(s.Modules, "xts") || slices.Contains(s.Chain, "xts") || slices.Contains(s.Modules, "serpent_generic") {
		t.Errorf("modules %v, loaded first %v", s.Modules, s.Chain)
	}
	if !slices.Contains(s.Warnings, "a problem") || len(s.Left) != 1 {
		t.Errorf("warnings %q, left out %v", s.Warnings, s.Left)
	}
}

// TestKeys: lines of crypttab for root alone go in, and its key file only if that was asked for.
func TestKeys(t *testing.T) {
	root := sysroot(t, map[string]string{
		"etc/crypttab": "root /dev/vda /etc/keys/root.key luks\nother /dev/vdb none luks\n", "etc/keys/root.key": "secret", "etc/fstab": "/dev/mapper/root / ext4 defaults 0 1\n",
		"unlock": "", "lvm": "",
	})
	program, err := os.ReadFile(anInit(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "unlock"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	host := chain.Host{Root: "/srv", Files: os.DirFS(root), Sys: fstest.MapFS{
		"class/block/vda/uevent":       file("MAJOR=254\nMINOR=0\nDEVNAME=vda\nDEVTYPE=disk\n"),
		"class/block/vda/size":         file("2048\n"),
		"class/block/dm-0/uevent":      file("MAJOR=253\nMINOR=0\nDEVNAME=dm-0\nDEVTYPE=disk\n"),
		"class/block/dm-0/size":        file("2048\n"),
		"class/block/dm-0/dm/name":     file("root\n"),
		"class/block/dm-0/dm/uuid":     file("CRYPT-LUKS2-cccccccc111111111111111111111111-root\n"),
		"class/block/dm-0/slaves/vda/": file(""),
	}}
	for _, keys := range []bool{false, true} {
		c, err := chain.Read(host)
		if err != nil {
			t.Fatal(err)
		}
		_, entries := mustBuild(t, Options{ModulesDir: oneKernel(t), HostOnly: true, Chain: c, Sysroot: root, Helpers: root, Keys: keys})
		if e := find(entries, "etc/crypttab"); e == nil || string(e.Data) != "root /dev/vda /etc/keys/root.key luks\n" || e.Perm != 0o600 {
			t.Errorf("etc/crypttab is %v", e)
		}
		if e := find(entries, "etc/keys/root.key"); (e != nil) != keys || keys && (string(e.Data) != "secret" || e.Perm != 0o600) {
			t.Errorf("keys %v: the key file is %v", keys, e)
		}
	}
}

// TestSharedKey: one key file for two volumes goes in once, and one that is left out is said, beside what else is odd about the machine.
func TestSharedKey(t *testing.T) {
	root := sysroot(t, map[string]string{
		"etc/crypttab": "root /dev/vda /etc/keys/one.key luks,header=/etc/headers/one\nusr /dev/vdb /etc/keys//one.key luks,header=/etc/headers/one\n", "etc/keys/one.key": "secret", "etc/headers/one": "header",
		"etc/fstab": "odd\n/dev/mapper/root / ext4 defaults 0 1\n/dev/mapper/usr /usr ext4 defaults 0 2\n", "unlock": "",
	})
	program, err := os.ReadFile(anInit(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "unlock"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	sys := fstest.MapFS{}
	for _, d := range []struct{ name, number, dm, slave string }{{"vda", "254:0", "", ""}, {"vdb", "254:16", "", ""}, {"dm-0", "253:0", "root", "vda"}, {"dm-1", "253:1", "usr", "vdb"}} {
		file := func(name, text string) { sys["class/block/"+d.name+"/"+name] = &fstest.MapFile{Data: []byte(text)} }
		major, minor, _ := strings.Cut(d.number, ":")
		file("uevent", "MAJOR="+major+"\nMINOR="+minor+"\nDEVNAME="+d.name+"\nDEVTYPE=disk\n")
		file("size", "2048\n")
		if d.dm != "" {
			file("dm/name", d.dm+"\n")
			file("dm/uuid", "CRYPT-LUKS2-cccccccc11111111111111111111111"+minor+"-"+d.dm+"\n")
			file("slaves/"+d.slave+"/", "")
		}
	}
	c, err := chain.Read(chain.Host{Root: "/srv", Files: os.DirFS(root), Sys: sys})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{ModulesDir: oneKernel(t), HostOnly: true, Chain: c, Sysroot: root, Helpers: root}
	says := func(s Summary, text string) bool {
		return slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, text) })
	}
	s, entries := mustBuild(t, o)
	if !says(s, "/etc/keys/one.key is no part of the image") || !says(s, "include_keys=yes") || !says(s, "line 1") || find(entries, "etc/keys/one.key") != nil {
		t.Errorf("without its key: %q", s.Warnings)
	}
	for what, with := range map[string]Options{"asked for": {Keys: true}, "included": {Includes: []Include{{filepath.Join(root, "etc/keys"), "/etc/keys"}}}} {
		o.Keys, o.Includes, o.Output = with.Keys, with.Includes, ""
		if s, entries = mustBuild(t, o); says(s, "/etc/keys/one.key") || find(entries, "etc/keys/one.key") == nil || find(entries, "etc/headers/one") == nil {
			t.Errorf("%s: %q", what, s.Warnings)
		}
	}
}

// TestHostOnlyUnknown: where no device is root's, nothing is built, and the error says what to say instead.
func TestHostOnlyUnknown(t *testing.T) {
	output := filepath.Join(t.TempDir(), "image")
	for want, fstab := range map[string]string{"--generic": "", "/dev/mapper/none": "/dev/mapper/none / ext4 defaults 0 1\n"} {
		_, err := Build(t.Context(), Options{Init: anInit(t), ModulesDir: oneKernel(t), HostOnly: true, Sysroot: sysroot(t, map[string]string{"etc/fstab": fstab}), Output: output})
		if err == nil || !strings.Contains(err.Error(), want) || isFile(output) {
			t.Errorf("fstab %q: %v", fstab, err)
		}
	}
}
