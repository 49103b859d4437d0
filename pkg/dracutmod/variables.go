package dracutmod

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// hookStages are those that inst_hook takes (dracut.modules(7)).
const hookStages = "cmdline pre-udev pre-trigger netroot initqueue initqueue/settled initqueue/online initqueue/finished initqueue/timeout pre-mount pre-pivot cleanup mount " +
	"emergency shutdown-emergency pre-shutdown shutdown"

// folders are variables with the first of several folders that the system has, otherwise the last one. $NAME is an earlier one.
var folders = []struct{ name, places string }{
	{"udevdir", "/usr/lib/udev /lib/udev"},
	{"udevconfdir", "/etc/udev"},
	{"udevrulesdir", "$udevdir/rules.d"},
	{"udevrulesconfdir", "/etc/udev/rules.d"},
	{"systemdutildir", "/usr/lib/systemd /lib/systemd"},
	{"systemdutilconfdir", "/etc/systemd"},
	{"systemdsystemunitdir", "$systemdutildir/system"},
	{"systemdsystemconfdir", "/etc/systemd/system"},
	{"systemduser", "$systemdutildir/user"},
	{"systemduserconfdir", "/etc/systemd/user"},
	{"systemdcatalog", "$systemdutildir/catalog"},
	{"systemdnetwork", "$systemdutildir/network"},
	{"systemdnetworkconfdir", "/etc/systemd/network"},
	{"systemdntpunits", "$systemdutildir/ntp-units.d"},
	{"systemdntpunitsconfdir", "/etc/systemd/ntp-units.d"},
	{"systemdportable", "$systemdutildir/portable"},
	{"systemdportableconfdir", "/etc/systemd/portable"},
	{"dbus", "/usr/share/dbus-1"},
	{"dbusconfdir", "/etc/dbus-1"},
	{"dbusinterfaces", "$dbus/interfaces"},
	{"dbusinterfacesconfdir", "$dbusconfdir/interfaces"},
	{"dbusservices", "$dbus/services"},
	{"dbusservicesconfdir", "$dbusconfdir/services"},
	{"dbussession", "$dbus/session.d"},
	{"dbussessionconfdir", "$dbusconfdir/session.d"},
	{"dbussystem", "$dbus/system.d"},
	{"dbussystemconfdir", "$dbusconfdir/system.d"},
	{"dbussystemservices", "$dbus/system-services"},
	{"dbussystemservicesconfdir", "$dbusconfdir/system-services"},
	{"environment", "/usr/lib/environment.d"},
	{"environmentconfdir", "/etc/environment.d"},
	{"modulesload", "/usr/lib/modules-load.d /lib/modules-load.d"},
	{"modulesloadconfdir", "/etc/modules-load.d"},
	{"sysctld", "/usr/lib/sysctl.d /lib/sysctl.d"},
	{"sysctlconfdir", "/etc/sysctl.d"},
	{"sysusers", "/usr/lib/sysusers.d /lib/sysusers.d"},
	{"sysusersconfdir", "/etc/sysusers.d"},
	{"tmpfilesdir", "/usr/lib/tmpfiles.d /lib/tmpfiles.d"},
	{"tmpfilesconfdir", "/etc/tmpfiles.d"},
	{"depmodd", "/usr/lib/depmod.d /lib/depmod.d"},
	{"depmodconfdir", "/etc/depmod.d"},
	{"firmwaredir", "/lib/firmware"},
}

// isFolder says whether the system has a folder.
func (b *builder) isFolder(name string) bool {
	real, _, err := b.root.Resolve(name)
	if err != nil {
		return false
	}
	info, err := os.Lstat(b.root.Host(real))
	return err == nil && info.IsDir()
}

// sysroot is the root's folder as scripts put it before a path: "" for the running system.
func (b *builder) sysroot() string {
	if clean := filepath.Clean("/" + b.o.Sysroot); b.o.Sysroot != "" && clean != "/" {
		return strings.TrimSuffix(b.o.Sysroot, "/")
	}
	return ""
}

// machine is what uname -m says.
func machine() string {
	if m := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i686"}[runtime.GOARCH]; m != "" {
		return m
	}
	return runtime.GOARCH
}

// variables are those that every step sees, in its environment; conf is what the configuration says besides: it may choose the folders of the system.
func (b *builder) variables(conf map[string]string) map[string]string {
	dir := b.o.KDir
	if dir == "" {
		dir = b.sysroot() + "/lib/modules/" + b.o.KVER
	}
	v := map[string]string{
		"initdir": b.stage.dir, "dracutbasedir": filepath.Dir(first(b.o.Dirs)), "dracutsysrootdir": b.sysroot(), "kernel": b.o.KVER, "srcmods": dir, "drivers_dir": dir,
		"hookdirs": hookStages, "DRACUT_INSTALL": "__dracut_install", "DRACUT_CP": "cp -dfr --preserve=mode,timestamps,links", "DRACUT_LDD": "ldd", "DRACUT_LDCONFIG": "ldconfig",
		"DRACUT_ARCH": machine(), "DRACUT_VERSION": "preroot", "DRACUT_TMPDIR": b.scratch(), "squashdir": filepath.Join(b.stage.dir, "squash_root"), "SYSTEMCTL": "systemctl", "hostonly_mode": "sloppy", "hostonly_cmdline": "no", "dracutmodules": "auto", "omit_dracutmodules": strings.Join(b.o.Omit, " "),
	}
	if b.o.HostOnly {
		v["hostonly"], v["hostonly_cmdline"] = "-h", "yes"
	}
	if b.o.Kernel == nil {
		v["no_kernel"] = "yes"
	}
	v["libdirs"], v["__ldpaths"] = b.libraryFolders()
	for _, f := range folders {
		if place := conf[f.name]; strings.HasPrefix(place, "/") && b.isFolder(place) {
			v[f.name] = place
			continue
		}
		for place := range strings.FieldsSeq(os.Expand(f.places, func(name string) string { return v[name] })) {
			if v[f.name] = place; b.isFolder(place) {
				break
			}
		}
	}
	maps.Copy(v, b.o.Vars)
	if mode := conf["hostonly_mode"]; mode != "" {
		v["hostonly_mode"] = mode
	}
	return v
}

// libraryFolders are those of libdirs, and of them what ldconfig knows besides.
func (b *builder) libraryFolders() (dirs, more string) {
	list := []string{"/lib", "/usr/lib"}
	if loader := "/lib64/ld-linux-x86-64.so.2"; b.isFolder("/lib64") && !b.isFolder("/usr/lib/"+machine()+"-linux-gnu") {
		if _, _, err := b.root.Resolve(loader); err == nil {
			list = []string{"/lib64", "/usr/lib64"}
		}
	}
	var others []string
	for _, dir := range b.root.Folders() {
		if !slices.Contains([]string{"/lib", "/usr/lib", "/lib64", "/usr/lib64"}, dir) && b.isFolder(dir) {
			others = append(others, dir)
		}
	}
	slices.Sort(others)
	return strings.Join(append(list, others...), " "), strings.Join(others, " ")
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// environment is a process's; nothing of ours is handed on but what is named here.
func (b *builder) environment(step string, m Module) []string {
	v := maps.Clone(b.vars)
	if step == "check" && slices.Contains(b.o.Force, m.Name) {
		v["__any_machine"] = "yes"
	}
	v["PATH"], v["HOME"], v["LC_ALL"], v["LANG"], v["LC_MESSAGES"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "/root", "C", "C", "C"
	v["modules_loaded"] = " " + strings.Join(b.loaded, " ") + " "
	var todo []string
	for _, c := range b.chosen {
		if !slices.Contains(b.loaded, c.Name) {
			todo = append(todo, c.Name)
		}
	}
	if !slices.Contains(todo, m.Name) {
		todo = append(todo, m.Name)
	}
	v["mods_to_load"] = " " + strings.Join(todo, " ") + " "
	if step == "install" && b.needsSums() {
		v["DRACUT_FIPS_MODE"] = "1"
	}
	var env []string
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if !strings.ContainsRune(v[name], 0) {
			env = append(env, name+"="+v[name])
		}
	}
	return env
}
