package boot

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/config"
	"github.com/preroot/preroot/pkg/rootfs"
)

// rootOnNFS says whether the command line asks for the kernel's own root on NFS (admin-guide/nfs/nfsroot.rst), and for us to mount it.
func (b *Boot) rootOnNFS() bool { return b.udevd == nil && b.config.Root == "/dev/nfs" }

// mountNFS has the helper configure the network and mount root, while drivers are loaded as ever: read-only unless rw asks for more, as the kernel does it. It waits no longer
// than for any root over the network.
func (b *Boot) mountNFS() error {
	c := b.config
	if _, err := fs.Stat(b.m.Files, rootfs.NFSHelper[1:]); err != nil {
		return fmt.Errorf("root=%s needs %s, which is not in this image: build it with preroot build --network", c.Root, rootfs.NFSHelper)
	}
	if err := b.loadFileSystem("nfs"); err != nil {
		return err
	}
	b.warn(b.m.Directories.Mkdir(Sysroot, 0o755))
	write := "ro"
	if c.Write == config.ReadWrite {
		write = "rw"
	}
	limit := c.NetworkWait
	said, err := b.help(helper{path: rootfs.NFSHelper, limit: limit + helperPatience, drivers: true}, c.NFSRoot, c.IP, write, Sysroot, strconv.Itoa(int(limit/time.Second)))
	if err != nil {
		return err
	}
	for line := range strings.Lines(said) {
		b.m.Log.Notef("%s", strings.TrimSpace(line))
	}
	m, _ := b.mountAt(Sysroot)
	b.mounted, b.source, b.root, b.resume.mounted = append(b.mounted, Sysroot), m.source, nil, true
	b.warn(b.readFstab())
	return nil
}

// helperPatience is how much longer than its own limit a helper may take.
const helperPatience = 5 * time.Second
