package config

import (
	"strings"
	"time"
)

// RootNoWait is the RootWait of rootwait=0 and rd.retry=0: a deadline that is past at once.
const RootNoWait = time.Nanosecond

// How long root is waited for when no word says so.
const (
	localWait   = 180 * time.Second // dracut's rd.retry
	networkWait = 300 * time.Second
)

// wait fills in RootWait by the table "How long root is waited for": rootwait for ever; else rootwait=N; else rd.timeout=N
// (N > 0); else rd.retry=N; else the default. A word with a bad value is as if it were not there.
func (r *reader) wait(c *Config) {
	worded := false
	c.RootWait, worded = r.rootWait()
	retry, given := r.retry()
	c.Retry = retry
	c.NetworkWait = c.RootWait
	if !worded {
		c.RootWait, c.NetworkWait = retry, retry
		if !given {
			c.NetworkWait = networkWait
		}
	}
	if isNetwork(c.Root) || r.p.Has("netroot") {
		c.RootWait = c.NetworkWait
	}
}

func (r *reader) rootWait() (d time.Duration, given bool) {
	if w, ok := r.p.Last("rootwait"); ok {
		if !w.HasValue {
			return 0, true
		}
		if d, ok := r.seconds(w); ok {
			return max(d, RootNoWait), true
		}
	}
	if w, ok := r.p.Last("rd.timeout"); ok {
		if d, ok := r.seconds(w); ok && d > 0 {
			return d, true
		}
	}
	return 0, false
}

func (r *reader) retry() (d time.Duration, given bool) {
	if w, ok := r.last("rd.retry", "rd_retry"); ok {
		if d, ok := r.seconds(w); ok {
			return max(d, RootNoWait), true
		}
	}
	return localWait, false
}

// isNetwork tells the forms of root= that need the network (dracut.cmdline(7): NFS, CIFS, iSCSI, NBD, HTTP,
// live images from a URL, root-path from DHCP) from the local ones.
func isNetwork(root string) bool {
	switch root {
	case "/dev/nfs", "dhcp", "dhcp6", "iscsi", "nfs", "nfs4", "nbd":
		return true
	}
	scheme, rest, found := strings.Cut(strings.TrimPrefix(root, "live:"), ":")
	if !found {
		return isNFSPath(root)
	}
	switch scheme {
	case "nfs", "nfs4", "nbd", "iscsi", "cifs", "http", "https", "ftp", "tftp", "torrent":
		return true
	}
	// SERVER:/PATH, the old form of NFS.
	return strings.HasPrefix(rest, "/") && !strings.Contains(scheme, "/") && isAddress(scheme)
}

// isNFSPath is the other old form of NFS: /PATH outside of /dev.
func isNFSPath(root string) bool {
	return strings.HasPrefix(root, "/") && !strings.HasPrefix(root, "/dev/") && root != "/dev"
}

// isAddress reports whether s looks like a dotted IPv4 address, which is all that dracut takes there.
func isAddress(s string) bool {
	return strings.Contains(s, ".") && strings.Trim(s, "0123456789.") == ""
}
