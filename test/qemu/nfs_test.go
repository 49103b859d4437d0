package qemu

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// The two ends of the wire; nfsserver.c has the server's.
const (
	nfsServer = "10.9.9.1"
	nfsClient = "10.9.9.2"
)

// nfsWords are the kernel's own words for a root on NFS with a static address; the card keeps the kernel's name.
func nfsWords(options string) string {
	return "root=/dev/nfs nfsroot=" + nfsServer + ":/srv/root" + options + " ip=" + nfsClient + "::" + nfsServer + ":255.255.255.0:idefix.gallia:eth0:none"
}

// serveNFS starts a machine that exports a root by NFS (nfsserver.c), and gives its wire.
func serveNFS(t *testing.T) vm.Wire {
	t.Helper()
	k := kernel(t, "6.1-cloud")
	dir, err := os.MkdirTemp("", "wire-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	wire := vm.Wire{Dir: dir}
	s := machine(t, k, image{drivers: "virtio_pci virtio_blk virtio_net ext4 nfsd"}.build(t, k), serial+" net.ifnames=0")
	s.Disks = []vm.Disk{{Path: makeOnce(t, "nfs-server.img", makeNFSServer(t)), Snapshot: true}}
	s.MemoryMiB, s.Limit, s.Extra = 256, 15*time.Minute, wire.Args(0)
	m, err := vm.Start(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Kill(); m.Wait() })
	if _, err := m.Await("SERVING"); err != nil {
		m.Kill()
		fail(t, m.Wait(), "the server: %v", err)
	}
	return wire
}

// makeNFSServer makes the server's disk: /srv/root is what it exports, a root whose init tells what it finds.
func makeNFSServer(t *testing.T) func(string) error {
	facts := filepath.Join(t.TempDir(), "facts")
	err := os.WriteFile(facts, []byte(`#!/bin/sh
b=/bin/busybox
$b grep ' / nfs' /proc/mounts
$b ip -o addr show dev eth0
$b ip route
echo "name $($b hostname) $($b cat /proc/sys/kernel/domainname)"
`), 0o755)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"/srv/root/sbin/init": program(t, benchDir+"/rootinit.c"), "/srv/root/sbin/facts": facts,
		"/srv/root/bin/sh": "/bin/busybox", "/srv/root/bin/busybox": "/bin/busybox",
	}
	for _, empty := range []string{"dev", "proc", "sys", "run", "tmp"} {
		files["/srv/root/"+empty+"/.keep"] = "/dev/null"
	}
	init := program(t, "nfsserver.c")
	return vm.Root{FS: "ext4", Init: init, Files: files}.Make
}

// onNFS is a machine without a disk on the wire of a server.
func onNFS(t *testing.T, kernelName string, wire vm.Wire, words string) vm.Spec {
	t.Helper()
	k := kernel(t, kernelName)
	s := machine(t, k, image{drivers: "virtio_pci virtio_net nfs nfsv3 nfsv4", extra: []vm.Entry{helper(t, "nfsroot")}}.build(t, k), "")
	s.Cmdline = serial + " net.ifnames=0 " + words
	s.Disks, s.Extra, s.Limit = nil, wire.Args(1), 5*time.Minute
	return s
}

// TestNFSRoot boots to a root that a second machine exports, by version 3 and by version 4, with the words of the kernel's own root on NFS. The real init
// finds the device up, with its address, its route and the machine's name.
func TestNFSRoot(t *testing.T) {
	t.Parallel()
	wire := serveNFS(t)
	for _, c := range []struct{ kernel, options, words, version, mounted string }{
		{"6.1-cloud", "", "rw", "3", " / nfs rw,"},
		{"6.12-cloud", ",v4", "", "4.2", " / nfs4 ro,"},
	} {
		r := boot(t, onNFS(t, c.kernel, wire, nfsWords(c.options)+" "+c.words))
		if !r.Reached() {
			fail(t, r, "root was not reached")
		}
		mustSay(t, r, fmt.Sprintf("root: %s:/srv/root (NFS, vers=%s)", nfsServer, c.version), nfsServer+":/srv/root"+c.mounted, ",vers="+c.version+",", "inet "+nfsClient+"/24 brd 10.9.9.255",
			"default via "+nfsServer+" dev eth0", "name idefix gallia")
	}
}
