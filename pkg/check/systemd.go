package check

import "bytes"

// The image of dracut with systemd inside: PID 1 is systemd, and the order of things stands in units (bootup(7), dracut.bootup(7)).
// What is written here is a rough list: systemd works around much that is missing.

// systemdNeeds is what a boot cannot do without.
func systemdNeeds() []need {
	const unit = "it is a step between the start and the switch to root"
	const u = "usr/lib/systemd/system/"
	return []need{
		{text, u + "initrd.target", unit, "[Unit]"},
		{text, u + "initrd-root-fs.target", unit, "[Unit]"},
		{text, u + "initrd-root-device.target", unit, "[Unit]"},
		{text, u + "initrd-fs.target", unit, "[Unit]"},
		{text, u + "initrd-switch-root.target", unit, "[Unit]"},
		{text, u + "initrd-switch-root.service", unit, "ExecStart=systemctl"},
		{text, u + "initrd-cleanup.service", unit, "ExecStart="},
		{text, u + "initrd-parse-etc.service", unit, "ExecStart="},
		{text, u + "sysinit.target", unit, "[Unit]"},
		{text, u + "basic.target", unit, "[Unit]"},
		{text, u + "systemd-udevd.service", unit, "ExecStart="},
		{text, u + "systemd-udev-trigger.service", unit, "ExecStart="},
		{there, "etc/initrd-release", "systemd looks for it to know that it is to switch root", ""},
		{program, "systemctl", "it switches to root", ""},
		{program, "udevadm", "it has drivers loaded", ""},
		{program, "mount", "systemd mounts root by it", ""},
	}
}

// systemd judges an image of dracut with systemd inside.
func (j *judge) systemd() {
	j.all(systemdNeeds())
	for _, p := range []struct{ file, why string }{
		{"usr/lib/systemd/system-generators/systemd-fstab-generator", "it makes the unit that mounts root"},
		{"usr/lib/systemd/systemd-executor", "it starts the programs of units"},
	} {
		if p.file == "usr/lib/systemd/systemd-executor" && !j.usesExecutor() {
			continue
		}
		if err := j.runsAt(p.file); err != nil {
			j.bad("program "+p.file, p.why, "dracut --force makes the image anew", err.Error())
			continue
		}
		j.good("program "+p.file, "runs")
	}
	j.drivers(j.dracutWays(""))
	j.rootLink()
	j.openLayers(Systemd)
}

// usesExecutor says whether systemd starts programs by systemd-executor, as since release 255.
func (j *judge) usesExecutor() bool {
	real, err := j.tree.Resolve("usr/lib/systemd/systemd")
	if err != nil {
		return false
	}
	data, _ := j.tree.ReadFile(real)
	return bytes.Contains(data, []byte("systemd-executor"))
}
