// Package nfsd is a machine that exports a root file system over NFS 3 and 4, by the kernel's nfsd without any of its tools.
package nfsd

import (
	_ "embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// The wire between the server and its client has these addresses. Path is what is exported.
const (
	ServerAddress = "10.9.9.1"
	ClientAddress = "10.9.9.2"
	Path          = "/root"
)

//go:embed mountd.c
var mountd []byte

const (
	kernelName = "6.1-cloud"
	modules    = "virtio_pci virtio_net nfsd"
	limit      = time.Hour
	memoryMiB  = 256
)

// serverInit is the /init of the second machine. It serves /root over NFS 3 and 4 by the kernel's nfsd and mountd.c alone: what rpc.mountd would answer
// when nfsd asks is written into nfsd's tables beforehand (nfsd(7); the flags are insecure, no_subtree_check and fsid=). Version 4 begins at /srv, of which root is
// a folder; version 3 has that folder as an export of its own. Ten seconds for clients of an earlier server are
// the least that nfsd takes.
const serverInit = `#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc; $b mount -t sysfs sysfs /sys; $b mount -t devtmpfs dev /dev; $b mount -t tmpfs srv /srv
for m in $($b cat /modules); do $b insmod $m; done
$b cp -a /content /srv/root
$b ip link set lo up; $b ip addr add ` + ServerAddress + `/24 dev eth0; $b ip link set eth0 up
$b mount -t nfsd nfsd /proc/fs/nfsd
/bin/mountd &
until $b grep -q ":006F " /proc/net/tcp; do $b sleep 0.1; done # rpcbind listens
rpc=/proc/net/rpc for_ever=2147483647
echo "nfsd ` + ClientAddress + ` $for_ever *" >$rpc/auth.unix.ip/channel
echo "* /srv $for_ever 9218 65534 65534 0" >$rpc/nfsd.export/channel
echo "* /srv/root $for_ever 9218 65534 65534 1" >$rpc/nfsd.export/channel
printf '%s\n' "* 1 \\x00000000 $for_ever /srv" >$rpc/nfsd.fh/channel
printf '%s\n' "* 1 \\x01000000 $for_ever /srv/root" >$rpc/nfsd.fh/channel
echo 10 >/proc/fs/nfsd/nfsv4gracetime
echo 2 >/proc/fs/nfsd/threads
echo SERVING
exec $b sleep 100000
`

// Serve starts the machine, whose root to export is content, waits until it serves, and returns its wire, of which the client has the end 1, and what ends it. name is that of its image
// in the workshop.
func Serve(shop *vm.Workshop, name string, content []vm.Entry, watch io.Writer) (wire vm.Wire, stop func(), err error) {
	k, err := shop.Kernel(kernelName)
	if err != nil {
		return wire, nil, err
	}
	image, err := shop.Make(name, func(file string) error { return makeImage(shop, k, content, file) })
	if err != nil {
		return wire, nil, err
	}
	dir, err := os.MkdirTemp("", "wire-")
	if err != nil {
		return wire, nil, err
	}
	wire = vm.Wire{Dir: dir}
	server, err := vm.Start(vm.Spec{
		Kernel: k.Image(), Initrd: image, Cmdline: "console=ttyS0 quiet net.ifnames=0", MemoryMiB: memoryMiB, Limit: limit, Extra: wire.Args(0),
	}, watch)
	if err != nil {
		os.RemoveAll(dir)
		return wire, nil, err
	}
	end := func() vm.Result {
		server.Kill()
		defer os.RemoveAll(dir)
		return server.Wait()
	}
	if _, err := server.Await("SERVING"); err != nil {
		return wire, nil, fmt.Errorf("the NFS server: %w:\n%s", err, end().Report())
	}
	return wire, func() { end() }, nil
}

// makeImage makes its initramfs.
func makeImage(shop *vm.Workshop, k vm.Kernel, content []vm.Entry, file string) error {
	entries, err := vm.LoadList(k, "modules", "m", strings.Fields(modules)...)
	if err != nil {
		return err
	}
	for _, d := range strings.Fields("bin dev proc sys srv content") {
		entries = append(entries, vm.Entry{Name: d, Mode: fs.ModeDir | 0o755})
	}
	for _, e := range content {
		e.Name = path.Join("content", e.Name)
		entries = append(entries, e)
	}
	program, err := shop.Make("mountd", func(out string) error {
		if err := os.WriteFile(out+".c", mountd, 0o644); err != nil {
			return err
		}
		return vm.CompileC(out+".c", out)
	})
	if err != nil {
		return err
	}
	for name, from := range map[string]string{"bin/mountd": program, "bin/busybox": "/bin/busybox"} {
		e, err := vm.ReadEntry(name, from)
		if err != nil {
			return fmt.Errorf("%w (busybox: apt-get install busybox-static)", err)
		}
		e.Mode = 0o755
		entries = append(entries, e)
	}
	entries = append(entries, vm.Entry{Name: "init", Mode: 0o755, Data: []byte(serverInit)})
	return os.WriteFile(file, vm.Archive(entries), 0o644)
}
