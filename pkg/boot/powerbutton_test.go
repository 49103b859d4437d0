package boot

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/preroot/preroot/pkg/uevent"
)

// event is a struct input_event.
func event(kind, code uint16, value uint32) []byte {
	e := binary.NativeEndian.AppendUint16(make([]byte, eventSize-8), kind)
	return binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint16(e, code), value)
}

// quiet is a socket on which nothing comes.
type quiet struct{ over <-chan struct{} }

func (q quiet) Receive() (uevent.Event, error) { <-q.over; return uevent.Event{}, io.EOF }
func (q quiet) Close() error                   { return nil }

// ender is a PID 1 that notes the end.
type ender struct {
	watchful
	action string
}

func (e *ender) End(action, reason string) error { e.action = action; return nil }

// TestPowerButton: the press of the power key powers off; other keys, and the key going up, do not; other devices are not opened.
func TestPowerButton(t *testing.T) {
	press, other := event(evKey, keyPower, 1), append(event(evKey, 30, 1), event(0, 0, 0)...)
	for name, c := range map[string]struct {
		events []byte
		want   string
	}{
		"press":   {append(bytes.Clone(other), press...), "poweroff"},
		"release": {event(evKey, keyPower, 0), ""},
		"other":   {other, ""},
		"cut":     {press[:eventSize-1], ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { pressButton(t, c.events, c.want) })
		})
	}
}

func pressButton(t *testing.T, events []byte, want string) {
	if bits.UintSize != 64 {
		t.Fatal("the bitmaps of this test are those of a 64-bit machine")
	}
	b, pid1 := engineOn(ramRun{MapFS: fstest.MapFS{
		"sys/class/input/event0/device/capabilities/key": {Data: []byte("10000000000000 0\n")}, // as a real power button prints it
		"sys/class/input/event1/device/capabilities/key": {Data: []byte("ffff 0 0\n")},
		"sys/class/input/input0/name":                    {},
	}}, false), &ender{}
	over := make(chan struct{})
	b.over, b.m.Parent = over, pid1
	b.m.Uevents = func() (Uevents, error) { return quiet{over}, nil }
	var opened []string
	b.m.Input = func(node string) (io.ReadCloser, error) {
		opened = append(opened, node)
		return io.NopCloser(bytes.NewReader(events)), nil
	}
	go b.watchPowerButton()
	time.Sleep(buttonDelay + time.Second)
	synctest.Wait()
	close(over)
	synctest.Wait()
	if pid1.action != want || len(opened) != 1 || opened[0] != "/dev/input/event0" {
		t.Errorf("end %q, wanted %q; opened %q", pid1.action, want, opened)
	}
}

// TestPanicSetting: a panic of the kernel reboots while preroot runs, unless somebody wants it otherwise; the real system finds the default.
func TestPanicSetting(t *testing.T) {
	for name, c := range map[string]struct{ line, value, emergency, during, after string }{
		"default":   {"root=/dev/vda -- panic=5", "0", "reboot", "30", "0"},
		"given":     {"panic=0", "0", "reboot", "0", "0"},
		"given 30":  {"panic=30", "30", "reboot", "30", "30"},
		"sysctl":    {"sysctl.kernel.panic=0", "0", "poweroff", "0", "0"},
		"built in":  {"", "10", "reboot", "10", "10"},
		"hold":      {"", "0", "hold", "0", "0"},
		"halt":      {"", "0", "halt", "0", "0"},
		"restarted": {"", "30", "reboot", "30", "0"},
	} {
		files := fstest.MapFS{"proc/cmdline": {Data: []byte(c.line + "\n")}, "proc/sys/kernel/panic": {Data: []byte(c.value + "\n")}}
		b := engineOn(ramRun{MapFS: files}, name == "restarted")
		b.config.Emergency = c.emergency
		b.m.Sysctl = func(name, value string) error {
			files["proc/sys/"+name] = &fstest.MapFile{Data: []byte(value + "\n")}
			return nil
		}
		b.armPanic()
		during := b.panicSetting()
		b.disarmPanic()
		if after := b.panicSetting(); during != c.during || after != c.after {
			t.Errorf("%s: %s, then %s", name, during, after)
		}
	}
}
