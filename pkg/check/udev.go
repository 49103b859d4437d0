package check

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// rules finds a file of udev's rules (udev(7)) that has, for each list of words, a rule that says them all. A later folder does not
// count where an earlier one has a file of that name. It gives the file, "" for none. A last line that is cut off is passed over,
// as udev does.
func (j *judge) rules(lists ...[]string) string { return j.rulesBut(nil, lists...) }

// rulesBut passes over files that say skip.
func (j *judge) rulesBut(skip func(name string) bool, lists ...[]string) string {
	seen := map[string]bool{}
	for _, dir := range []string{"etc/udev/rules.d", "run/udev/rules.d", "usr/local/lib/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d"} {
		for _, file := range j.glob(dir + "/*.rules") {
			if seen[path.Base(file)] || skip != nil && skip(path.Base(file)) {
				continue
			}
			seen[path.Base(file)] = true
			data, err := j.tree.ReadFile(file)
			if err != nil {
				continue
			}
			lines := ruleLines(string(data))
			lacks := func(words []string) bool {
				return !slices.ContainsFunc(lines, func(l string) bool { return hasAll(l, words) })
			}
			if !slices.ContainsFunc(lists, lacks) {
				return file
			}
		}
	}
	return ""
}

func hasAll(line string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) })
}

// ruleLines splits the rules of a file: comments are left out, a backslash at the end joins lines. What stands behind the last
// quotation mark of a cut line is no rule.
func ruleLines(text string) (lines []string) {
	var joined string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if before, ok := strings.CutSuffix(line, "\\"); ok {
			joined += before
			continue
		}
		line, joined = joined+line, ""
		if line == "" || line[0] == '#' || strings.Count(line, "\"")%2 != 0 {
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

// udevd judges the daemon: it starts, udevadm wakes it, its rules load drivers. dir is where the init looks for it.
func (j *judge) udevd(places ...string) (err error) {
	i := slices.IndexFunc(places, j.has)
	if i < 0 {
		return fmt.Errorf("%s is not in the image", places[0])
	}
	if err := j.runsAt(places[i]); err != nil {
		return err
	}
	file := j.which("udevadm")
	if file == "" {
		return errNotThere("udevadm")
	}
	return j.runsAt(file)
}

// opens judges a library that a program opens when it needs it (dlopen(3)): no table of the program names it. So does udevd with
// libkmod since systemd 257, and with libblkid since 258.
func (j *judge) opens(lib string) error {
	for _, dir := range j.libraryFolders() {
		file := strings.TrimPrefix(path.Join(dir, lib), "/")
		if _, err := j.tree.Lstat(file); err != nil {
			continue
		}
		real, err := j.tree.Resolve(file)
		if err != nil {
			return fmt.Errorf("%s leads nowhere", file)
		}
		return j.libraries(file, real)
	}
	return errNotThere(lib)
}

// driverRule says why udevd loads no driver for a device.
func (j *judge) driverRule() error {
	if j.rules([]string{"MODALIAS", "kmod"}) == "" {
		return fmt.Errorf("no rule of udev says kmod load $env{MODALIAS} (80-drivers.rules)")
	}
	return j.opens("libkmod.so.2")
}

// linkRule is the words of the rule that makes the link by which root is named; "" where root has a name of the kernel.
func linkRule(root string) (folder, words string) {
	for _, l := range [][3]string{
		{"UUID=", "disk/by-uuid/", "ID_FS_UUID"}, {"LABEL=", "disk/by-label/", "ID_FS_LABEL"},
		{"PARTUUID=", "disk/by-partuuid/", "ID_PART_ENTRY_UUID"}, {"PARTLABEL=", "disk/by-partlabel/", "ID_PART_ENTRY_NAME"},
		{"/dev/disk/by-id/", "disk/by-id/", "SYMLINK+="}, {"/dev/disk/by-path/", "disk/by-path/", "SYMLINK+="},
	} {
		if strings.HasPrefix(root, l[0]) || strings.HasPrefix(root, "/dev/"+l[1]) {
			return l[1], l[2]
		}
	}
	return "", ""
}

// rootLink judges the link /dev/disk/by-... that an init waits for.
func (j *judge) rootLink() {
	folder, words := linkRule(j.target.Root)
	if folder == "" {
		return
	}
	what := "link " + folder
	const why, hint = "root is named by it, and udev makes it", "install the package udev, then make the image anew"
	if words == "SYMLINK+=" { // of what the disk itself says
		j.plainLink(what, why, hint, folder)
		return
	}
	file := j.rulesBut(j.ofLayers, []string{"IMPORT", "blkid"}, []string{"SYMLINK+=", folder, words})
	if file == "" {
		j.bad(what, why, hint, "no rules of udev have blkid look at disks and make links "+folder+" (60-persistent-storage.rules)")
		return
	}
	if err := j.opens("libblkid.so.1"); err != nil {
		j.bad(what, why, hint, "udevd cannot look at disks: "+err.Error())
		return
	}
	j.good(what, "%s", file)
}

// plainLink judges a link that needs no look at what lies on the disk.
func (j *judge) plainLink(what, why, hint, folder string) {
	file := j.rulesBut(j.ofLayers, []string{"SYMLINK+=", folder})
	if file == "" {
		j.bad(what, why, hint, "no rules of udev make links "+folder+" (60-persistent-storage.rules)")
		return
	}
	j.good(what, "%s", file)
}

// ofLayers says whether a file of rules is for devices of the device mapper or of MD alone: it makes no links of a plain disk.
func (j *judge) ofLayers(name string) bool {
	return len(j.target.Layers) == 0 && (strings.HasSuffix(name, "-dm.rules") || strings.Contains(name, "-dm-") || strings.Contains(name, "-md-"))
}
