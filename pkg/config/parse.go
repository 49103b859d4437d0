package config

import (
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/cmdline"
)

// Load joins the sources and parses them. rd.hostonly=0 drops the image's own words first, all but what it
// says itself.
func Load(sources cmdline.Sources) (Config, cmdline.Params, []Problem) {
	p := sources.Params()
	hostOnly := p.Bool(true, "rd.hostonly")
	if !hostOnly {
		p = sources.WithoutImage().Params()
	}
	c, problems := Parse(p)
	c.HostOnly = hostOnly
	c.NoPrompt = sources.Image().Params().HasEqual("rd.preroot.prompt", "no")
	return c, p, problems
}

// Parse reads what the words ask for. It never fails: a bad value is replaced by the default and named, and
// all of them are reported together, in the order of the fields of Config.
func Parse(p cmdline.Params) (Config, []Problem) {
	r := &reader{p: p}
	var c Config
	r.root(&c)
	r.resume(&c)
	r.initrd(&c)
	r.rescue(&c)
	r.modules(&c)
	r.mounts(&c)
	r.console(&c)
	c.HostOnly = r.flag(true, "rd.hostonly")
	c.Udev, _ = r.choice("rd.preroot.udev", "auto", "native", "udevd")
	c.Unknown = unknown(p)
	return c, r.problems
}

func (r *reader) root(c *Config) {
	c.Root = r.text("root")
	c.RootFSType = fsTypes(r.text("rootfstype"))
	c.RootFlags, c.RootFlagsGiven = r.p.Get("rootflags")
	switch {
	case r.flag(false, "rw"):
		c.Write = ReadWrite
	case r.flag(false, "ro"):
		c.Write = ReadOnly
	}
	r.wait(c)
	if w, ok := r.p.Last("rootdelay"); ok {
		c.RootDelay, _ = r.seconds(w)
	}
	c.Init = r.text("init")
	c.NFSRoot, c.IP = r.text("nfsroot"), r.text("ip")
}

// fsTypes splits the list of rootfstype=; "auto" alone is dracut's word for none, beside others it stands for the probed type.
func fsTypes(list string) []string {
	if list == "auto" {
		return nil
	}
	var types []string
	for t := range strings.SplitSeq(list, ",") {
		if t != "" {
			types = append(types, t)
		}
	}
	return types
}

func (r *reader) rescue(c *Config) {
	r.breaks(c)
	c.Shell = r.flag(true, "rd.shell", alias{"rdshell", "rd.shell"})
	c.Emergency, c.EmergencyGiven = r.choice("rd.emergency", "reboot", "poweroff", "halt", "shell", "hold")
	c.Unattended = defaultUnattended
	if w, ok := r.p.Last("rd.preroot.unattended"); ok {
		if d, ok := r.seconds(w); ok {
			c.Unattended, c.UnattendedGiven = d, true
		}
	}
	c.HookTimeout = defaultHookTimeout
	if w, ok := r.p.Last("rd.preroot.hook_timeout"); ok {
		if d, ok := r.seconds(w); ok {
			c.HookTimeout = d
		}
	}
	if tty := r.text("rd.ctty"); tty != "" {
		c.CTTY = tty[strings.LastIndexByte(tty, '/')+1:]
	}
}

const (
	defaultUnattended  = 300 * time.Second
	defaultHookTimeout = 90 * time.Second
)

// breaks reads rd.break: every STAGE counts, a bare one only as the last.
func (r *reader) breaks(c *Config) {
	for _, w := range r.p.Words() {
		if w.Key != "rd.break" && w.Key != "rdbreak" {
			continue
		}
		if w.Key == "rdbreak" {
			r.deprecated(w, "rd.break"+strings.TrimPrefix(w.String(), "rdbreak"))
		}
		switch {
		case w.Value == "":
		case inList(w.Value, stages):
			c.Break = append(c.Break, w.Value)
		default:
			r.bad(w, "no such stage", "rd.break="+strings.ReplaceAll(stages, " ", "|"))
		}
	}
	value, ok := r.p.Get("rd.break")
	if !ok {
		value, ok = r.p.Get("rdbreak")
	}
	if ok && value == "" {
		c.Break = append(c.Break, "switch_root")
	}
}

// stages are the values of rd.break=; the last two belong to the shutdown.
const stages = "cmdline pre-udev pre-trigger initqueue pre-mount mount pre-pivot cleanup switch_root pre-shutdown shutdown"

func (r *reader) modules(c *Config) {
	c.DriverPre = r.renamedList("rd.driver.pre", "rdloaddriver")
	c.DriverPost = r.renamedList("rd.driver.post", "rdinsmodpost")
	for _, w := range r.p.Words() {
		if w.Key == "rdblacklist" {
			r.deprecated(w, "rd.driver.blacklist="+w.Value)
		}
	}
	c.Blacklist = r.list("rd.driver.blacklist", "rdblacklist", "modprobe.blacklist")
	c.ModuleBlacklist = r.list("module_blacklist")
	c.ModuleParams = moduleParams(r.p)
	if which, given := r.choice("rd.preroot.modules", "root", "all"); given {
		c.Modules = which
	}
}

func (r *reader) mounts(c *Config) {
	c.Fsck = r.fsck()
	switch repair, _ := r.choice("fsck.repair", "preen", "yes", "no"); repair {
	case "yes":
		c.FsckRepair = RepairYes
	case "no":
		c.FsckRepair = RepairNo
	}
	c.Fstab = r.flag(true, "rd.fstab", alias{"rd_NO_FSTAB", "rd.fstab=0"})
	c.Usr = MountSpec{r.text("mount.usr"), r.text("mount.usrfstype"), r.text("mount.usrflags")}
}

// fsck joins systemd's words, of which the last counts (systemd-fsck@.service(8)), and dracut's rd.skipfsck,
// which wins.
func (r *reader) fsck() FsckMode {
	value, _ := r.choice("fsck.mode", "auto", "force", "skip")
	mode := FsckAuto
	for _, w := range r.p.Words() {
		switch w.Key {
		case "fsck.mode":
			mode = fsckMode(value)
		case "fastboot":
			mode = FsckSkip
		case "forcefsck":
			mode = FsckForce
		}
	}
	if r.flag(false, "rd.skipfsck") {
		return FsckSkip
	}
	return mode
}

func fsckMode(value string) FsckMode {
	switch value {
	case "force":
		return FsckForce
	case "skip":
		return FsckSkip
	}
	return FsckAuto
}

func (r *reader) console(c *Config) {
	c.Quiet = r.p.Has("quiet")
	c.Info = r.flag(false, "rd.info", alias{"rdinfo", "rd.info"})
	c.Debug = r.flag(false, "rd.debug", alias{"rdinitdebug", "rd.debug"}, alias{"rdnetdebug", "rd.debug"})
	c.LogLevel = -1
	if w, ok := r.p.Last("loglevel"); ok {
		if n, ok := r.number(w, "loglevel=0...7"); ok {
			c.LogLevel = int(min(n, 255))
		}
	}
}
