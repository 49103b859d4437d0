package initrd

import (
	"io"
	"io/fs"
	"strings"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/test/nfsd"
)

// Serve starts the machine that exports a root like those on disks, and returns QEMU's arguments that put a machine on the other end of its wire, and what ends the server.
func (m Maker) Serve(watch io.Writer) (args []string, stop func(), err error) {
	init, err := m.entry("sbin/init", initSource)
	if err != nil {
		return nil, nil, err
	}
	content := []vm.Entry{init, {Name: "etc/disk", Mode: 0o644, Data: []byte("nfs\n")}}
	for _, d := range strings.Fields(folders) {
		content = append(content, vm.Entry{Name: d, Mode: fs.ModeDir | 0o755})
	}
	wire, stop, err := nfsd.Serve(m.Shop, "server.img", content, watch)
	if err != nil {
		return nil, nil, err
	}
	return wire.Args(1), stop, nil
}
