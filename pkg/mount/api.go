// Package mount knows what is mounted how: the API file systems that every program expects (a table), the root file
// system with its options from the command line and from its own fstab, /usr, and the check before (fsck).
package mount

import (
	"fmt"
	"syscall"
)

// API is one of the file systems through which the kernel speaks.
type API struct {
	Target, Type, Data string
	Flags              uintptr
	Mode               uint32
	// Needed says that no boot is possible without it.
	Needed bool
	// Instead is another type to try where the kernel refuses the first, with DataInstead.
	Instead, DataInstead string
}

// APIs is the table, in order; each row's options are those that the real system expects to find.
var APIs = []API{
	{"/proc", "proc", "", nosuid | nodev | noexec, 0o555, true, "", ""},
	{"/sys", "sysfs", "", nosuid | nodev | noexec, 0o555, true, "", ""},
	// Without devtmpfs the directory of the initramfs serves, and the boot makes the nodes.
	{"/dev", "devtmpfs", "mode=0755", nosuid | strictatime, 0o755, false, "", ""},
	// systemd mounts /run with the same numbers (TMPFS_LIMITS_RUN); not noexec, since hooks put programs there.
	{"/run", "tmpfs", "mode=0755,size=20%,nr_inodes=800k", nosuid | nodev | strictatime, 0o755, false, "ramfs", "mode=0755"},
	// gid 5 is the group tty everywhere; without it grantpt(3) fails in the real system. Nobody mounts it again, so this
	// mode is the real system's: 620 lets write(1) and wall(1), which run as group tty, reach a terminal.
	{"/dev/pts", "devpts", "gid=5,mode=620,ptmxmode=000", nosuid | noexec, 0o755, false, "", ""},
	{"/dev/shm", "tmpfs", "mode=1777", nosuid | nodev | strictatime, 0o1777, false, "", ""},
}

const (
	nosuid      = syscall.MS_NOSUID
	nodev       = syscall.MS_NODEV
	noexec      = syscall.MS_NOEXEC
	strictatime = syscall.MS_STRICTATIME
)

// Carried are the mounts that the new root gets from us.
var Carried = []string{"/dev", "/proc", "/sys", "/run"}

// Mounter mounts; the flags are MS_ bits of mount(2).
type Mounter interface {
	Mount(source, target, fstype string, flags uintptr, data string) error
	Unmount(target string) error
}

// Directories makes directories; one that exists is no error.
type Directories interface {
	Mkdir(path string, mode uint32) error
	IsMountPoint(path string) bool
}

// MountAPIs mounts the table, passing over what is mounted already (a restart, or a launcher before us). The error names
// the needed ones that failed; the others are warnings.
func MountAPIs(m Mounter, d Directories) (warnings []error, err error) {
	for _, a := range APIs {
		_ = d.Mkdir(a.Target, a.Mode)
		if d.IsMountPoint(a.Target) {
			continue
		}
		e := m.Mount(a.Type, a.Target, a.Type, a.Flags, a.Data)
		if e != nil && a.Instead != "" && m.Mount(a.Instead, a.Target, a.Instead, a.Flags, a.DataInstead) == nil {
			warnings = append(warnings, fmt.Errorf("%s is a %s, which has no limit: %w", a.Target, a.Instead, e))
			continue
		}
		if e != nil {
			e = fmt.Errorf("%s: %w", a.Target, e)
			if a.Needed && err == nil {
				err = e
			} else {
				warnings = append(warnings, e)
			}
		}
	}
	return warnings, err
}
