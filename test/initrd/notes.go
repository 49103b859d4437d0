package initrd

import "regexp"

// A note explains differences from the oracle: those that it matches, in these cases (nil for all).
type note struct {
	of    *regexp.Regexp
	cases []int
	text  string
}

// notes are in the order of their letters; the first that matches is taken.
var notes = []note{
	{regexp.MustCompile(`^[+] mount (/initrd)?/(dev|dev/pts|dev/shm|proc|run|sys) |^- mount /dev devtmpfs dev$`), nil,
		"The file systems that preroot mounts for every real system (docs/architecture.md): a kernel mounts none. They go over to the new root; where /linuxrc has changed the root itself, they lie " +
			"below what was the root when it began."},
	{regexp.MustCompile(`^[-+] brd (there|gone)$`), nil,
		"The RAM disks of the oracle are in the kernel and stay for ever; Debian's are a module, which is unloaded when nothing of the initrd is left: that is what gives its memory back."},
	{regexp.MustCompile(`^[-+] (linuxrc )?real-root-dev (before: )?(0|65024)$`), nil,
		"The kernel puts the number of root= there when it starts, if it knows that device by then. The oracle has the driver of the disk in it (0xfe00 is its first disk); Debian's kernels load it later, and so " +
			"do we: 0 says that nobody has written another one."},
	{regexp.MustCompile(`^[-+] real-root-dev (-|255|256|65040)$`), nil,
		"The name is gone from /proc/sys/kernel since Linux 7.0. /linuxrc finds it all the same, since it is provided while that runs; the real system does not."},
	{regexp.MustCompile(`^- linuxrc no nfs-root-(name|addrs)$`), []int{6},
		"The page's nfs-root-name and nfs-root-addrs are in no kernel of today; they are provided while /linuxrc runs."},
	{regexp.MustCompile(`^[+] process exe root none exe none$`), []int{8},
		"As long as a process lives that /linuxrc has left, a small one of ours stays and answers for its mounts (docs/architecture.md)."},
	{regexp.MustCompile(`^[-+] (initrd ram0 |umount-initrd )`), []int{10},
		"This /linuxrc changes the root itself, so that what is mounted below the old one goes with it: /run and what lies over /proc/sys/kernel. It has to be unmounted first."},
	{regexp.MustCompile(`^[-+] ((linuxrc )?pid |mount /proc/sys/kernel|process (init|initrd) )`), []int{15},
		"This /linuxrc becomes the real init itself. Under the oracle it is a child of the kernel, here one of the helper of PID 1: both stay, as nobody has handed over, and so does what lies over /proc/sys/kernel."},
}
