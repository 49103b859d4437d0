package check

import "strings"

// layer is how a layer between the disk and root is opened by an init other than ours, and what brings that into an image.
type layer struct {
	// opened is what each kind of init cannot do without to open it.
	opened map[string][]need
	// rules are the words of one rule of udev, in several forms, any of which opens it when the device comes; scripts are an init's own, instead of a
	// rule. Nil where no rule is needed.
	rules               [][]string
	scripts             []string
	dracut, mkinitramfs string
}

// layers are those that are known, by the names of Target.
func layers() map[string]layer {
	const opens = "it opens what root lies on"
	crypt := []need{
		{hook, "cmdline/*parse-crypt.sh", "it has the volume opened", "luks"},
		{sourced, "lib/dracut-crypt-lib.sh", "the hooks that open the volume source it", "crypttab"},
		{command, "cryptroot-ask", "it asks for the passphrase, and opens the volume", "cryptsetup"},
		{program, "cryptsetup", opens, ""},
	}
	table := []need{
		{program, "cryptsetup", opens, ""},
		{filled, "cryptroot/crypttab", "scripts/local-top/cryptroot opens what it lists, and nothing else", ""},
		{whole, "scripts/local-top/cryptroot", "it opens the volume", "crypttab|cryptsetup/functions"},
		{text, "scripts/local-top/ORDER", "the scripts that it names are run", "/scripts/local-top/cryptroot"},
		{sourced, "lib/cryptsetup/functions", "scripts/local-top/cryptroot sources it", "crypttab"},
	}
	systemd := []need{
		{runs, "usr/lib/systemd/system-generators/systemd-cryptsetup-generator", "it makes the unit that opens the volume", ""},
		{runs, "usr/lib/systemd/systemd-cryptsetup", opens, ""},
	}
	volumes, arrays := []need{{program, "lvm", opens, ""}}, []need{{program, "mdadm", opens, ""}}
	scanned := []need{{program, "lvm", opens, ""}, {command, "lvm_scan", "the rule that sees a physical volume calls it", "lvm"}}
	return map[string]layer{
		"luks": {map[string][]need{Dracut: crypt, MkInitramfs: table, Systemd: systemd}, nil, nil, "dracut --force --add crypt", "apt install cryptsetup-initramfs; update-initramfs -u"},
		"lvm": {map[string][]need{Dracut: scanned, MkInitramfs: volumes, Systemd: scanned}, [][]string{{"lvm_scan"}, {"lvm", "vgchange"}, {"lvm", "pvscan"}},
			[]string{"scripts/local-top/lvm2", "scripts/local-block/lvm2"}, "dracut --force --add lvm", "apt install lvm2; update-initramfs -u"},
		"md": {map[string][]need{Dracut: arrays, MkInitramfs: arrays, Systemd: arrays}, [][]string{{"mdadm -I "}, {"mdadm --incremental"}},
			[]string{"scripts/local-top/mdadm", "scripts/local-block/mdadm"}, "dracut --force --add mdraid", "apt install mdadm; update-initramfs -u"},
	}
}

// openLayers judges how the layers below root are opened, by the kind of init whose hooks and rules do it.
func (j *judge) openLayers(kind string) {
	for _, name := range j.target.Layers {
		l := layers()[name]
		hint := l.dracut
		if kind == MkInitramfs {
			hint = l.mkinitramfs
		}
		for _, n := range l.opened[kind] {
			j.needOr(n, hint)
		}
		if name == "luks" {
			j.crypt(kind, hint)
		}
		j.ruled(name, l, hint)
	}
}

// ruled judges the rule of udev that has a layer opened.
func (j *judge) ruled(name string, l layer, hint string) {
	if l.rules == nil {
		return
	}
	for _, words := range l.rules {
		if file := j.rules(words); file != "" {
			j.good("layer "+name, "%s has it opened", file)
			return
		}
	}
	for _, file := range l.scripts {
		if s := j.script(file); s != nil && s.bad == nil && !s.cut {
			j.good("layer "+name, "%s has it opened", file)
			return
		}
	}
	j.bad("layer "+name, "root lies on it", hint, "no rule of udev calls "+l.rules[0][0]+": nothing opens it when its device comes")
}

// crypt judges what the programs that open LUKS open themselves: the library, and what its Argon2 ends its threads with.
func (j *judge) crypt(kind, hint string) {
	switch kind {
	case MkInitramfs:
		j.asks(hint)
	case Systemd:
		if err := j.opens("libcryptsetup.so.12"); err != nil {
			j.bad("layer luks", "systemd-cryptsetup opens it", hint, err.Error())
		}
	}
	if j.opens("libargon2.so.1") == nil {
		if err := j.opens("libgcc_s.so.1"); err != nil {
			j.bad("layer luks", "libargon2 ends its threads with it", hint, err.Error())
		}
	}
}

// asks judges the program that asks for a passphrase where the crypttab of an image of initramfs-tools names no key (crypttab(5)).
func (j *judge) asks(hint string) {
	data, _ := j.tree.ReadFile("cryptroot/crypttab")
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) >= 3 && f[0][0] != '#' && (f[2] == "none" || f[2] == "-") && !strings.Contains(line, "keyscript=") {
			j.needOr(need{runs, "lib/cryptsetup/askpass", "it asks for the passphrase of " + f[0], ""}, hint)
			return
		}
	}
}
