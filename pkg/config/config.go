// Package config is the one place that knows the names of kernel parameters and what they mean. It turns
// the words of the command line (package cmdline) into a typed Config.
package config

import "time"

// Config is what the command line asks for. The zero value of a field is its default unless its comment
// says otherwise; Parse fills the defaults.
type Config struct {
	// Root is the text of the last root= word, "" when there is none.
	Root string
	// RootFSType holds the names of rootfstype= (a comma list); empty means: the probed type.
	RootFSType []string
	// RootFlags is the text of the last rootflags= word; RootFlagsGiven tells "rootflags=" from none.
	RootFlags      string
	RootFlagsGiven bool
	// Write is what ro and rw say together: rw wins, because dracut puts it behind ro.
	Write Write
	// RootWait is how long root is waited for after the table in docs/architecture.md ("How long root is
	// waited for"); zero means for ever, RootNoWait not at all.
	RootWait time.Duration
	// NetworkWait is RootWait as it is for a root over the network, whatever root= says.
	NetworkWait time.Duration
	// Retry is rd.retry, or dracut's default: its hooks of initqueue/timeout run from two thirds of it on.
	Retry time.Duration
	// RootDelay delays the first mount (rootdelay=).
	RootDelay time.Duration
	// Init is init=, "" when not given. InitArgs are nothing of ours: natively the new init gets the kernel's own argv.
	Init string

	// NFSRoot and IP are the texts of the last nfsroot= and ip=, of a root=/dev/nfs (the kernel's admin-guide/nfs/nfsroot.rst).
	NFSRoot, IP string

	// Resume is the text of the last resume= word, the device that a suspended system is resumed from, "" when not given.
	Resume string
	// ResumeOffset is resume_offset=, where on that device the header of a swap file lies, in pages of the machine; zero is the
	// header of a swap device.
	ResumeOffset uint64
	// ResumeWait is resumewait: root waits for the device of resume= until its own deadline.
	ResumeWait bool
	// NoResume is noresume, nohibernate, hibernate=noresume or hibernate=no (kernel-parameters.txt): a suspended system is left alone.
	NoResume bool

	// NoInitrd is noinitrd: a classic initrd is neither unpacked nor run (initrd(4)). RAMDiskSize is ramdisk_size=, in bytes, 0 when not given. LinuxrcTimeout is
	// rd.preroot.linuxrc_timeout=SECONDS: how long its /linuxrc may run; zero is for ever.
	NoInitrd       bool
	RAMDiskSize    int64
	LinuxrcTimeout time.Duration

	// Break holds the stages named by rd.break=STAGE, in order; the last element is "switch_root" if the last
	// rd.break is a bare one. Not empty means also that the emergency shell may open although Shell is false.
	Break []string
	// Shell is rd.shell, default true.
	Shell bool
	// NoPrompt is rd.preroot.prompt=no in the image itself (an image built with --no-shell): there is no prompt and no shell, whatever
	// the command line says.
	NoPrompt bool
	// Emergency is rd.emergency: "reboot" (default), "poweroff", "halt", "shell" or "hold".
	Emergency      string
	EmergencyGiven bool
	// Unattended is rd.preroot.unattended=SECONDS: how long an untouched prompt counts down; zero is off.
	// The default is 300 s (images of our builder).
	Unattended      time.Duration
	UnattendedGiven bool
	// HookTimeout is rd.preroot.hook_timeout=SECONDS: how long a hook may do nothing before it is ended, once root's deadline has
	// passed; a hook that is a program may take no longer. Zero is never; the default is 90 s.
	HookTimeout time.Duration
	// CTTY is rd.ctty=, the console of the emergency shell as a name under /dev, "" when not given.
	CTTY string

	// DriverPre, DriverPost: rd.driver.pre= and rd.driver.post=, split at commas, in order.
	DriverPre, DriverPost []string
	// Blacklist joins rd.driver.blacklist= and modprobe.blacklist= (aliases only); ModuleBlacklist is
	// module_blacklist= (the kernel refuses these itself).
	Blacklist, ModuleBlacklist []string
	// ModuleParams holds module.param=value words by module name with '-' written '_', in order, joined by blanks.
	ModuleParams map[string]string
	// Modules is rd.preroot.modules: "root" loads what root needs and nothing else, "all" every device's driver in any
	// case; "" leaves it to what the new root can do itself.
	Modules string

	// Fsck says what fsck.mode=, rd.skipfsck, fastboot and forcefsck ask for; FsckRepair is fsck.repair=.
	Fsck       FsckMode
	FsckRepair FsckRepair
	// Fstab is rd.fstab, default true: root's options come from the new root's /etc/fstab.
	Fstab bool
	// Usr is mount.usr=, mount.usrfstype=, mount.usrflags=.
	Usr MountSpec

	// Quiet, Info, Debug, LogLevel: quiet, rd.info, rd.debug, loglevel= (-1 when absent).
	Quiet, Info, Debug bool
	LogLevel           int
	// HostOnly is rd.hostonly, default true; false drops the image's own /etc/cmdline and /etc/cmdline.d.
	HostOnly bool
	// Udev is rd.preroot.udev=auto|native|udevd.
	Udev string
	// Unknown lists rd.* words that nobody knows, once each, in order.
	Unknown []string
}

// Write says whether the command line asks for a read-only or a writable root.
type Write int

// The three answers of ro and rw: neither given (fstab decides), ro, rw.
const (
	WriteUnset Write = iota
	ReadOnly
	ReadWrite
)

// FsckMode is what fsck.mode= (systemd-fsck@.service(8)) and dracut's words ask for.
type FsckMode int

// Check when the file system asks for it; check in any case; do not check.
const (
	FsckAuto FsckMode = iota
	FsckForce
	FsckSkip
)

// FsckRepair is fsck.repair=: mend what is safe (preen, default), answer yes, answer no.
type FsckRepair int

// The three values of fsck.repair=.
const (
	RepairPreen FsckRepair = iota
	RepairYes
	RepairNo
)

// MountSpec is a file system named on the command line.
type MountSpec struct {
	What, FSType, Flags string
}
