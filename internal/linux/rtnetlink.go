package linux

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Link is a network device as the kernel last told it (rtnetlink(7), RTM_NEWLINK).
type Link struct {
	Index int
	Name  string
	Kind  uint16 // ARPHRD_ of linux/if_arp.h: 1 is Ethernet, 772 the loopback
	// Up is what was asked for, Carrier whether the other end of the cable is there; a device that is not up has none.
	Up, Carrier bool
	Gone        bool
}

// Network is a socket for the kernel's network configuration (rtnetlink(7)). It is for one goroutine; Close is for any. Who is not privileged can send
// nothing to it (netlink(7)), so that all that comes is the kernel's.
type Network struct {
	file    *os.File
	number  uint32 // of the last request
	pending []Link // told while an answer was waited for
	buf     [32 << 10]byte
}

// OpenNetwork opens the socket and asks for every network device; Next tells them, and what changes from then on.
func OpenNetwork() (*Network, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	n := &Network{file: os.NewFile(uintptr(fd), "rtnetlink")}
	if err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK}); err == nil {
		err = n.list()
	}
	if err != nil {
		n.file.Close()
		return nil, err
	}
	return n, nil
}

// Close ends a waiting Next with os.ErrClosed.
func (n *Network) Close() error { return n.file.Close() }

// Next waits until something is told of network devices, and gives all of it. Where messages were lost every device is told again.
func (n *Network) Next() ([]Link, error) {
	for len(n.pending) == 0 {
		if _, err := n.receive(); err != nil {
			return nil, err
		}
	}
	links := n.pending
	n.pending = nil
	return links, nil
}

// SetUp switches a device on or off.
func (n *Network) SetUp(index int, up bool) error {
	flags := uint32(0)
	if up {
		flags = unix.IFF_UP
	}
	return n.request(unix.RTM_NEWLINK, unix.NLM_F_ACK, 0, uint32(index), flags, unix.IFF_UP)
}

// AddAddress gives a device an IPv4 address in a network of prefix bits, with its route; one that it has already stays. Addresses are numbers: 10.0.0.1 is
// 0x0a000001.
func (n *Network) AddAddress(index int, address uint32, prefix int, broadcast uint32) error {
	return n.request(unix.RTM_NEWADDR, unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_REPLACE,
		word(unix.AF_INET, byte(prefix), 0, unix.RT_SCOPE_UNIVERSE), uint32(index), // struct ifaddrmsg
		attribute(unix.IFA_LOCAL), inet(address), attribute(unix.IFA_BROADCAST), inet(broadcast))
}

// AddRoute sends what is for a network of prefix bits (0 is the default route) out of a device: to a gateway, which may lie in another network, or, where that is 0,
// straight to its receiver.
func (n *Network) AddRoute(index int, network uint32, prefix int, gateway uint32) error {
	scope, flags := byte(unix.RT_SCOPE_UNIVERSE), uint32(unix.RTNH_F_ONLINK)
	if gateway == 0 {
		scope, flags = unix.RT_SCOPE_LINK, 0
	}
	// struct rtmsg: family, prefixes of destination and source, type of service, table, who made it, scope, type, flags.
	return n.request(unix.RTM_NEWROUTE, unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_REPLACE,
		word(unix.AF_INET, byte(prefix), 0, 0), word(unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, scope, unix.RTN_UNICAST), flags,
		attribute(unix.RTA_OIF), uint32(index), attribute(unix.RTA_DST), inet(network), attribute(unix.RTA_GATEWAY), inet(gateway))
}

// list asks for every device.
func (n *Network) list() error { return n.send(unix.RTM_GETLINK, unix.NLM_F_DUMP, 0, 0, 0, 0) }

// word makes one of four bytes: all that we send is made of these.
func word(b ...byte) uint32 { return order.Uint32(b) }

var order = binary.NativeEndian

// inet is an address as it goes over a network.
func inet(address uint32) uint32 {
	return word(byte(address>>24), byte(address>>16), byte(address>>8), byte(address))
}

// attribute begins one that holds a word (struct rtattr: length, type).
func attribute(kind uint16) uint32 {
	var head [4]byte
	order.PutUint16(head[:], 8)
	order.PutUint16(head[2:], kind)
	return order.Uint32(head[:])
}

// send sends a request (struct nlmsghdr: length, type and flags, number, port). The kernel works it off before this returns.
func (n *Network) send(kind, flags uint16, words ...uint32) error {
	n.number++
	m := order.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+4*len(words)))
	m = order.AppendUint16(order.AppendUint16(m, kind), flags|unix.NLM_F_REQUEST)
	for _, w := range append([]uint32{n.number, 0}, words...) {
		m = order.AppendUint32(m, w)
	}
	_, err := n.file.Write(m)
	return err
}

// request sends a request and waits for its answer: nil, or the kernel's error number.
func (n *Network) request(kind, flags uint16, words ...uint32) error {
	if err := n.send(kind, flags, words...); err != nil {
		return err
	}
	for {
		answer, err := n.receive()
		if err != nil {
			return err
		}
		if answer != nil {
			if number := order.Uint32(answer); number != 0 {
				return unix.Errno(-number)
			}
			return nil
		}
	}
}

// receive waits for a datagram and takes its messages: links become pending, the body of the answer to the last request is given.
func (n *Network) receive() (answer []byte, err error) {
	size, err := n.file.Read(n.buf[:])
	if errors.Is(err, unix.ENOBUFS) { // some were lost
		return nil, n.list()
	}
	for data := n.buf[:size]; len(data) >= unix.SizeofNlMsghdr; {
		length := int(order.Uint32(data))
		if length < unix.SizeofNlMsghdr || length > len(data) {
			break
		}
		body := data[unix.SizeofNlMsghdr:length]
		switch kind := order.Uint16(data[4:]); kind {
		case unix.RTM_NEWLINK, unix.RTM_DELLINK:
			if l := parseLink(body); l.Name != "" {
				l.Gone = kind == unix.RTM_DELLINK
				n.pending = append(n.pending, l)
			}
		case unix.NLMSG_ERROR: // struct nlmsgerr, which begins with a negative number of errno(3), 0 for success
			if len(body) >= 4 && order.Uint32(data[8:]) == n.number {
				answer = body
			}
		}
		data = data[aligned(length, data):]
	}
	return answer, err
}

// aligned is where the next message or attribute begins.
func aligned(length int, data []byte) int { return min(len(data), (length+3)&^3) }

// parseLink reads struct ifinfomsg (family, type, index, flags, change) and the attribute with the name; one without is none. What is told to another family
// concerns something else of a device: that it is no longer part of a bridge, say.
func parseLink(body []byte) (l Link) {
	if len(body) < unix.SizeofIfInfomsg || body[0] != unix.AF_UNSPEC {
		return l
	}
	flags := order.Uint32(body[8:])
	l.Index, l.Kind = int(order.Uint32(body[4:])), order.Uint16(body[2:])
	l.Up, l.Carrier = flags&unix.IFF_UP != 0, flags&unix.IFF_LOWER_UP != 0
	for rest := body[unix.SizeofIfInfomsg:]; len(rest) >= unix.SizeofRtAttr; {
		length := int(order.Uint16(rest))
		if length < unix.SizeofRtAttr || length > len(rest) {
			break
		}
		if order.Uint16(rest[2:]) == unix.IFLA_IFNAME {
			l.Name, _, _ = strings.Cut(string(rest[unix.SizeofRtAttr:length]), "\x00")
		}
		rest = rest[aligned(length, rest):]
	}
	return l
}
