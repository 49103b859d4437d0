package stock

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/preroot/preroot/pkg/cmdline"
)

// systemdImage are the files of a default image of dracut 112 that say something here.
var systemdImage = map[string]string{
	"etc/initrd-release":                                                             "ID=debian\nVERSION=\"dracut-112-7\"\nDRACUT_VERSION=\"112-7\"\n",
	"usr/lib/systemd/systemd":                                                        "ELF",
	"usr/lib/systemd/system/initrd.target":                                           "",
	"usr/lib/systemd/system/initrd.target.wants/dracut-mount.service":                "",
	"usr/lib/systemd/system/initrd.target.wants/systemd-battery-check.service":       "",
	"usr/lib/systemd/system/sysinit.target.wants/systemd-udevd.service":              "",
	"usr/lib/systemd/system/sysinit.target.wants/cryptsetup.target":                  "",
	"usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup-dev.service": "",
	"usr/lib/systemd/system/initrd-switch-root.target.wants/foreign.service":         "",
	"etc/systemd/system/initrd.target.wants/dev-disk-by\\x2duuid-1.device":           "",
	"usr/lib/systemd/system-generators/systemd-fstab-generator":                      "",
	"usr/lib/systemd/system-generators/dracut-rootfs-generator":                      "",
	"etc/crypttab": "# nothing\n\n",
	"etc/fstab":    "",
}

func image(more map[string]string) fstest.MapFS {
	files := maps.Clone(systemdImage)
	maps.Copy(files, more)
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o755}
	}
	return m
}

func TestFind(t *testing.T) {
	if s := Find(image(nil)); s == nil || s.Path != "/usr/lib/systemd/systemd" {
		t.Errorf("%+v", s)
	}
	for _, missing := range []string{"etc/initrd-release", "usr/lib/systemd/systemd", "usr/lib/systemd/system/initrd.target"} {
		files := image(nil)
		delete(files, missing)
		if s := Find(files); s != nil {
			t.Errorf("without %s: %+v", missing, s)
		}
	}
}

func TestSquashed(t *testing.T) {
	for name, want := range map[string]string{"squashfs-root.img": "/squashfs-root.img", "erofs-root.img": "/erofs-root.img", "root.img": ""} {
		if got := Squashed(image(map[string]string{name: ""})); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestNeeds: what only systemd can do, and next to each what looks like it and is not.
func TestNeeds(t *testing.T) {
	const uuid = "root=UUID=1 "
	for _, c := range []struct {
		words string
		files map[string]string
		want  string // in the reason; "" for none
		do    string
	}{
		{uuid + "ro quiet rd.lvm.lv=vg/root rd.md.uuid=1 resume=UUID=2 mount.usr=UUID=3 rd.auto systemd.log_level=debug", nil, "", ""},

		{uuid + "rd.luks.uuid=7", nil, "rd.luks.uuid= asks for LUKS", "--omit systemd"},
		{uuid + "luks.name=7=x", nil, "luks.name=", "--omit systemd"},
		{uuid + "rd.luks=0 rd.luks.uuid=7", nil, "", ""},
		{uuid + "luks=no rd.luks.uuid=7", nil, "", ""},
		{uuid + "rd.luks.uuid=7", map[string]string{"usr/sbin/cryptroot-ask": ""}, "", ""},
		{uuid, map[string]string{"etc/crypttab": "luks-1 UUID=1 none\n"}, "/etc/crypttab", "--omit systemd"},
		{uuid + "rd.luks.crypttab=0", map[string]string{"etc/crypttab": "luks-1 UUID=1 none\n"}, "", ""},
		{uuid, map[string]string{"etc/crypttab": "luks-1 UUID=1 none\n", "sbin/cryptroot-ask": ""}, "", ""},

		{uuid + "ip=dhcp", nil, "ip= asks for the network", "network-legacy"},
		{uuid + "rd.neednet=0", nil, "", ""},
		{uuid + "rd.neednet", nil, "rd.neednet=", "network-legacy"},
		{uuid + "rd.iscsi.initiator=x", nil, "rd.iscsi.initiator=", "network-legacy"},
		{uuid + "roothash=1", nil, "dm-verity", ""},
		{uuid + "systemd.volatile=no", nil, "", ""},
		{uuid + "systemd.volatile=yes", nil, "volatile", ""},
		{uuid + "rd.systemd.unit=rescue.target", nil, "rd.systemd.unit=", ""},
		{uuid + "rd.live.image", nil, "live image", "--omit systemd"},

		{"ro", nil, "no root=", "root=UUID="},
		{"root=gpt-auto", nil, "only systemd knows", "root=UUID="},
		{"root=live:CDLABEL=x", nil, "live image", "--omit systemd"},
		{"root=nfs:server:/x", nil, "asks for the network", "network-legacy"},
		{"root=virtiofs:tag", nil, "", ""}, // Served

		{uuid, map[string]string{"etc/fstab": "# x\n/dev/vdb /data ext4\n"}, "/etc/fstab", "--omit systemd"},
		{uuid, map[string]string{"etc/veritytab": "x\n"}, "/etc/veritytab", ""},
		{uuid, map[string]string{"usr/lib/systemd/system-generators/zram-generator": ""}, "zram-generator", "--omit systemd"},
		{uuid, map[string]string{"usr/lib/systemd/system/sysinit.target.wants/multipathd.service": ""}, "sysinit.target starts multipathd.service", "--omit systemd"},
		{uuid, map[string]string{"etc/systemd/system/initrd-root-fs.target.requires/ostree-prepare-root.service": ""}, "ostree-prepare-root.service", "--omit systemd"},
		{uuid, map[string]string{"etc/systemd/system/x.service.d/y.conf": ""}, "", ""},
		{uuid, map[string]string{"etc/systemd/system/sysinit.target.wants/plymouth-start.service": ""}, "", ""},
	} {
		p := cmdline.Join(cmdline.Source{Text: c.words})
		root, _ := p.Get("root")
		served := strings.HasPrefix(root, "UUID=") || strings.HasPrefix(root, "virtiofs:")
		r, needed := Needs(Image{Files: image(c.files), Params: p, Served: served})
		if needed != (c.want != "") || !strings.Contains(r.What, c.want) || !strings.Contains(r.Do, c.do) {
			t.Errorf("%s %v: %+v, want %q, %q", c.words, c.files, r, c.want, c.do)
		}
	}
}
