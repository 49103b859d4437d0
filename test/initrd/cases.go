// Package initrd has classic initrds: file system images with a /linuxrc, as initrd(4) describes them. A table says what each is and what must be seen
// after it; functions make the images and the root disks, boot them on a kernel, and compare what the real systems found.
//
// Every case is booted in two columns: by the oracle, a Linux 6.1 that does all of it by itself (package oracle), and by preroot on Debian's kernels.
package initrd

import (
	"strings"

	"github.com/preroot/preroot/test/nfsd"
)

// A Case is one classic initrd and the machine that it boots.
type Case struct {
	Number  int
	Title   string
	FS      string // file system of the image, one of Filesystems; "" for a boot without an initrd
	Pack    string // what the image is compressed with, one of Packers; "" for nothing
	Linuxrc string // file below linuxrc, "linuxrc.c", or "" for none
	Init    bool   // the image has a /sbin/init, which says what it finds
	Modules string // what /linuxrc loads, with all that it needs, where the kernel has it as a module
	Words   string // kernel parameters
	Oracle  string // more of them, that only the oracle needs
	Disks   []Disk // /dev/vda, /dev/vdb
	NFS     bool   // a second machine serves a root
	Want    string // facts that must be seen in every column, one a line
}

// A Disk is a root disk.
type Disk struct {
	FS  string // "" for ext4
	Dir bool   // it has the directory /initrd
}

// blockModules are what a disk needs on a kernel that has its driver as a module.
const blockModules = "virtio_pci virtio_blk "

// Cases is the table. It was written before the code that boots it. The first is no initrd, to compare memory with; the twelve are those that the project has set itself; the
// last ones show what else the page says.
func Cases() []Case {
	plain, with := Disk{}, Disk{Dir: true}
	one, both := []Disk{with}, []Disk{plain, plain}
	return []Case{
		{Number: 0, Title: "no initrd at all", Words: "root=/dev/vda", Disks: []Disk{plain}, Want: "root a ext4 vda ro"},
		{Number: 1, Title: "ext2, static /linuxrc, real-root-dev untouched, /initrd in the root", FS: "ext2", Linuxrc: "linuxrc.c",
			Words: "root=/dev/vda linuxrc_sees=this", Disks: one,
			Want: "root a ext4 vda ro\ninitrd ram0 bin dev etc linuxrc m mnt proc root sbin sys sysroot tmp written"},
		{Number: 2, Title: "gzip ext2, shell /linuxrc writes real-root-dev in hex, no /initrd", FS: "ext2", Pack: "gzip", Linuxrc: "hex.sh",
			Modules: blockModules, Words: "root=/dev/vda", Disks: both, Want: "root b ext4 vdb ro\ninitrd none"},
		{Number: 3, Title: "xz squashfs, /linuxrc loads a module that the root needs", FS: "squashfs", Pack: "xz", Linuxrc: "module.sh",
			Modules: blockModules + "erofs", Words: "root=/dev/vda", Disks: []Disk{{FS: "erofs", Dir: true}}, Want: "root a erofs vda ro\nlinuxrc erofs is there"},
		{Number: 4, Title: "romfs, real-root-dev as a decimal number", FS: "romfs", Linuxrc: "decimal.sh",
			Modules: blockModules, Words: "root=/dev/vda", Disks: []Disk{plain, with}, Want: "root b ext4 vdb ro"},
		{Number: 5, Title: "0x100 written: the RAM disk stays the root", FS: "ext2", Pack: "gzip", Linuxrc: "stay.sh", Init: true,
			Words: "root=/dev/vda", Disks: one, Want: "root initrd ext2 ram0 rw\npid 1"},
		{Number: 6, Title: "NFS by 255, a second machine serves", FS: "ext2", Pack: "gzip", Linuxrc: "nfs.sh", Modules: "virtio_pci virtio_net",
			Words: "root=/dev/vda", Oracle: "nfsroot=" + nfsd.ServerAddress + ":" + nfsd.Path + ",tcp ip=" + nfsd.ClientAddress + ":" + nfsd.ServerAddress + "::255.255.255.0:initrd:eth0:off",
			Disks: one, NFS: true, Want: "root nfs nfs " + nfsd.ServerAddress + ":" + nfsd.Path + " ro"},
		{Number: 7, Title: "leaves a mount on the RAM disk", FS: "ext2", Pack: "gzip", Linuxrc: "mount.sh",
			Words: "root=/dev/vda", Disks: one, Want: "root a ext4 vda ro\nmount /initrd ext2 ram0\nmount /initrd/mnt tmpfs left"},
		{Number: 8, Title: "leaves a process running, no /initrd", FS: "ext2", Pack: "gzip", Linuxrc: "process.sh",
			Words: "root=/dev/vda", Disks: []Disk{plain}, Want: "root a ext4 vda ro\ninitrd none\nprocess sleep root ram0 exe ram0"},
		{Number: 9, Title: "pivot_root by itself", FS: "ext2", Pack: "gzip", Linuxrc: "pivot.sh",
			Modules: blockModules, Words: "root=/dev/vda", Disks: one, Want: "root a ext4 vda ro\nmount /initrd ext2 ram0\npid 1"},
		{Number: 10, Title: "exec of the real init by itself", FS: "ext2", Pack: "gzip", Linuxrc: "exec.sh",
			Modules: blockModules, Words: "root=/dev/ram0 init=/linuxrc rw", Disks: one, Want: "linuxrc pid 1\nroot a ext4 vda ro\nmount /initrd ext2 ram0\npid 1"},
		{Number: 11, Title: "/linuxrc exits 3", FS: "ext2", Pack: "gzip", Linuxrc: "fail.sh", Words: "root=/dev/vda", Disks: one, Want: "root a ext4 vda ro\nmount /initrd ext2 ram0"},
		{Number: 12, Title: "no /linuxrc", FS: "ext2", Pack: "gzip", Words: "root=/dev/vda", Disks: one, Want: "root a ext4 vda ro\nmount /initrd ext2 ram0"},
		{Number: 13, Title: "root=/dev/ram0 is the root from the start, /linuxrc is not run", FS: "ext2", Pack: "gzip", Linuxrc: "fail.sh", Init: true,
			Words: "root=/dev/ram0 rw", Disks: one, Want: "root initrd ext2 ram0 rw\npid 1"},
		{Number: 14, Title: "noinitrd", FS: "ext2", Pack: "gzip", Linuxrc: "fail.sh", Words: "root=/dev/vda noinitrd", Disks: one, Want: "root a ext4 vda ro"},
		{Number: 15, Title: "exec of the real init by a /linuxrc that is not process 1", FS: "ext2", Pack: "gzip", Linuxrc: "exec.sh",
			Modules: blockModules, Words: "root=/dev/vda", Disks: one, Want: "root a ext4 vda ro"},
		{Number: 16, Title: "ends at once, no /initrd: the memory is free again", FS: "ext2", Pack: "gzip", Linuxrc: "fail.sh", Words: "root=/dev/vda", Disks: []Disk{plain}, Want: "root a ext4 vda ro\ninitrd none"},
	}
}

// Wanted are the facts of Want.
func (c Case) Wanted() []string { return strings.Split(c.Want, "\n") }

// ModuleNames are the modules that /linuxrc loads.
func (c Case) ModuleNames() []string { return strings.Fields(c.Modules) }
