package boot

import (
	"fmt"
	"os"
	"strings"

	"github.com/preroot/preroot/internal/klog"
)

// Netroot is /sbin/netroot where no network module of dracut has put its own: dracut's asks the hooks cmdline/90* again for root=dhcp, sources
// the stage netroot, and runs the handler of the root (nfsroot, nbdroot, iscsiroot, cifsroot, livenetroot). Without those modules there is no
// handler, so it says that and fails. The argument is the interface that came up.
func Netroot(args []string) int {
	text := "netroot " + strings.Join(args, " ") + ": a root over the network (nfs, nbd, iscsi, cifs, live over http) needs the network module of dracut " +
		"that brings /sbin/netroot and its handler; this image has none"
	fmt.Fprintln(os.Stderr, klog.Clean(text))
	if w, err := OpenLog(); err == nil {
		_, _ = w.Write([]byte(klog.Record(klog.Err, text)))
		w.Close()
	}
	return 1
}
