package udevd

import (
	"encoding/binary"
	"strings"
	"testing"
)

// monitored is a message as systemd-udevd sends it: prefix, magic (big endian), header size, offset and length of the properties, four words for filters
// (sd-device, device-monitor.c).
func monitored(properties ...string) []byte {
	text := strings.Join(properties, "\x00") + "\x00"
	m := append([]byte("libudev\x00"), make([]byte, 32)...)
	binary.BigEndian.PutUint32(m[8:], 0xfeedcafe)
	binary.NativeEndian.PutUint32(m[12:], 40)
	binary.NativeEndian.PutUint32(m[16:], 40)
	binary.NativeEndian.PutUint32(m[20:], uint32(len(text)))
	return append(m, text...)
}

func TestConcerns(t *testing.T) {
	for _, c := range []struct {
		message []byte
		want    bool
	}{
		{monitored("ACTION=add", "DEVPATH=/devices/x/block/vda", "SUBSYSTEM=block"), true},
		{monitored("ACTION=change", "DEVPATH=/devices/virtual/block/dm-0", "SUBSYSTEM=block", "DM_NAME=a-b"), true},
		{monitored("ACTION=move", "DEVPATH=/devices/x/net/eth0", "SUBSYSTEM=net"), true},
		{monitored("ACTION=add", "DEVPATH=/devices/platform/serial8250/tty/ttyS1", "SUBSYSTEM=tty"), false},
		{monitored("ACTION=add", "DEVPATH=/devices/x", "SUBSYSTEM=hid", "HID_NAME=a=b"), true}, // cannot be read
		{monitored(), true},
		{[]byte("libudev\x00"), true},
		{[]byte("add@/devices/x\x00SUBSYSTEM=block\x00"), true},
		{nil, true},
	} {
		if _, got := Concerns(c.message); got != c.want {
			t.Errorf("%q: %v", c.message, got)
		}
	}
}

// FuzzConcerns: whatever else a message tells, one about a block device wakes.
func FuzzConcerns(f *testing.F) {
	f.Add("ID_FS_LABEL=a")
	f.Add("HID_NAME=a=b")
	f.Add("")
	f.Fuzz(func(t *testing.T, property string) {
		if _, yes := Concerns(monitored("ACTION=add", property, "SUBSYSTEM=block")); !yes {
			t.Errorf("%q hides it", property)
		}
		Concerns([]byte("libudev\x00" + property))
		Concerns([]byte(property))
	})
}
