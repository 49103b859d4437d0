package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/preroot/preroot/pkg/cmdline"
)

func parse(line string) (Config, []Problem) {
	return Parse(cmdline.Join(cmdline.Source{Name: "/proc/cmdline", Text: line}))
}

// defaults is what an empty command line gives.
func defaults() Config {
	return Config{
		RootWait:    180 * time.Second,
		NetworkWait: 300 * time.Second,
		Retry:       180 * time.Second,
		Shell:       true,
		Emergency:   "reboot",
		Unattended:  300 * time.Second, HookTimeout: 90 * time.Second,
		Fstab:    true,
		LogLevel: -1,
		HostOnly: true,
		Udev:     "auto",
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		line string
		want func(*Config)
	}{
		{"", func(c *Config) {}},
		{"root=/dev/vda root=UUID=1-2", func(c *Config) { c.Root = "UUID=1-2" }},
		{`root="LABEL=my root"`, func(c *Config) { c.Root = "LABEL=my root" }},
		{"rootfstype=ext4,xfs", func(c *Config) { c.RootFSType = []string{"ext4", "xfs"} }},
		{"rootfstype=auto", func(c *Config) {}},
		{"rootfstype=xfs,auto,", func(c *Config) { c.RootFSType = []string{"xfs", "auto"} }},
		{"rootflags=noatime rootflags=subvol=@,ro", func(c *Config) { c.RootFlags, c.RootFlagsGiven = "subvol=@,ro", true }},
		{"rootflags=", func(c *Config) { c.RootFlagsGiven = true }},
		{"ro", func(c *Config) { c.Write = ReadOnly }},
		{"rw", func(c *Config) { c.Write = ReadWrite }},
		{"rw ro", func(c *Config) { c.Write = ReadWrite }},
		{"rw=0 ro", func(c *Config) { c.Write = ReadOnly }},
		{"ro=0", func(c *Config) {}},
		{"nfsroot=/a nfsroot=1.2.3.4:/b,v3 ip=dhcp ip=1.2.3.5:::", func(c *Config) { c.NFSRoot, c.IP = "1.2.3.4:/b,v3", "1.2.3.5:::" }},
		{"rootdelay=5", func(c *Config) { c.RootDelay = 5 * time.Second }},
		{"resume=/dev/vda resume=UUID=1-2 resumewait", func(c *Config) { c.Resume, c.ResumeWait = "UUID=1-2", true }},
		{"resume=", func(c *Config) {}},
		{"resume=LABEL=a resume_offset=0123", func(c *Config) { c.Resume, c.ResumeOffset = "LABEL=a", 123 }},
		{"noresume resume=8:1", func(c *Config) { c.Resume, c.NoResume = "8:1", true }},
		{"hibernate=noresume hibernate=nocompress resume_offset=1", func(c *Config) { c.NoResume, c.ResumeOffset = true, 1 }},
		{"hibernate=no", func(c *Config) { c.NoResume = true }},
		{"hibernate=protect_image", func(c *Config) {}},
		{"nohibernate", func(c *Config) { c.NoResume = true }},
		{"noinitrd ramdisk_size=4096", func(c *Config) { c.NoInitrd, c.RAMDiskSize = true, 4<<20 }},
		{"ramdisk_size=0x10 rd.preroot.linuxrc_timeout=60", func(c *Config) { c.RAMDiskSize, c.LinuxrcTimeout = 16<<10, time.Minute }},
		{"prompt_ramdisk=0", func(c *Config) {}},
		{"init=/bin/sh", func(c *Config) { c.Init = "/bin/sh" }},

		{"rd.break", func(c *Config) { c.Break = []string{"switch_root"} }},
		{"rd.break=mount rd.break=pre-udev", func(c *Config) { c.Break = []string{"mount", "pre-udev"} }},
		{"rd.break=mount rd.break", func(c *Config) { c.Break = []string{"mount", "switch_root"} }},
		{"rd.break rd.break=mount", func(c *Config) { c.Break = []string{"mount"} }},
		{"rd.shell=0", func(c *Config) { c.Shell = false }},
		{"rd.shell=0 rd.shell", func(c *Config) {}},
		{"rd.emergency=halt", func(c *Config) { c.Emergency, c.EmergencyGiven = "halt", true }},
		{"rd.preroot.hook_timeout=9", func(c *Config) { c.HookTimeout = 9 * time.Second }},
		{"rd.preroot.hook_timeout=0", func(c *Config) { c.HookTimeout = 0 }},
		{"rd.preroot.unattended=0", func(c *Config) { c.Unattended, c.UnattendedGiven = 0, true }},
		{"rd.ctty=/dev/ttyS0", func(c *Config) { c.CTTY = "ttyS0" }},
		{"rd.ctty=hvc0", func(c *Config) { c.CTTY = "hvc0" }},

		{"rd.driver.pre=a,b rd.driver.pre=,c,a", func(c *Config) { c.DriverPre = []string{"a", "b", "c"} }},
		{"rd.driver.post=a", func(c *Config) { c.DriverPost = []string{"a"} }},
		{"rd.driver.blacklist=a modprobe.blacklist=b,c", func(c *Config) { c.Blacklist = []string{"a", "b", "c"} }},
		{"module_blacklist=a,b", func(c *Config) { c.ModuleBlacklist = []string{"a", "b"} }},
		{"usb-storage.delay_use=1 usb_storage.quirks=a:b usbcore.nousb nvme.x=", func(c *Config) {
			c.ModuleParams = map[string]string{"usb_storage": "delay_use=1 quirks=a:b", "usbcore": "nousb", "nvme": "x="}
		}},
		{`"libata.force=1 2"`, func(c *Config) { c.ModuleParams = map[string]string{"libata": `force="1 2"`} }},
		{"systemd.unit=x.target luks.name=a vconsole.keymap=de .x=1 x.=1 iso-scan/file.name=1 a/b.c=1", func(c *Config) {}},
		{"rd.preroot.modules=all", func(c *Config) { c.Modules = "all" }},

		{"fsck.mode=force", func(c *Config) { c.Fsck = FsckForce }},
		{"fsck.mode=skip", func(c *Config) { c.Fsck = FsckSkip }},
		{"fsck.mode=skip forcefsck", func(c *Config) { c.Fsck = FsckForce }},
		{"forcefsck fastboot", func(c *Config) { c.Fsck = FsckSkip }},
		{"forcefsck fsck.mode=auto", func(c *Config) {}},
		{"fsck.mode=force rd.skipfsck", func(c *Config) { c.Fsck = FsckSkip }},
		{"forcefsck rd.skipfsck=0", func(c *Config) { c.Fsck = FsckForce }},
		{"fsck.repair=yes", func(c *Config) { c.FsckRepair = RepairYes }},
		{"fsck.repair=no", func(c *Config) { c.FsckRepair = RepairNo }},
		{"rd.fstab=no", func(c *Config) { c.Fstab = false }},
		{"mount.usr=/dev/vdb mount.usrfstype=xfs mount.usrflags=ro", func(c *Config) {
			c.Usr = MountSpec{"/dev/vdb", "xfs", "ro"}
		}},

		{"quiet", func(c *Config) { c.Quiet = true }},
		{"rd.info rd.debug", func(c *Config) { c.Info, c.Debug = true, true }},
		{"loglevel=7", func(c *Config) { c.LogLevel = 7 }},
		{"loglevel=0", func(c *Config) { c.LogLevel = 0 }},
		{"rd.hostonly=0", func(c *Config) { c.HostOnly = false }},
		{"rd.preroot.udev=native", func(c *Config) { c.Udev = "native" }},
		{"rd.lvm.lv=a/b rd.sehll=0 rd.preroot.x rd.sehll rd.udev.x=1 rd.udev.info rd.systemd.unit=x rd.luks.uuid=1",
			func(c *Config) { c.Unknown = []string{"rd.sehll", "rd.preroot.x", "rd.udev.x"} }},
		{"root=a -- ro", func(c *Config) { c.Root, c.Write = "a", ReadOnly }},
	}
	for _, tt := range tests {
		want := defaults()
		tt.want(&want)
		got, problems := parse(tt.line)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.line, diff)
		}
		if len(problems) != 0 {
			t.Errorf("%s: %v", tt.line, problems)
		}
	}
}

func TestRootWait(t *testing.T) {
	for line, want := range map[string]time.Duration{
		"":                                    180 * time.Second,
		"root=/dev/vda":                       180 * time.Second,
		"root=LABEL=a:b":                      180 * time.Second,
		"root=block:/dev/vda":                 180 * time.Second,
		"root=8:1":                            180 * time.Second,
		"root=live:LABEL=x":                   180 * time.Second,
		"root=live:/dev/sr0":                  180 * time.Second,
		"root=live:/boot.iso":                 180 * time.Second,
		"root=virtiofs:tag":                   180 * time.Second,
		"root=zfs:pool/fs":                    180 * time.Second,
		"root=nfs:10.0.0.1:/x":                300 * time.Second,
		"root=10.0.0.1:/x":                    300 * time.Second,
		"root=/srv/root":                      300 * time.Second,
		"root=/dev/nfs":                       300 * time.Second,
		"root=live:https://x/y":               300 * time.Second,
		"root=dhcp":                           300 * time.Second,
		"root=/dev/root netroot=nbd:a:b":      300 * time.Second,
		"rd.retry=9":                          9 * time.Second,
		"rd.retry=9 root=dhcp":                9 * time.Second,
		"rd.retry=0":                          RootNoWait,
		"rd.timeout=8 rd.retry=9":             8 * time.Second,
		"rd.timeout=0 rd.retry=9":             9 * time.Second,
		"rootwait=7 rd.timeout=8 rd.retry=9":  7 * time.Second,
		"rootwait=0":                          RootNoWait,
		"rootwait rd.timeout=8 rd.retry=9":    0,
		"rootwait=7 rootwait":                 0,
		"rootwait rootwait=7":                 7 * time.Second,
		"rd.retry=010":                        8 * time.Second,
		"rd.retry=99999999999999999999999999": maxSeconds * time.Second,
	} {
		c, problems := parse(line)
		if c.RootWait != want || len(problems) != 0 {
			t.Errorf("%q: %v, want %v; %v", line, c.RootWait, want, problems)
		}
		network := want
		if want == localWait {
			network = networkWait
		}
		if c.NetworkWait != network {
			t.Errorf("%q: %v for a root over the network, want %v", line, c.NetworkWait, network)
		}
	}
}

// All bad values come together, each with its place and what to write, and the defaults hold.
func TestProblems(t *testing.T) {
	p := cmdline.Join(
		cmdline.Source{Name: "/etc/cmdline.d/10.conf", Text: "rd.retry=soon rd.break=here rd.driver.pre resume"},
		cmdline.Source{Name: "/proc/cmdline", Text: "rootwait=1m rd.timeout=- rootdelay=08 rd.emergency=explode " +
			"rd.preroot.unattended rd.preroot.modules=some fsck.mode=maybe fsck.repair= loglevel=debug rd.preroot.udev=on resume_offset=0x10"})
	c, problems := Parse(p)
	want := []string{
		"rootwait=1m (/proc/cmdline): not a number; write rootwait=SECONDS",
		"rd.timeout=- (/proc/cmdline): not a number; write rd.timeout=SECONDS",
		"rd.retry=soon (/etc/cmdline.d/10.conf): not a number; write rd.retry=SECONDS",
		"rootdelay=08 (/proc/cmdline): a number that begins with 0 is octal; write rootdelay=SECONDS",
		"resume_offset=0x10 (/proc/cmdline): not a number of pages; write resume_offset=PAGES, the first physical offset that filefrag -v lists for the swap file",
		"resume (/etc/cmdline.d/10.conf): the value is missing; write resume=UUID=... of the swap device",
		"rd.break=here (/etc/cmdline.d/10.conf): no such stage; write rd.break=cmdline|pre-udev|pre-trigger|initqueue|pre-mount|mount|pre-pivot|cleanup|switch_root|pre-shutdown|shutdown",
		"rd.emergency=explode (/proc/cmdline): not one of its values; write rd.emergency=reboot|poweroff|halt|shell|hold",
		"rd.preroot.unattended (/proc/cmdline): not a number; write rd.preroot.unattended=SECONDS",
		"rd.driver.pre (/etc/cmdline.d/10.conf): the value is missing; write rd.driver.pre=NAME[,NAME...]",
		"rd.preroot.modules=some (/proc/cmdline): not one of its values; write rd.preroot.modules=root|all",
		"fsck.mode=maybe (/proc/cmdline): not one of its values; write fsck.mode=auto|force|skip",
		"fsck.repair= (/proc/cmdline): not one of its values; write fsck.repair=preen|yes|no",
		"loglevel=debug (/proc/cmdline): not a number; write loglevel=0...7",
		"rd.preroot.udev=on (/proc/cmdline): not one of its values; write rd.preroot.udev=auto|native|udevd",
	}
	if diff := cmp.Diff(want, lines(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(defaults(), c); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	for _, p := range problems {
		if p.Deprecated {
			t.Errorf("%v counts as deprecated", p)
		}
	}
}

// resume_offset= alone names no device. With noresume it need not.
func TestResumeOffsetAlone(t *testing.T) {
	_, problems := parse("resume_offset=16")
	want := []string{"resume_offset=16 (/proc/cmdline): nothing says on which device; write resume=UUID=... of the file system with the swap file too"}
	if diff := cmp.Diff(want, lines(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if _, problems := parse("resume_offset=16 noresume"); len(problems) != 0 {
		t.Errorf("with noresume: %v", problems)
	}
}

func lines(problems []Problem) []string {
	var s []string
	for _, p := range problems {
		s = append(s, p.String())
	}
	return s
}

// Names of dracut 059 work and say what to write now.
func TestDeprecated(t *testing.T) {
	c, problems := parse("rdshell rdinfo rdnetdebug rd_retry=7 rd_NO_FSTAB rdbreak=mount rdbreak " +
		"rdblacklist=a rdloaddriver=b rdinsmodpost=c")
	want := defaults()
	want.Info, want.Debug, want.Fstab = true, true, false
	want.RootWait, want.NetworkWait, want.Retry = 7*time.Second, 7*time.Second, 7*time.Second
	want.Break = []string{"mount", "switch_root"}
	want.Blacklist, want.DriverPre, want.DriverPost = []string{"a"}, []string{"b"}, []string{"c"}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	wants := map[string]string{}
	for _, p := range problems {
		if !p.Deprecated {
			t.Errorf("%v does not count as deprecated", p)
		}
		wants[p.Word] = p.Want
	}
	if diff := cmp.Diff(map[string]string{
		"rdshell": "rd.shell", "rdinfo": "rd.info", "rdnetdebug": "rd.debug", "rd_retry=7": "rd.retry=7",
		"rd_NO_FSTAB": "rd.fstab=0", "rdbreak=mount": "rd.break=mount", "rdbreak": "rd.break",
		"rdblacklist=a": "rd.driver.blacklist=a", "rdloaddriver=b": "rd.driver.pre=b", "rdinsmodpost=c": "rd.driver.post=c",
	}, wants); diff != "" {
		t.Errorf("advice (-want +got):\n%s", diff)
	}
	// The new name wins without a word about the old one.
	if c, problems := parse("rd.shell=0 rdshell"); c.Shell || len(problems) != 0 {
		t.Errorf("rd.shell=0 rdshell: %v, %v", c.Shell, problems)
	}
}

func TestLoad(t *testing.T) {
	sources := cmdline.Sources{
		{Name: "/etc/cmdline.d/10.conf", Text: "root=/dev/image rootflags=x"},
		{Name: "/etc/cmdline", Text: "rd.hostonly=0"},
		{Name: "/proc/cmdline", Text: "quiet"},
	}
	c, p, _ := Load(sources)
	if c.HostOnly || c.Root != "" || c.RootFlagsGiven || !c.Quiet || p.Has("root") {
		t.Errorf("rd.hostonly=0 left %+v", c)
	}
	sources[1].Text = "rd.hostonly"
	if c, _, _ := Load(sources); !c.HostOnly || c.Root != "/dev/image" {
		t.Errorf("rd.hostonly dropped the image's words: %+v", c)
	}
}

// Everything that Config can ask for is asked for by some line of TestParse's table or of the others.
func TestEveryFieldIsSet(t *testing.T) {
	c, _ := parse("root=a rootfstype=b rootflags=c rw rootdelay=1 init=d rd.break=mount rd.emergency=halt rd.preroot.unattended=9 rd.ctty=e " +
		"rd.driver.pre=f rd.driver.post=g rd.driver.blacklist=h module_blacklist=i j.k=l rd.preroot.modules=all " +
		"fsck.mode=skip fsck.repair=no mount.usr=m quiet rd.info rd.debug rd.xyz resume=n resume_offset=1 resumewait noresume nfsroot=o ip=p " +
		"noinitrd ramdisk_size=1 rd.preroot.linuxrc_timeout=1")
	c.NoPrompt = true // set by Load, from the image alone: TestNoPrompt
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("Config.%s is never set", v.Type().Field(i).Name)
		}
	}
}

// Every rd.* name that Parse itself asks for, and some of each group of dracut's and systemd's, is known.
func TestKnown(t *testing.T) {
	for _, name := range strings.Fields("rd.break rd.shell rd.emergency rd.retry rd.timeout rd.driver.pre rd.driver.post " +
		"rd.driver.blacklist rd.skipfsck rd.fstab rd.info rd.debug rd.hostonly rd.ctty rd.preroot.udev rd.preroot.modules " +
		"rd.preroot.unattended rd.luks rd.luks.uuid rd.luks.options rd.live.image rd.iscsi.target.ip rd.net.timeout.carrier " +
		"rd.vconsole.font.map rd.nvmf.discover rd.caps rd.caps.disablekexec rd.systemd.unit rd.udev.log_level rd.auto rd.znet_ifname") {
		if c, _ := parse(name); len(c.Unknown) != 0 {
			t.Errorf("%s is unknown", name)
		}
	}
	for _, name := range strings.Fields("rd. rd.x rd.lvm.x rd.luks.x rd.caps. rd.systemd rd.live rd.net rd.md.imsm.x RD.break rd_break") {
		c, _ := parse(name)
		if known := len(c.Unknown) == 0; known == strings.HasPrefix(name, "rd.") {
			t.Errorf("%s: unknown %q", name, c.Unknown)
		}
	}
}

// FuzzParse: whatever stands on the line, no value escapes its range and every problem is one clear line.
func FuzzParse(f *testing.F) {
	f.Add("root=/dev/vda ro rootwait=08 rd.emergency= rd.break= rd.xyz usb_storage.a=\"b c\"")
	f.Add("rootdelay=99999999999999999999 loglevel=99999999999 rd.timeout rd.ctty=/ rd.driver.pre=,,")
	f.Fuzz(func(t *testing.T, line string) {
		c, problems := parse(line)
		if c.RootWait < 0 || c.RootDelay < 0 || c.Unattended < 0 || c.LogLevel < -1 || strings.Contains(c.CTTY, "/") {
			t.Errorf("%q: out of range: %+v", line, c)
		}
		for _, p := range problems {
			if p.Word == "" || p.Reason == "" || p.Want == "" || strings.Contains(p.String(), "\n") {
				t.Errorf("%q: problem %+v", line, p)
			}
		}
	})
}

// TestNoPrompt: only the image itself can forbid the prompt, and then nothing brings it back.
func TestNoPrompt(t *testing.T) {
	for _, c := range []struct {
		image, line string
		want        bool
	}{
		{"rd.preroot.prompt=no", "rd.preroot.prompt=yes rd.hostonly=0 rd.shell", true},
		{"rd.preroot.prompt=yes", "rd.preroot.prompt=no", false},
		{"", "rd.preroot.prompt=no", false},
	} {
		sources := cmdline.Sources{{Name: "/etc/cmdline.d/1.conf", Text: c.image}, {Name: "/proc/cmdline", Text: c.line}}
		if got, _, _ := Load(sources); got.NoPrompt != c.want {
			t.Errorf("%+v: %v", c, got.NoPrompt)
		}
	}
}
