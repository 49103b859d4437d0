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
}
