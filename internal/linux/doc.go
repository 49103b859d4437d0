// Package linux is the one place where preroot talks to the kernel: every system call and every exec but
// those of the uevent socket stand here. It decides nothing. Functions take and give plain types, so that
// the packages above declare the small interfaces they need and a fake can stand in.
package linux
