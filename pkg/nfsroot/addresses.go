package nfsroot

import (
	"math/bits"
	"strconv"
	"strings"
)

// The fields of the text, in order, as the kernel's documentation names them (admin-guide/nfs/nfsroot.rst). All but three are addresses.
const (
	fieldNames    = "client server gateway netmask hostname device autoconf dns0 dns1 ntp0 eleventh"
	fieldHostname = 4
	fieldDevice   = 5
	fieldAutoconf = 6
)

// isAddress is what a field should be.
const isAddress = "an IPv4 address; none is asked for over the network"

// parseAddresses reads the text of ip= or nfs-root-addrs: CLIENT:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:AUTOCONF:DNS0:DNS1:NTP0, of which those at the end may be
// missing. 0.0.0.0 is no address, and without a netmask that of the address's class counts, both as in the kernel. Name servers and time
// servers are read and passed over: nobody here asks them. It says what is bad, "" for nothing.
func (n *Root) parseAddresses(text string) (bad string) {
	names, parts := strings.Fields(fieldNames), strings.Split(text, ":")
	var addresses [10]uint32
	for i, part := range parts {
		ok, want := true, isAddress
		switch {
		case i == fieldHostname:
			n.Hostname, n.Domain, _ = strings.Cut(part, ".")
		case i == fieldDevice:
			n.Device = part
		case i == fieldAutoconf:
			ok, want = part == "" || part == "off" || part == "none" || part == "static", "off, none or static; no address is asked for over the network"
		case i == len(addresses):
			return badField(names[i], part, "one of the ten that there are")
		case part != "" && part != "0.0.0.0":
			addresses[i], ok = parseIPv4(part)
		}
		if !ok {
			return badField(names[i], part, want)
		}
	}
	n.Client, n.Address, n.Gateway = parts[0], addresses[0], addresses[2]
	if n.Address == 0 {
		return badField(names[0], n.Client, isAddress)
	}
	if addresses[1] != 0 {
		n.Server = parts[1]
	}
	if n.Prefix = prefixOf(n.Address, addresses[3]); n.Prefix == 0 {
		return badField(names[3], parts[min(3, len(parts)-1)], "a row of ones before a row of zeros")
	}
	return ""
}

func badField(name, text, want string) string {
	return name + " " + strconv.Quote(text) + " is not " + want
}

// parseIPv4 reads four decimal numbers. One that begins with 0 is refused: some read it as octal. 0.0.0.0 is no address.
func parseIPv4(text string) (a uint32, ok bool) {
	parts := strings.Split(text, ".")
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 1 && part[0] == '0' {
			return 0, false
		}
		a = a<<8 | uint32(n)
	}
	return a, len(parts) == 4 && a != 0
}

// prefixOf counts the bits of a netmask, 0 for one that is none. Without one it is that of the address's class (ic_defaults in net/ipv4/ipconfig.c).
func prefixOf(client, netmask uint32) int {
	n := bits.LeadingZeros32(^netmask)
	switch {
	case netmask<<n != 0:
		return 0
	case netmask != 0:
		return n
	case client>>31 == 0:
		return 8
	case client>>30 == 2:
		return 16
	case client>>29 == 6:
		return 24
	}
	return 0
}

// Broadcast is the address of all in the network.
func (n *Root) Broadcast() uint32 { return n.Address | ^uint32(0)>>n.Prefix }

// Route is the one route that the address does not bring by itself: the default one (0, 0) to the gateway, or, to a server in another network without one, its own. It is
// needed where gateway or network is not 0.
func (n *Root) Route() (network uint32, prefix int, gateway uint32) {
	if n.Gateway == 0 && (n.server^n.Address)>>(32-n.Prefix) != 0 {
		return n.server, 32, 0
	}
	return 0, 0, n.Gateway
}
