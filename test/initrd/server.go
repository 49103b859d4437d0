package initrd

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// The wire between the machine and its server has these addresses.
const (
	ServerAddress = "10.9.9.1"
	ClientAddress = "10.9.9.2"
)

const (
	mountdSource  = "test/initrd/mountd.c"
	serverKernel  = "6.1-cloud"
	serverModules = "virtio_pci virtio_net nfsd"
	serverLimit   = time.Hour
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

// Serve starts the second machine, waits until it serves, and returns QEMU's arguments that put a machine on the other end of its wire, and what ends the server.
func (m Maker) Serve(watch io.Writer) (args []string, stop func(), err error) {
	k, err := m.Shop.Kernel(serverKernel)
	if err != nil {
		return nil, nil, err
	}
	image, err := m.Shop.Make("server.img", func(path string) error { return m.serverImage(k, path) })
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "wire-")
	if err != nil {
		return nil, nil, err
	}
	wire := vm.Wire{Dir: dir}
	server, err := vm.Start(vm.Spec{
		Kernel: k.Image(), Initrd: image, Cmdline: "console=ttyS0 quiet net.ifnames=0", MemoryMiB: memoryMiB, Limit: serverLimit, Extra: wire.Args(0),
	}, watch)
	if err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	end := func() vm.Result {
		server.Kill()
		defer os.RemoveAll(dir)
		return server.Wait()
	}
	if _, err := server.Await("SERVING"); err != nil {
		return nil, nil, fmt.Errorf("the NFS server: %w:\n%s", err, end().Report())
	}
	return wire.Args(1), func() { end() }, nil
}

// serverImage is its initramfs. What it serves is a root like those on disks.
func (m Maker) serverImage(k vm.Kernel, path string) error {
	entries, err := vm.LoadList(k, "modules", "m", strings.Fields(serverModules)...)
	if err != nil {
		return err
	}
	for _, d := range strings.Fields("dev proc sys srv " + folders) {
		dir := vm.Entry{Name: d, Mode: fs.ModeDir | 0o755}
		inside := dir
		inside.Name = filepath.Join("content", d)
		entries = append(entries, dir, inside)
	}
	for name, source := range map[string]string{"bin/mountd": mountdSource, "content/sbin/init": initSource} {
		e, err := m.entry(name, source)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	busybox, err := vm.ReadEntry("bin/busybox", "/bin/busybox")
	if err != nil {
		return fmt.Errorf("%w: apt-get install busybox-static", err)
	}
	entries = append(entries, busybox, vm.Entry{Name: "init", Mode: 0o755, Data: []byte(serverInit)},
		vm.Entry{Name: "content/etc/disk", Mode: 0o644, Data: []byte("nfs\n")})
	return os.WriteFile(path, vm.Archive(entries), 0o644)
}
