package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/buildconf"
	"github.com/preroot/preroot/pkg/image"
)

// request is what configuration and command line of build come to.
type request struct {
	o     image.Options
	conf  buildconf.Source
	level int // how much is said, as dracut counts: 3 is usual

	help, version, listModules, all, noCheck bool

	compressLevel string
	imageName     string          // of the configuration
	said          map[string]bool // by the command line
	warnings      []string
	unused        []string // warnings of the configuration where no module of dracut is run
}

// usualLevel is how much is said where nobody asks: warnings, and what was made.
const usualLevel = 3

// buildRequest reads configuration and command line of build; the command line wins.
func buildRequest(table []option, args []string) (*request, error) {
	uses, words, err := parse(table, args)
	if err != nil {
		return nil, err
	}
	// Where the configuration lies stands on the command line: that is read once for it, and once more over what it says.
	r := newRequest()
	if err := apply(r, uses); err != nil {
		return nil, err
	}
	if r.help || r.version {
		return r, nil
	}
	where := r.conf
	where.Root = r.o.Sysroot
	c, err := buildconf.Read(where)
	if err != nil {
		return nil, err
	}
	r = newRequest()
	r.configure(c)
	if err := apply(r, uses); err != nil {
		return nil, err
	}
	return r, r.finish(words)
}

func newRequest() *request {
	return &request{o: image.Options{Version: version}, level: usualLevel, said: map[string]bool{}}
}

// configure folds the configuration in.
func (r *request) configure(c buildconf.Config) {
	o := &r.o
	r.warnings, r.unused = append(r.warnings, c.Notes...), c.WithoutModules
	o.HostOnly, o.Generic = c.HostOnly == buildconf.Yes, c.HostOnly == buildconf.No && len(c.Drivers) == 0
	o.Drivers, o.AddDrivers, o.ForceDrivers, o.OmitDrivers, o.Filesystems = c.Drivers, c.AddDrivers, c.ForceDrivers, c.OmitDrivers, c.Filesystems
	o.ModulesDir, o.FirmwareDirs = c.ModulesDir, c.FirmwareDirs
	o.Install, o.InstallOptional, o.Fscks, o.NoFsck = c.Install, c.InstallOptional, c.Fscks, c.NoFsck == buildconf.Yes
	for pair := range slices.Chunk(c.Include, 2) {
		o.Includes = append(o.Includes, image.Include{Src: pair[0], Dst: pair[1]})
	}
	o.Modules, o.AddModules, o.ForceAddModules, o.PreferModules, o.OmitModules = c.DracutModules, c.AddDracutModules, c.ForceAddDracutModules, c.PreferDracutModules, c.OmitDracutModules
	o.ModuleVars = c.ForModules
	o.DracutModulesDir, o.Hooks, o.KernelCmdline, o.Keymap, o.Font = c.DracutModulesDir, c.Hooks, c.KernelCmdline, c.Keymap, c.Font
	o.AddDevices, o.UseFstab, o.NoShell = c.AddDevices, c.UseFstab == buildconf.Yes, c.NoShell == buildconf.Yes
	o.Keys = c.IncludeKeys == buildconf.Yes
	o.LUKS, o.LVM, o.Network = c.LUKS == buildconf.Yes, c.LVM == buildconf.Yes, c.Network == buildconf.Yes
	o.HostCmdline, o.MDADMConf, o.LVMConf, o.EarlyMicrocode = position(c.HostCmdline), position(c.MDADMConf), position(c.LVMConf), position(c.EarlyMicrocode)
	o.UEFI, o.UEFIStub, o.UEFISplash, o.KernelImage, o.SBAT = c.UEFI == buildconf.Yes, c.UEFIStub, c.UEFISplash, c.KernelImage, c.SBAT
	o.SecureBootCert, o.SecureBootKey = c.SecureBootCert, c.SecureBootKey
	r.imageName = c.ImageName
	if c.LogLevel >= 0 {
		r.level = c.LogLevel
	}
	if c.Reproducible == buildconf.No {
		r.warnings = append(r.warnings, buildconf.Idle([]string{"reproducible=no"}, whySame))
	}
	r.configureCompression(c)
}

// configureCompression takes the compression of the configuration; one that is not made here is a warning, since it may be dracut's.
func (r *request) configureCompression(c buildconf.Config) {
	how, err := image.ParseCompression(c.Compress)
	if err == nil && how.Level == 0 && c.CompressLevels[how.Kind] != 0 {
		how, err = image.ParseCompression(fmt.Sprintf("%s:%d", how.Kind, c.CompressLevels[how.Kind]))
	}
	if err != nil {
		r.warnings = append(r.warnings, fmt.Sprintf("configuration: %v; it is left to preroot", err))
		return
	}
	r.o.Compress = how
}

func position(a buildconf.Answer) image.Switch {
	switch a {
	case buildconf.Yes:
		return image.On
	case buildconf.No:
		return image.Off
	}
	return image.Auto
}

// finish fills in what configuration and command line left open.
func (r *request) finish(words []string) error {
	o := &r.o
	switch {
	case len(words) > 2:
		return fmt.Errorf("%q is one word too many: after IMAGE and KVER nothing follows", words[2])
	case len(words) == 2 && o.KVER != "" && o.KVER != words[1]:
		return fmt.Errorf("two kernel versions, --kver %s and %s: give one", o.KVER, words[1])
	case len(words) > 0 && r.all:
		return fmt.Errorf("--regenerate-all makes every image at its usual place: leave %q out", words[0])
	case len(words) == 2:
		o.KVER = words[1]
	}
	if len(words) > 0 {
		o.Output, r.said["image"] = words[0], true
	}
	r.mode()
	if !o.RunsModules() {
		r.warnings = append(r.warnings, r.unused...)
	}
	if r.compressLevel != "" {
		how, err := image.ParseCompression(orElse(o.Compress.Kind, "zstd") + ":" + r.compressLevel)
		if err != nil {
			return fmt.Errorf("--compress-level: %w", err)
		}
		o.Compress = how
	}
	o.HostEtc = filepath.Join("/", "etc")
	if o.Sysroot != "" {
		o.HostEtc = filepath.Join(o.Sysroot, "etc")
	}
	o.Init = orElse(o.Init, defaultProgram("init"))
	o.Helpers = orElse(o.Helpers, filepath.Dir(defaultProgram("initrd")))
	if o.UEFI && !r.said["image"] {
		return errors.New("--uefi: name the file to write, on the EFI partition or elsewhere: preroot build --uefi FILE.efi [KVER] (or --no-uefi, if the configuration says uefi=yes)")
	}
	if r.all || r.listModules {
		return nil
	}
	return forKernel(o, r.imageName)
}

// mode settles for which machines the image is.
func (r *request) mode() {
	o := &r.o
	if r.said["mode"] && !r.said["drivers"] && len(o.Drivers) > 0 {
		o.Drivers = nil // the configuration's: the command line wins
	}
	if !r.said["mode"] && r.said["drivers"] {
		o.Generic, o.HostOnly = false, false // the configuration's, again
	}
	if !o.Generic && len(o.Drivers) == 0 {
		o.HostOnly = true
	}
}

// forKernel fills in which kernel the image is for, where its modules lie and where the image goes.
func forKernel(o *image.Options, imageName string) error {
	if o.ModulesDir == "" {
		if o.KVER == "" {
			release, err := os.ReadFile("/proc/sys/kernel/osrelease")
			if err != nil {
				return fmt.Errorf("the running kernel's version is unknown: give --kver: %w", err)
			}
			o.KVER = strings.TrimSpace(string(release))
		}
		o.ModulesDir = filepath.Join(orElse(o.Sysroot, "/"), "lib/modules", o.KVER)
	}
	if o.Output != "" {
		return nil
	}
	kver := orElse(o.KVER, filepath.Base(o.ModulesDir))
	if kver == "." || kver == "/" {
		return errors.New("the kernel's version is unknown: give --kver")
	}
	o.Output = defaultImage(o.Sysroot, kver, imageName, isMountPoint)
	return nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// defaultProgram is a program beside this one in a build tree, which nfsroot betrays (init and lvm are in /usr/bin of some systems, and not ours), otherwise
// where the package installs it.
func defaultProgram(name string) string {
	if self, err := os.Executable(); err == nil {
		if beside := filepath.Join(filepath.Dir(self), name); isFile(beside) && isFile(filepath.Join(filepath.Dir(self), "nfsroot")) {
			return beside
		}
	}
	return "/usr/lib/preroot/" + name
}

func isFile(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
