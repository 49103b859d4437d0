package check

// layer is how an init other than ours opens a layer: by one of these programs, and what brings it into an image.
type layer struct {
	programs            []string
	dracut, mkinitramfs string
}

func layers() map[string]layer {
	return map[string]layer{
		"luks": {[]string{"cryptsetup", "/usr/lib/systemd/systemd-cryptsetup"}, "dracut --force --add crypt", "apt install cryptsetup-initramfs; update-initramfs -u"},
		"lvm":  {[]string{"lvm"}, "dracut --force --add lvm", "apt install lvm2; update-initramfs -u"},
		"md":   {[]string{"mdadm"}, "dracut --force --add mdraid", "apt install mdadm; update-initramfs -u"},
	}
}

// layerPrograms judges the programs that open the layers below root.
func (j *judge) layerPrograms() {
	for _, name := range j.target.Layers {
		l := layers()[name]
		var first error
		for _, program := range l.programs {
			file := program
			if program[0] != '/' {
				file = j.which(program)
			}
			err := errNotThere(program)
			if file != "" {
				err = j.runsAt(file)
			}
			if err == nil {
				first = nil
				j.good("layer "+name, "%s opens it", program)
				break
			}
			if first == nil {
				first = err
			}
		}
		if first != nil {
			hint := l.dracut
			if j.report.Kind == MkInitramfs {
				hint = l.mkinitramfs
			}
			j.bad("layer "+name, "root lies on it", hint, first.Error())
		}
	}
}
