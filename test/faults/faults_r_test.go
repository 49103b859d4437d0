package faults

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// faultsR: file system, check, mount.
var faultsR = slices.Concat(faultsSuper, faultsFsck, faultsMount)

// faultsSuper: the superblock and the journal.
var faultsSuper = []scenario{
	{
		id: "R01", name: "node", fault: "The superblock is destroyed, root named by its node", done: "the first MiB overwritten with zeros", on: "node",
		broken: func(r *rig) { r.patch(0, 0, make([]byte, 1<<20)) },
		want:   Want{End: Rebooted, Reason: "/dev/vda has no file system signature", Within: 10 * time.Second},
	},
	{
		id: "R01", name: "uuid", fault: "The superblock is destroyed, root named by its UUID", done: "the first MiB overwritten with zeros; 8 s to wait", on: "disk",
		broken: func(r *rig) {
			r.patch(0, 0, make([]byte, 1<<20))
			r.word("rd.retry=8")
		},
		want: Want{End: Rebooted, Reason: "the deadline has passed", Says: []string{"vda: no signature"}},
	},
	{
		id: "R02", name: "block", fault: "A superblock with a block size of 2^40 bytes", done: "s_log_block_size = 30, checksum right", on: "node",
		broken: func(r *rig) { r.patchExt(0, 0, func(sb []byte) { le.PutUint32(sb[extLogBlock:], 30) }) },
		want:   Want{End: Rebooted, Reason: "/dev/vda", Within: 10 * time.Second},
	},
	{
		id: "R02", name: "block-typed", fault: "The same, with the type given", done: "s_log_block_size = 30, rootfstype=ext4", on: "node",
		broken: func(r *rig) {
			r.patchExt(0, 0, func(sb []byte) { le.PutUint32(sb[extLogBlock:], 30) })
			r.word("rootfstype=ext4")
		},
		want: Want{End: Rebooted, Reason: "mount /dev/vda on /sysroot as ext4", Within: 10 * time.Second},
	},
	{
		id: "R02", name: "inodes", fault: "A superblock with 2^32-1 inodes", done: "s_inodes_count, checksum right", on: "disk",
		broken: func(r *rig) { r.patchExt(0, 0, func(sb []byte) { le.PutUint32(sb[extInodes:], 0xffffffff) }) },
		want:   Want{End: Rebooted, Reason: "mount /dev/vda on /sysroot as ext4", Within: 10 * time.Second},
	},
	{
		id: "R03", fault: "A journal that must be replayed", done: "debugfs leaves a transaction in it", on: "disk",
		broken: func(r *rig) { r.dirty(0) },
		want:   Want{End: Booted, Says: []string{"recovery complete"}, Root: []string{"mount=rw"}},
	},
	{
		id: "R03", name: "protected", fault: "A journal that must be replayed, on a disk that cannot be written", done: "the same, disk write-protected", on: "disk",
		broken: func(r *rig) {
			r.dirty(0)
			r.spec.Disks[0].ReadOnly, r.may[0] = true, false
		},
		want: Want{End: Booted, Says: []string{"mounting with noload"}, Root: []string{"mount=ro"}},
	},
}

// dirty leaves an unfinished transaction in the journal: one block, the last of the file system, with zeros.
func (r *rig) dirty(disk int) {
	r.t.Helper()
	commands := filepath.Join(r.t.TempDir(), "commands")
	if err := writeFile(commands, fmt.Sprintf("jo\njw -b %d /dev/zero\njc\n", 50000)); err != nil {
		r.t.Fatal(err)
	}
	r.host("debugfs", "-w", "-f", commands, r.spec.Disks[disk].Path)
	if out := r.host("dumpe2fs", "-h", r.spec.Disks[disk].Path); !strings.Contains(out, "needs_recovery") {
		r.t.Fatalf("the journal is clean: %s", out)
	}
}

// faultsFsck: how a check may end.
var faultsFsck = []scenario{
	check("R04", "0", "fsck: exit status 0", "exit 0", Want{End: Booted, Root: []string{"checked=root", "mount=rw"}}),
	check("R04", "1", "fsck: exit status 1, errors mended", "echo mended; exit 1", Want{End: Booted, Says: []string{"fsck: mended"}, Root: []string{"checked=root", "mount=rw"}}),
	check("R05", "", "fsck: exit status 2, mended, reboot wanted", "exit 2", Want{End: Rebooted, Reason: "wants a reboot"}),
	check("R05", "3", "fsck: exit status 3", "exit 3", Want{End: Rebooted, Reason: "wants a reboot"}),
	check("R06", "", "fsck: exit status 4, errors left", "echo /dev/vda: UNEXPECTED INCONSISTENCY; exit 4", Want{End: Rebooted, Reason: "exit status 4: errors are left", Says: []string{"UNEXPECTED INCONSISTENCY"}}),
	check("R06", "6", "fsck: exit status 6", "exit 6", Want{End: Rebooted, Reason: "errors are left"}),
	check("R07", "8", "fsck: exit status 8, operational error", "exit 8", unchecked("exit status 8")),
	check("R07", "16", "fsck: exit status 16, usage", "exit 16", unchecked("exit status 16")),
	check("R07", "32", "fsck: exit status 32, cancelled", "exit 32", unchecked("exit status 32")),
	check("R07", "128", "fsck: exit status 128, library", "exit 128", unchecked("exit status 128")),
	check("R07", "killed", "fsck: killed by a signal", "kill -SEGV $$", unchecked("exit status")),
	{
		id: "R07", name: "missing", fault: "fsck: not in the image", done: "no fsck.ext4 in the image", on: "checked",
		broken: func(r *rig) { r.entries = nil },
		want:   Want{End: Booted, Says: []string{"made writable without a check"}, Root: []string{"checked= ", "mount=rw"}},
	},
	{
		id: "R07", name: "not-executable", fault: "fsck: cannot be executed", done: "fsck.ext4 is a text", on: "checked",
		broken: func(r *rig) {
			r.entries = nil
			r.file("sbin/fsck.ext4", 0o755, []byte("nothing\n"))
		},
		want: unchecked("mounting without a check"),
	},
	{
		id: "R07", name: "hangs", fault: "fsck: hangs", done: "fsck.ext4 sleeps for ever; SIGINT to PID 1 (Ctrl-Alt-Del) after 4 s", on: "checked",
		broken: func(r *rig) {
			r.entries = nil
			r.script("sbin/fsck.ext4", "while :; do sleep 1000; done")
			r.beside("usleep 4000000; say interrupt; kill -INT 1")
		},
		want: Want{End: Rebooted, Reason: "Ctrl-Alt-Del", Soon: Span{"helper: interrupt", 5 * time.Second}},
	},
	check("R08", "", "fsck: asks a question", "echo 'Fix<y>?'; read answer; echo \"answer: $? $answer\"; exit 0", Want{End: Booted, Says: []string{"fsck: answer: 1"}, Root: []string{"checked=root"}}),
}

// check is a run whose fsck.ext4 is a script.
func check(id, name, fault, script string, want Want) scenario {
	return scenario{
		id: id, name: name, fault: fault, done: "fsck.ext4 is a script: `" + script + "`", on: "checked",
		broken: func(r *rig) {
			r.entries = nil
			r.script("sbin/fsck.ext4", script)
		},
		want: want,
	}
}

// unchecked is a boot whose check came to nothing: a warning, and the kernel decides.
func unchecked(says string) Want {
	return Want{End: Booted, Says: []string{says}, Root: []string{"checked= ", "mount=rw"}}
}

// faultsMount: the mount itself.
var faultsMount = []scenario{
	{
		id: "R09", fault: "Wrong rootfstype=", done: "rootfstype=xfs on ext4", on: "disk",
		broken: func(r *rig) {
			r.drivers += " xfs"
			r.word("rootfstype=xfs")
		},
		want: Want{End: Rebooted, Reason: "as xfs", Says: []string{"/dev/vda (ext4"}, Within: 10 * time.Second},
	},
	{
		id: "R09", name: "auto", fault: "Wrong rootfstype=, then auto", done: "rootfstype=xfs,auto on ext4", on: "disk",
		broken: func(r *rig) {
			r.drivers += " xfs"
			r.word("rootfstype=xfs,auto")
		},
		want: Want{End: Booted, Root: []string{"type=ext4"}},
	},
	{
		id: "R10", fault: "An unknown option in rootflags=", done: "rootflags=nonsense", on: "disk",
		broken: func(r *rig) { r.word("rootflags=nonsense") },
		want:   Want{End: Rebooted, Reason: "nonsense", Says: []string{"Unknown parameter"}, Within: 10 * time.Second},
	},
	{
		id: "R11", fault: "The root disk is write-protected and rw is asked for", done: "readonly=on", on: "disk",
		broken: func(r *rig) { r.spec.Disks[0].ReadOnly, r.may[0] = true, false },
		want:   Want{End: Booted, Says: []string{"write-protected"}, Root: []string{"mount=ro"}},
	},
	{
		id: "R12", fault: "A feature of ext4 that this kernel does not know", done: "bit 30 of s_feature_incompat, checksum right", on: "disk",
		broken: func(r *rig) {
			r.patchExt(0, 0, func(sb []byte) { le.PutUint32(sb[extIncompat:], le.Uint32(sb[extIncompat:])|1<<30) })
		},
		want: Want{End: Rebooted, Reason: "40000000", Within: 10 * time.Second},
	},
	{
		id: "R13", fault: "The file system's module is not in the image", done: "an image without xfs", on: "xfs",
		broken: func(r *rig) { r.drivers = strings.Replace(r.drivers, " xfs", "", 1) },
		want:   Want{End: Rebooted, Reason: "xfs", Says: []string{"not in this image"}, Within: 10 * time.Second},
	},
	{
		id: "R17", fault: "/usr is separate and absent", done: "its disk left out; 8 s to wait", on: "usr",
		broken: func(r *rig) {
			r.spec.Disks[1].Late = true
			r.word("rd.retry=8")
		},
		want: Want{End: Rebooted, Reason: "/usr", Says: []string{usrUUID, "the deadline has passed"}},
	},
}
