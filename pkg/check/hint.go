package check

import "strings"

// addDriver is what adds a module to an image of this kind.
func (j *judge) addDriver(name string) string {
	switch j.report.Kind {
	case Preroot:
		return "preroot build --add-drivers " + name
	case MkInitramfs:
		return "echo " + name + " >>/etc/initramfs-tools/modules; update-initramfs -u"
	case Dracut, Systemd:
		return "dracut --force --add-drivers " + name
	}
	return ""
}

// addFile is what adds a file.
func (j *judge) addFile(name string) string {
	switch j.report.Kind {
	case Preroot:
		return "preroot build --include " + name + " " + name
	case MkInitramfs:
		return "a script in /etc/initramfs-tools/hooks that says copy_file"
	case Dracut, Systemd:
		return "dracut --force --install " + name
	}
	return ""
}

// hint is what mends a need that is not met.
func (j *judge) hint(n need) string {
	switch {
	case n.kind == program || n.kind == early || n.kind == harmless:
		switch j.report.Kind {
		case Preroot:
			return "preroot build -f: make the image anew"
		case MkInitramfs:
			return "update-initramfs -u; " + n.name + " comes with the hooks of initramfs-tools-core, klibc-utils or udev"
		default:
			return "dracut --force --install " + n.name
		}
	case strings.Contains(n.name, "rules.d"):
		return "install the package udev, then make the image anew"
	case j.report.Kind == MkInitramfs:
		return "update-initramfs -u makes the image anew"
	case j.report.Kind == Dracut || j.report.Kind == Systemd:
		return "dracut --force makes the image anew"
	}
	return "preroot build -f makes the image anew"
}
