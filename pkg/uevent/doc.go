// Package uevent brings what the kernel says about devices: events from its netlink socket (Conn), the
// devices that were there before the socket was (Scan, Modaliases), and in which wave the driver of a
// device is wanted (Wave).
//
// Order of use: Listen first, Scan second. Both give the same Event, so a device that appears between the
// two is seen twice and never missed. Nothing is ever written to a uevent file in /sys: coldplug here reads.
//
// An event is believed only from the kernel: netlink port 0, multicast group 1, uid 0. A malformed property
// costs that property and not the device.
package uevent
