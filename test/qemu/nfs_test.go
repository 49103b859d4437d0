package qemu

import (
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/test/nfsd"
)

// nfsWords are the kernel's own words for a root on NFS with a static address; the card keeps the kernel's name.
func nfsWords(options string) string {
	return "root=/dev/nfs nfsroot=" + nfsd.ServerAddress + ":" + nfsd.Path + options + " ip=" + nfsd.ClientAddress + "::" + nfsd.ServerAddress + ":255.255.255.0:idefix.gallia:eth0:none"
}

// nfsFacts is what the real system tells of its network.
const nfsFacts = `#!/bin/sh
b=/bin/busybox
$b grep ' / nfs' /proc/mounts
$b ip -o addr show dev eth0
$b ip route
echo "name $($b hostname) $($b cat /proc/sys/kernel/domainname)"
`

// serveNFS starts a machine that exports a root by NFS, whose init tells what it finds, and gives its wire.
func serveNFS(t *testing.T) vm.Wire {
	t.Helper()
	content := []vm.Entry{{Name: "sbin/facts", Mode: 0o755, Data: []byte(nfsFacts)}, {Name: "bin/sh", Mode: fs.ModeSymlink | 0o777, Data: []byte("busybox")}}
	for name, file := range map[string]string{"sbin/init": program(t, benchDir+"/rootinit.c"), "bin/busybox": "/bin/busybox"} {
		e, err := vm.ReadEntry(name, file)
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, e)
	}
	for _, d := range []string{"bin", "dev", "proc", "run", "sbin", "sys", "tmp"} {
		content = append(content, vm.Entry{Name: d, Mode: fs.ModeDir | 0o755})
	}
	wire, stop, err := nfsd.Serve(&shop, "nfs-server.img", content, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return wire
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
		mustSay(t, r, fmt.Sprintf("root: %s:%s (NFS, vers=%s)", nfsd.ServerAddress, nfsd.Path, c.version), nfsd.ServerAddress+":"+nfsd.Path+c.mounted, ",vers="+c.version+",", "inet "+nfsd.ClientAddress+"/24 brd 10.9.9.255",
			"default via "+nfsd.ServerAddress+" dev eth0", "name idefix gallia")
	}
}
