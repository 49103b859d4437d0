package check

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// The image of dracut without systemd: /init is a shell script that sources dracut-lib.sh and the hooks of each stage
// (dracut.modules(7)).

// dracutNeeds is what a boot cannot do without.
func dracutNeeds() []need {
	return []need{
		{sourced, "init", "it is the first program", "switch_root|source_hook"},
		{early, "mount", "it mounts /proc, /sys, /dev and root", ""},
		{sourced, "lib/dracut-lib.sh", "/init sources it", "source_hook|ismounted|usable_root|emergency_shell"},
		{sourced, "lib/dracut-dev-lib.sh", "dracut-lib.sh sources it", "wait_for_dev"},
		{sourced, "lib/fs-lib.sh", "the hook that mounts root sources it", "det_fs|fsck_able"},
		{program, "dracut-getarg", "it reads the kernel command line", ""},
		{program, "switch_root", "it starts the real init", ""},
		{program, "udevadm", "it has drivers loaded, and says when all is done", ""},
	}
}

// dracutHooks are the hooks without which root is not mounted.
func dracutHooks() []need {
	return []need{
		{hook, "cmdline/*parse-root-opts.sh", "it takes root= from the kernel command line", "root="},
		{hook, "cmdline/*parse-block.sh", "it says that root is a block device", "rootok=1"},
		{hook, "mount/*mount-root.sh", "it mounts root", "mount_root"},
	}
}

// stages are those whose hooks /init sources on its way.
func stages() []string {
	return []string{"cmdline", "pre-udev", "pre-trigger", "initqueue", "initqueue/settled", "initqueue/finished", "pre-mount", "mount", "pre-pivot", "cleanup"}
}

// dracut judges an image of dracut without systemd.
func (j *judge) dracut() {
	j.all(dracutNeeds())
	j.all(dracutHooks())
	const why = "/init sources it: its shell ends at a mistake"
	j.faultless(why, "init", "usr/lib/initrd-release", "etc/conf.d/*.conf", "lib/dracut-*lib.sh")
	for _, dir := range j.hookDirs() {
		for _, stage := range stages() {
			j.faultless(why, path.Join(dir, stage)+"/*.sh")
			j.sourcing(why, path.Join(dir, stage)+"/*.sh")
		}
	}
	// ismounted of dracut-lib.sh asks findmnt if it is there, and /proc/mounts otherwise.
	j.need(need{harmless, "findmnt", "where it is there, it is asked what is mounted", ""})
	if strings.HasPrefix(j.target.Root, "LABEL=") || strings.HasPrefix(j.target.Root, "PARTLABEL=") {
		j.need(need{program, "sed", "it makes the name of the link to root's device", ""})
	}
	j.checksRootDracut()
	w := j.dracutWays("etc/conf.d/systemd.conf")
	j.drivers(w)
	j.rootLink()
	j.openLayers(Dracut)
	j.unknownCommands()
}

// hookDirs are where hooks lie; dracut 112 has three places.
func (j *judge) hookDirs() []string {
	list := []string{"var/lib/dracut/hooks", "etc/dracut/hooks", "usr/lib/dracut/hooks", "lib/dracut/hooks"}
	var real []string
	for _, dir := range list {
		if r, err := j.tree.Resolve(dir); err == nil && !slices.Contains(real, r) {
			real = append(real, r)
		}
	}
	return real
}

// hookPattern is the pattern of a hook, "STAGE/NAME", in the folder that has it.
func (j *judge) hookPattern(name string) string {
	for _, dir := range j.hookDirs() {
		if p := path.Join(dir, name); len(j.glob(p)) > 0 {
			return p
		}
	}
	return path.Join("lib/dracut/hooks", name)
}

// dracutWays judges udevd and says how modules come. conf names the file that says where udevd lies; "" where nobody asks.
func (j *judge) dracutWays(conf string) ways {
	places := []string{"usr/lib/systemd/systemd-udevd", "lib/systemd/systemd-udevd"}
	if conf != "" {
		data, err := j.tree.ReadFile(conf)
		dir := shellValue(string(data), "systemdutildir")
		if err != nil || dir == "" {
			j.bad("file "+conf, "it says where systemd-udevd lies", "dracut --force makes the image anew", conf+" does not say systemdutildir=")
		} else {
			places = []string{strings.TrimPrefix(path.Join(dir, "systemd-udevd"), "/")}
		}
	}
	err := j.udevd(places...)
	if err != nil {
		j.bad("program systemd-udevd", "it loads drivers and makes the links that root is named by", "install the package udev; dracut --force --add udev-rules", err.Error())
	} else {
		err = j.driverRule()
	}
	w := ways{alias: err}
	j.modprobe(&w)
	return w
}

// shellValue is the value of a variable in a file of lines NAME=VALUE; "" if the line has no end.
func shellValue(text, name string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+"="); ok && strings.HasSuffix(value, "\n") {
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return ""
}

// checksRootDracut judges the check of root (fs-lib.sh): it is left out without e2fsck, and stops the boot where that ends with a
// status of 4 and more, as the dynamic loader does. Root is unmounted before.
func (j *judge) checksRootDracut() {
	if !strings.HasPrefix(j.target.FSType, "ext") && j.target.FSType != "" {
		return
	}
	if j.which("e2fsck") == "" {
		return
	}
	j.notEmpty("e2fsck", "where it is there but does not start, the check of root stops the boot")
	j.need(need{program, "umount", "root is unmounted before it is checked", ""})
}

// unknownCommands notes what hooks call and the image has not; it changes no verdict, since a hook may ask before.
func (j *judge) unknownCommands() {
	known := map[string]bool{}
	var hooks []string
	for _, dir := range j.hookDirs() {
		for _, stage := range stages() {
			hooks = append(hooks, j.glob(path.Join(dir, stage)+"/*.sh")...)
		}
	}
	for _, f := range slices.Concat(hooks, j.glob("lib/*.sh"), j.glob("usr/lib/*.sh"), []string{"init"}) {
		if s := j.script(f); s != nil {
			for name := range s.functions() {
				known[name] = true
			}
		}
	}
	for _, f := range hooks {
		j.noteCommands(f, known)
	}
}

func (j *judge) noteCommands(file string, known map[string]bool) {
	s := j.script(file)
	if s == nil || s.bad != nil {
		return
	}
	seen := map[string]bool{}
	s.commands(func(name string, at syntax.Pos) {
		if known[name] || isBuiltin(name) || seen[name] || strings.ContainsAny(name, "/=[") || j.which(name) != "" || j.applet(name) {
			return
		}
		seen[name] = true
		j.report.Notes = append(j.report.Notes, Note{fmt.Sprintf("%s:%s", file, at), "calls " + name + ", which is not in the image"})
	})
}
