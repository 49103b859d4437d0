package mount

import "strings"

// Check says how a file system is to be checked (fsck.mode=, fsck.repair=).
type Check struct {
	Skip, Force bool
	// Repair is "preen", "yes" or "no".
	Repair string
}

// Outcome is what a checker's exit status means for the boot (fsck(8), EXIT STATUS).
type Outcome int

// Clean goes on; Doubtful goes on with a warning, the kernel decides; RebootWanted starts again; Damaged must not be
// mounted for writing.
const (
	Clean Outcome = iota
	Doubtful
	RebootWanted
	Damaged
)

// Judge reads an exit status, a sum of bits: 1 errors corrected, 2 reboot, 4 errors left, 8 operational error, 16 usage,
// 32 cancelled, 128 library. A checker that a signal ended is Doubtful; status is then negative. So is one that was not started at all: 126 and 127 are those of a
// shell and of the dynamic loader where a library is missing (ld.so(8)); no sum of checkers, and no reason to keep a machine from its root.
func Judge(status int) Outcome {
	switch {
	case status < 0 || status == 126 || status == 127:
		return Doubtful
	case status&4 != 0:
		return Damaged
	case status&2 != 0:
		return RebootWanted
	case status&^1 != 0:
		return Doubtful
	}
	return Clean
}

// Checker is the command that checks a type: a program of the image's sbin and its arguments. Types that check themselves when mounted
// (xfs, btrfs) and those that cannot be written have none.
func Checker(fstype, device string, c Check) (program string, args []string) {
	switch fstype {
	case "ext2", "ext3", "ext4":
		args = extArgs(c)
	case "vfat":
		args = []string{map[string]string{"yes": "-y", "no": "-n"}[c.Repair]}
		if args[0] == "" {
			args[0] = "-a"
		}
	case "f2fs":
		args = []string{"-a"}
		if c.Force {
			args = []string{"-f"}
		}
	case "xfs", "btrfs", "squashfs", "erofs", "iso9660", "":
		return "", nil
	default:
		args = []string{"-a"}
	}
	if strings.ContainsAny(fstype, "/.") {
		return "", nil
	}
	return "fsck." + fstype, append(args, device)
}

func extArgs(c Check) []string {
	args := []string{"-p"}
	switch c.Repair {
	case "yes":
		args[0] = "-y"
	case "no":
		args[0] = "-n"
	}
	if c.Force {
		args = append(args, "-f")
	}
	return args
}

// WantsCheck says whether root or /usr is to be checked: not when the command line or its line in fstab (pass 0, _netdev) says no, nor
// when it stays read-only by the word ro.
func WantsCheck(c Check, e Entry, found bool, forcedReadOnly bool) bool {
	if c.Skip || forcedReadOnly {
		return false
	}
	return !found || e.Pass != 0 && !e.Options.Has("_netdev")
}
