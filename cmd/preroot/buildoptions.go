package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/buildconf"
	"github.com/preroot/preroot/pkg/image"
)

// buildOptionTable has the options of build. Names and meanings are those of dracut(8), releases 059 to 112, where dracut has them.
func buildOptionTable() []option {
	return []option{
		{names: []string{"-f", "--force"}, text: "replace IMAGE if it is there", set: on(func(r *request) *bool { return &r.o.Force })},
		{names: []string{"-v", "--verbose"}, text: "say more: the modules by name", set: func(r *request, _ []string) error { r.level++; return nil }},
		{names: []string{"-q", "--quiet"}, text: "say nothing but errors", set: func(r *request, _ []string) error { r.level--; return nil }},
		{names: []string{"-L", "--stdlog"}, args: []string{"0-6"}, text: "how much is said: from 4 on the modules by name, up to 2 errors alone", set: setLevel},
		{names: []string{"--debug"}, set: func(r *request, _ []string) error { r.level = 5; return nil }},
		{names: []string{"-h", "--help"}, text: "this text", set: on(func(r *request) *bool { return &r.help })},
		{names: []string{"--version"}, text: "the version of preroot", set: on(func(r *request) *bool { return &r.version })},

		{names: []string{"-H", "--host-only", "--hostonly"}, text: "for this machine: what it needs to come to its root (default)", set: setMode(false)},
		{names: []string{"-N", "--generic", "--no-hostonly", "--no-host-only"}, text: "for any machine: every storage controller, bus, file system and keyboard", set: setMode(true)},
		{names: []string{"-d", "--drivers"}, args: []string{"NAMES"}, text: "for known hardware: just these kernel modules and what they need, loaded first", set: replacing("drivers", drivers, func(r *request) *[]string { return &r.o.Drivers })},
		{names: []string{"--add-drivers"}, args: []string{"NAMES"}, text: "take these kernel modules in too", set: adding(drivers, func(r *request) *[]string { return &r.o.AddDrivers })},
		{names: []string{"--force-drivers"}, args: []string{"NAMES"}, text: "take these kernel modules in too, and load them first", set: adding(drivers, func(r *request) *[]string { return &r.o.ForceDrivers })},
		{names: []string{"--omit-drivers"}, args: []string{"NAMES"}, text: "leave these kernel modules out, and those that need them", set: adding(drivers, func(r *request) *[]string { return &r.o.OmitDrivers })},
		{names: []string{"--filesystems"}, args: []string{"NAMES"}, text: "with --generic: no file systems but these", set: replacing("filesystems", drivers, func(r *request) *[]string { return &r.o.Filesystems })},

		{names: []string{"--kver"}, args: []string{"KVER"}, text: "kernel version (default: the name of --modules-dir, otherwise the running one)", set: value(func(r *request) *string { return &r.o.KVER })},
		{names: []string{"-k", "--modules-dir", "--kmoddir"}, args: []string{"DIR"}, text: "folder of the kernel's modules (default /lib/modules/KVER)", set: value(func(r *request) *string { return &r.o.ModulesDir })},
		{names: []string{"-r", "--sysroot"}, args: []string{"DIR"}, text: "the files of the machine that the image is for lie below DIR", set: value(func(r *request) *string { return &r.o.Sysroot })},
		{names: []string{"--regenerate-all"}, text: "an image for each kernel in /lib/modules, at its usual place", set: on(func(r *request) *bool { return &r.all })},
		{names: []string{"--no-check"}, text: "write the image even if preroot check says that it will not find root", set: on(func(r *request) *bool { return &r.noCheck })},
		{names: []string{"--if-changed"}, text: "only if something of the image would be different, or it is damaged", set: on(func(r *request) *bool { return &r.o.IfChanged })},

		{names: []string{"-c", "--conf"}, args: []string{"FILE"}, text: "configuration instead of /etc/preroot.conf and /etc/dracut.conf", set: value(func(r *request) *string { return &r.conf.File })},
		{names: []string{"--confdir"}, args: []string{"DIR"}, text: "configuration instead of the folders preroot.conf.d and dracut.conf.d", set: value(func(r *request) *string { return &r.conf.Dir })},
		{names: []string{"--add-confdir"}, args: []string{"DIR"}, text: "one folder of configuration more", set: value(func(r *request) *string { return &r.conf.AddDir })},

		{names: []string{"--kernel-cmdline"}, args: []string{"WORDS"}, text: "words that the image adds to the kernel command line", set: addCmdline},
		{names: []string{"--hostonly-cmdline"}, text: "with --host-only: words for this machine, too", set: set(func(r *request) *image.Switch { return &r.o.HostCmdline }, image.On)},
		{names: []string{"--no-hostonly-cmdline"}, text: "no words for this machine", set: set(func(r *request) *image.Switch { return &r.o.HostCmdline }, image.Off)},
		{names: []string{"--add-device", "--device"}, args: []string{"DEVICE"}, text: "bring this device up, too", set: adding(strings.Fields, func(r *request) *[]string { return &r.o.AddDevices })},
		{names: []string{"--fstab"}, text: "what is mounted stands in /etc/fstab, not in /proc/self/mountinfo", set: on(func(r *request) *bool { return &r.o.UseFstab })},
		{names: []string{"--no-shell"}, text: "the image never gives a prompt or a shell, whatever the kernel command line says", set: on(func(r *request) *bool { return &r.o.NoShell })},

		{names: []string{"-i", "--include"}, args: []string{"SRC", "DST"}, text: "put a file, or what lies in a folder, at DST in the image", set: include},
		{names: []string{"-I", "--install"}, args: []string{"FILES"}, text: "put programs and files in, with the libraries that they need", set: adding(strings.Fields, func(r *request) *[]string { return &r.o.Install })},
		{names: []string{"--install-optional"}, args: []string{"FILES"}, text: "the same, where they are there", set: adding(strings.Fields, func(r *request) *[]string { return &r.o.InstallOptional })},
		{names: []string{"--fscks"}, args: []string{"PROGRAMS"}, text: "more checkers of file systems, where they are there", set: adding(strings.Fields, func(r *request) *[]string { return &r.o.Fscks })},
		{names: []string{"--nofscks"}, text: "no checkers of file systems", set: on(func(r *request) *bool { return &r.o.NoFsck })},
		{names: []string{"--mdadmconf"}, text: "take /etc/mdadm.conf in", set: set(func(r *request) *image.Switch { return &r.o.MDADMConf }, image.On)},
		{names: []string{"--nomdadmconf"}, text: "do not", set: set(func(r *request) *image.Switch { return &r.o.MDADMConf }, image.Off)},
		{names: []string{"--lvmconf"}, text: "take /etc/lvm/lvm.conf in", set: set(func(r *request) *image.Switch { return &r.o.LVMConf }, image.On)},
		{names: []string{"--nolvmconf"}, text: "do not", set: set(func(r *request) *image.Switch { return &r.o.LVMConf }, image.Off)},
		{names: []string{"--fwdir"}, args: []string{"DIRS"}, text: "folders of firmware, parted by colons (default: the kernel's)", set: replacing("fwdir", folders, func(r *request) *[]string { return &r.o.FirmwareDirs })},
		{names: []string{"--include-keys"}, text: "with --host-only: the key files that crypttab names for root; whoever has the image has them", set: on(func(r *request) *bool { return &r.o.Keys })},
		{names: []string{"--luks"}, text: "what a root on LUKS volumes needs", set: on(func(r *request) *bool { return &r.o.LUKS })},
		{names: []string{"--lvm"}, text: "what a root on logical volumes of LVM2 needs", set: on(func(r *request) *bool { return &r.o.LVM })},
		{names: []string{"--network"}, text: "what a root on NFS needs (root=/dev/nfs, or a classic initrd that says so)", set: on(func(r *request) *bool { return &r.o.Network })},
		{names: []string{"--initrd"}, args: []string{"FILE"}, text: "a classic initrd (initrd(4)): a file system as it is, or packed; its /linuxrc runs before root is mounted", set: value(func(r *request) *string { return &r.o.Initrd })},

		{names: []string{"--hooks"}, args: []string{"DIR"}, text: "hook scripts of dracut's kind, DIR/STAGE/NAME.sh; the image gets a shell and our library of functions for them", set: value(func(r *request) *string { return &r.o.Hooks })},
		{names: []string{"--shell"}, args: []string{"PATH"}, text: "the static program that is the shell of hooks (default /bin/busybox)", set: value(func(r *request) *string { return &r.o.Shell })},
		{names: []string{"-a", "--add"}, args: []string{"MODULES"}, text: "take these modules of dracut in, too", set: adding(strings.Fields, func(r *request) *[]string { return &r.o.AddModules })},
		{names: []string{"--force-add"}, args: []string{"MODULES"}, text: "take these modules of dracut in, omitted or not", set: adding(strings.Fields, func(r *request) *[]string { return &r.o.ForceAddModules })},
		{names: []string{"--prefer"}, args: []string{"MODULES"}, text: "take these modules of dracut in where they can be had", set: adding(strings.Fields, func(r *request) *[]string { return &r.o.PreferModules })},
		{names: []string{"-o", "--omit"}, args: []string{"MODULES"}, text: "leave these modules of dracut out", set: adding(strings.Fields, func(r *request) *[]string { return &r.o.OmitModules })},
		{names: []string{"-m", "--modules"}, args: []string{"MODULES"}, text: "just these modules of dracut", set: replacing("modules", strings.Fields, func(r *request) *[]string { return &r.o.Modules })},
		{names: []string{"--modulesdir"}, args: []string{"DIR"}, text: "where modules of dracut lie (default /usr/lib/dracut/modules.d)", set: value(func(r *request) *string { return &r.o.DracutModulesDir })},
		{names: []string{"--list-modules"}, text: "list them and do nothing else", set: on(func(r *request) *bool { return &r.listModules })},

		{names: []string{"--keymap"}, args: []string{"NAME"}, text: "name or path of the console keymap, or an X layout; none for the kernel's own (default: what /etc/vconsole.conf or /etc/default/keyboard says)", set: value(func(r *request) *string { return &r.o.Keymap })},
		{names: []string{"--font"}, args: []string{"NAME"}, text: "name or path of the console font; none for the kernel's own (default: what /etc/vconsole.conf or /etc/default/console-setup says)", set: value(func(r *request) *string { return &r.o.Font })},
		{names: []string{"--init"}, args: []string{"PATH"}, text: "the static program that becomes /init (default: init beside this program, then /usr/lib/preroot/init)", set: value(func(r *request) *string { return &r.o.Init })},
		{names: []string{"--helpers"}, args: []string{"DIR"}, text: "helpers of /init (default: beside this program, then /usr/lib/preroot)", set: value(func(r *request) *string { return &r.o.Helpers })},

		{names: []string{"--compress"}, args: []string{"KIND[:LEVEL]"}, text: "none, zstd (1-22), gzip (1-9), xz (1-9) or lz4 (1-12); dracut's command lines of compressors, too (default: the best that the kernel unpacks)", set: compress},
		{names: []string{"--compress-level"}, args: []string{"LEVEL"}, text: "its level", set: func(r *request, v []string) error { r.compressLevel = v[0]; return nil }},
		{names: []string{"--zstd"}, text: "--compress zstd", set: packed("zstd")},
		{names: []string{"--gzip"}, text: "--compress gzip", set: packed("gzip")},
		{names: []string{"--xz"}, text: "--compress xz", set: packed("xz")},
		{names: []string{"--lz4"}, text: "--compress lz4", set: packed("lz4")},
		{names: []string{"--no-compress"}, text: "--compress none", set: packed("none")},
		{names: []string{"--early-microcode"}, text: "microcode for the processor, first in the image (default: with --host-only and --generic, where there is some)", set: set(func(r *request) *image.Switch { return &r.o.EarlyMicrocode }, image.On)},
		{names: []string{"--no-early-microcode"}, text: "no microcode", set: set(func(r *request) *image.Switch { return &r.o.EarlyMicrocode }, image.Off)},
		{names: []string{"--reproducible"}, text: "equal input gives equal bytes (always)", set: func(*request, []string) error { return nil }},

		{names: []string{"--uefi"}, text: "make an UEFI executable of kernel, words and image", set: on(func(r *request) *bool { return &r.o.UEFI })},
		{names: []string{"--no-uefi"}, text: "do not", set: func(r *request, _ []string) error { r.o.UEFI = false; return nil }},
		{names: []string{"--uefi-stub"}, args: []string{"FILE"}, text: "its loader", set: value(func(r *request) *string { return &r.o.UEFIStub })},
		{names: []string{"--uefi-splash-image"}, args: []string{"FILE"}, text: "its picture", set: value(func(r *request) *string { return &r.o.UEFISplash })},
		{names: []string{"--kernel-image"}, args: []string{"FILE"}, text: "its kernel", set: value(func(r *request) *string { return &r.o.KernelImage })},
		{names: []string{"--sbat"}, args: []string{"TEXT"}, text: "its SBAT parameters", set: value(func(r *request) *string { return &r.o.SBAT })},

		refused("add the options to those of the command that made the image", "FILE", "--rebuild"),
		refused("cat /proc/cmdline shows what this boot was given", "", "--print-cmdline"),
		refused("the configuration stands in the files that preroot.conf(5) names", "", "--printconfig"),

		idle(whySame, "", "--no-reproducible"),
		idle(whyKinds, "", "--bzip2", "--lzma", "--lzo"),
		idle(buildconf.WhyPacking, "", "--strip", "--nostrip", "--aggressive-strip", "--hardlink", "--nohardlink", "--noprefix", "--enhanced-cpio", "--keep", "--profile", "-p", "--parallel"),
		idle(buildconf.WhyPacking, "ARG", "--prefix", "--tmpdir", "--squash-compressor"),
		idle(buildconf.WhyLog, "", "-M", "--show-modules", "--printsize"),
		idle(buildconf.WhyLog, "ARG", "--logfile", "--loginstall"),
		idle(buildconf.WhyRoot, "", "--ro-mnt"),
		idle(buildconf.WhyRoot, "ARG", "--mount", "--add-fstab"),
		idle(buildconf.WhyNames, "ARG", "--persistent-policy"),
		idle(buildconf.WhyHostMode, "", "--no-hostonly-default-device"),
		idle(buildconf.WhyHostMode, "ARG", "--hostonly-mode"),
		idle(buildconf.WhyNetwork, "ARG", "--hostonly-nics", "--sshkey", "--nvmf-nbft-mode"),
		idle(buildconf.WhyLibs, "ARG", "--libdirs"),
		idle(buildconf.WhyFiles, "ARG", "--remove"),
		idle(buildconf.WhyAlways, "", "--kernel-only", "--no-kernel", "--noimageifnotneeded"),
		idle(buildconf.WhyI18n, "", "--hostonly-i18n", "--no-hostonly-i18n"),
		idle(buildconf.WhyInstall, "", "--no-machineid"),
		idle("an UEFI executable is made in one way", "", "--ukify", "--no-ukify"),
		idle("modules of dracut lie where --modulesdir says", "", "-l", "--local"),
	}
}

// Reasons beside those of the configuration.
const (
	whySame  = "equal input gives equal bytes, which costs nothing"
	whyKinds = "zstd, xz, gzip and lz4 pack smaller or unpack faster, and the image is packed by one of them"
)

// idle is the row of options without meaning, arg the name of what they take.
func idle(why, arg string, names ...string) option {
	o := option{names: names, why: why}
	if arg != "" {
		o.args = []string{arg}
	}
	return o
}

// refused is the row of an option that would do something else than make an image, and what to do instead.
func refused(instead, arg, name string) option {
	o := idle("", arg, name)
	o.set = func(*request, []string) error { return fmt.Errorf("not done here: %s", instead) }
	return o
}

func on(where func(*request) *bool) func(*request, []string) error {
	return func(r *request, _ []string) error { *where(r) = true; return nil }
}

func value(where func(*request) *string) func(*request, []string) error {
	return func(r *request, v []string) error { *where(r) = v[0]; return nil }
}

func set(where func(*request) *image.Switch, to image.Switch) func(*request, []string) error {
	return func(r *request, _ []string) error { *where(r) = to; return nil }
}

// adding appends to what the configuration says.
func adding(split func(string) []string, where func(*request) *[]string) func(*request, []string) error {
	return func(r *request, v []string) error {
		*where(r) = append(*where(r), split(v[0])...)
		return nil
	}
}

// replacing appends to what the command line has said, which takes the place of the configuration.
func replacing(name string, split func(string) []string, where func(*request) *[]string) func(*request, []string) error {
	return func(r *request, v []string) error {
		if !r.said[name] {
			*where(r) = nil
		}
		r.said[name] = true
		*where(r) = append(*where(r), split(v[0])...)
		return nil
	}
}

// drivers splits a list of kernel modules at blanks and commas.
func drivers(v string) []string {
	return strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
}

func folders(v string) []string {
	return strings.FieldsFunc(v, func(r rune) bool { return r == ':' })
}

func setMode(generic bool) func(*request, []string) error {
	return func(r *request, _ []string) error {
		r.o.Generic, r.o.HostOnly, r.said["mode"] = generic, !generic, true
		return nil
	}
}

func include(r *request, v []string) error {
	r.o.Includes = append(r.o.Includes, image.Include{Src: v[0], Dst: v[1]})
	return nil
}

func addCmdline(r *request, v []string) error {
	r.o.KernelCmdline = strings.TrimSpace(r.o.KernelCmdline + " " + v[0])
	return nil
}

func compress(r *request, v []string) (err error) {
	r.o.Compress, err = image.ParseCompression(v[0])
	return err
}

func packed(kind string) func(*request, []string) error {
	return func(r *request, _ []string) error { r.o.Compress = image.Compression{Kind: kind}; return nil }
}

func setLevel(r *request, v []string) error {
	n, err := strconv.Atoi(v[0])
	if err != nil || n < 0 || n > 6 {
		return errors.New("write a number from 0 to 6")
	}
	r.level = n
	return nil
}
