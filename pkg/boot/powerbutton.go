package boot

import (
	"encoding/binary"
	"io"
	"io/fs"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/uevent"
)

// The kernel turns the power button into a key of an input device and does nothing else about it (drivers/acpi/button.c); before the real
// system's own programs run, somebody has to read that key.

// buttonDelay is how long a boot goes on before anybody looks for a power button: one that reaches root sooner pays nothing for it.
const buttonDelay = 3 * time.Second

// keyPower is KEY_POWER, and evKey EV_KEY, of include/uapi/linux/input-event-codes.h.
const (
	evKey    = 1
	keyPower = 116
)

// watchPowerButton powers the machine off in good order when its button is pressed, wherever the boot stands.
func (b *Boot) watchPowerButton() {
	delay := time.NewTimer(buttonDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
	case <-b.over:
		return
	}
	socket, err := b.m.Uevents()
	if err != nil {
		b.m.Log.Debugf("the power button is not watched: %v", err)
		return
	}
	defer socket.Close()
	watched := map[string]bool{}
	b.watchInputs(watched)
	for {
		ev, err := socket.Receive()
		switch {
		case err != nil && err != uevent.ErrOverrun:
			return
		case err != nil || ev.Subsystem == "input" && ev.Action != "remove":
			b.watchInputs(watched)
		case ev.Subsystem == "input":
			delete(watched, ev.DevPath[strings.LastIndexByte(ev.DevPath, '/')+1:])
		}
	}
}

// watchInputs begins to read the devices with a power key that are not read yet.
func (b *Boot) watchInputs(watched map[string]bool) {
	names, _ := fs.ReadDir(b.m.Files, "sys/class/input")
	for _, e := range names {
		name := e.Name()
		if watched[name] || !strings.HasPrefix(name, "event") || !b.hasPowerKey(name) {
			continue
		}
		device, err := b.m.Input("/dev/input/" + name)
		if err != nil {
			b.m.Log.Debugf("%v", err)
			continue
		}
		watched[name] = true
		b.spawn("power button "+name, nil, func() { b.readKeys(device) })
	}
	b.m.Log.Debugf("power buttons watched: %d", len(watched))
}

// hasPowerKey reads the bitmap of a device's keys.
func (b *Boot) hasPowerKey(name string) bool {
	keys, _ := fs.ReadFile(b.m.Files, "sys/class/input/"+name+"/device/capabilities/key")
	return hasBit(string(keys), keyPower)
}

// hasBit looks for a bit in a bitmap as /sys prints it: words of the machine's size in hexadecimal, the highest first
// (input_print_bitmap in drivers/input/input.c).
func hasBit(bitmap string, bit int) bool {
	words := strings.Fields(bitmap)
	i := len(words) - 1 - bit/bits.UintSize
	if i < 0 {
		return false
	}
	word, err := strconv.ParseUint(words[i], 16, bits.UintSize)
	return err == nil && word>>(bit%bits.UintSize)&1 == 1
}

// eventSize is sizeof(struct input_event): a time of two words, type, code, value (include/uapi/linux/input.h).
const eventSize = 2*bits.UintSize/8 + 8

// readKeys waits for the power key, until the device is gone.
func (b *Boot) readKeys(device io.ReadCloser) {
	defer device.Close()
	buf := make([]byte, 16*eventSize)
	for {
		n, err := device.Read(buf)
		if err != nil {
			return
		}
		for event := range chunks(buf[:n]) {
			if isPowerKey(event) {
				b.m.Log.Notef("the power button is pressed")
				b.end("poweroff", "the power button")
			}
		}
	}
}

// chunks gives the whole events of a read.
func chunks(buf []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(buf) >= eventSize && yield(buf[:eventSize]) {
			buf = buf[eventSize:]
		}
	}
}

// isPowerKey says whether an event is the power key going down.
func isPowerKey(event []byte) bool {
	e := event[eventSize-8:]
	order := binary.NativeEndian
	return order.Uint16(e) == evKey && order.Uint16(e[2:]) == keyPower && order.Uint32(e[4:]) == 1
}
