// Package nfsroot mounts a root on NFS with a static address, by the kernel's own client (admin-guide/nfs/nfsroot.rst): the work of a helper (cmd/nfsroot), which images have
// that may come to such a root.
package nfsroot

import (
	"errors"
	"strings"
)

// Root is a root file system on an NFS server, and how the network is configured to reach it. Addresses are IPv4: as dotted text, and as numbers, of which 10.0.0.1 is
// 0x0a000001 and 0 none.
type Root struct {
	// Server has the directory Path.
	Server, Path string
	// Versions of the protocol to try, in order, as options of nfs(5).
	Versions []string
	// Client is our address, Address the same as a number, Prefix the bits of its network.
	Client  string
	Address uint32
	Prefix  int
	Gateway uint32
	// Hostname and Domain (of NIS) are "" for none; the kernel takes what stands behind the first dot for the domain.
	Hostname, Domain string
	// Device is the name of the network device, "" for the first that has a carrier.
	Device string

	server  uint32
	options string // those of the text but for the version, each with a comma behind it
}

// maxPath bounds the path on the server, in bytes (NFS_MAXPATHLEN of linux/nfs.h).
const maxPath = 1024

// versions are those that are tried where the text names none. Version 3 is the first, as in the kernel's own root on NFS: there a path is the server's own,
// while in version 4 it may begin at a directory of the server's choice, so that the same text may mean another directory. A server that has
// version 4 alone is served all the same.
var versions = []string{"vers=3", "vers=4.2", "vers=4.1", "vers=4.0"}

// Parse reads the texts of nfsroot= and ip=, or nfs-root-name and nfs-root-addrs. The first is [SERVER:]PATH[,OPTIONS] (the kernel's
// admin-guide/nfs/nfsroot.rst): SERVER is an IPv4 address, that of the second text without it; "" or "default" for PATH is /tftpboot/%s, and a text that
// begins with no slash, comma or digit stands below /tftpboot; %s is the host's name, or the client's address. An error names the
// field and its text.
func Parse(name, addresses string) (*Root, error) {
	n := &Root{Versions: versions}
	name, addresses = strings.TrimSpace(name), strings.TrimSpace(addresses)
	if bad := n.parseAddresses(addresses); bad != "" {
		return nil, errors.New("ip=" + addresses + ": " + bad)
	}
	if bad := n.parseName(name); bad != "" {
		return nil, errors.New("nfsroot=" + name + ": " + bad)
	}
	return n, nil
}

// parseName reads the text of nfsroot=; it says what is bad, "" for nothing.
func (n *Root) parseName(name string) (bad string) {
	if name != "" && !strings.Contains("/,0123456789", name[:1]) {
		name = "/tftpboot/" + name
	}
	path, options, _ := strings.Cut(name, ",")
	if server, rest, found := strings.Cut(path, ":"); found && path[0] != '/' {
		n.Server, path = server, rest
	}
	var ok bool
	if n.server, ok = parseIPv4(n.Server); !ok {
		return badField("server", n.Server, isAddress)
	}
	if path == "" || path == "default" {
		path = "/tftpboot/%s"
	}
	host := n.Hostname
	if host == "" {
		host = n.Client
	}
	n.Path = strings.ReplaceAll(path, "%s", host)
	if path[0] != '/' || len(n.Path) > maxPath {
		return badField("path", path, "one from / of at most 1024 bytes")
	}
	n.parseOptions(options)
	return ""
}

// parseOptions takes the word that chooses the version out of the options; the kernel judges it. Of version 4 without a minor number the highest that both sides know
// is meant, as by mount.nfs(8).
func (n *Root) parseOptions(options string) {
	for _, word := range strings.Split(options, ",") {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case word == "":
		case key == "v4" || key == "vers" && value == "4" || key == "nfsvers" && value == "4":
			n.Versions = versions[1:]
		case key == "vers" || key == "nfsvers" || key == "v3":
			n.Versions = []string{word}
		default:
			n.options += word + ","
		}
	}
}

// Source is what the kernel is given to mount, SERVER:PATH.
func (n *Root) Source() string { return n.Server + ":" + n.Path }

// MountOptions are the options of a mount of type nfs in a version: those of the text, and what mount.nfs(8) adds for the kernel, which resolves no name; of two that
// contradict each other the last counts. Locks of version 3 are kept by this machine alone: rpc.statd, which the others need, does not run before
// root is there.
func (n *Root) MountOptions(version string) string {
	return n.options + version + ",nolock,addr=" + n.Server
}
