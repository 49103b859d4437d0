package uevent

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of one property. The kernel's buffer for all properties of an event holds 2048 bytes
// (UEVENT_BUFFER_SIZE, include/linux/kobject.h), and a MODALIAS of an input device may fill most of it.
const (
	maxKey        = 128
	maxValue      = 2000
	maxProperties = 128
	maxPath       = 1024
)

// ErrFormat is what Parse returns, wrapped, for a message that is no event of the kernel.
var ErrFormat = errors.New("not a kernel uevent")

// Event is one thing that happened to one device. The zero value is no event.
type Event struct {
	// Action is "add", "remove", "change", "move", "online", "offline", "bind" or "unbind".
	Action string
	// DevPath is the path under /sys, with its first slash: "/devices/virtual/block/loop0".
	DevPath string
	// Subsystem is the bus or class: "block", "pci". It is empty when the event did not say.
	Subsystem string
	// Seqnum counts the kernel's events. In what Scan made it is the count when the scan began: events with a
	// higher number are newer than what the scan saw, perhaps. 0 when unknown.
	Seqnum uint64
	// Dropped is the number of properties that were malformed and left out.
	Dropped int

	vars []property
}

type property struct{ key, value string }

// Get returns the value of a property, "" when the event has none. Of a key that comes twice the first
// counts: the kernel writes its own before those that a device's strings can reach.
func (e *Event) Get(key string) string {
	for i := range e.vars {
		if e.vars[i].key == key {
			return e.vars[i].value
		}
	}
	return ""
}

// Properties calls visit for each property in the kernel's order.
func (e *Event) Properties(visit func(key, value string)) {
	for _, p := range e.vars {
		visit(p.key, p.value)
	}
}

// String is the event in one line for a log: "add /devices/virtual/block/loop0 (block)".
func (e *Event) String() string {
	return e.Action + " " + e.DevPath + " (" + e.Subsystem + ")"
}

// Make builds an event from pairs of key and value, for tests and for callers that replay what they know.
// Pairs are judged as those of a message are.
func Make(action, devpath, subsystem string, pairs ...string) Event {
	e := Event{Action: action, DevPath: devpath, Subsystem: subsystem}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.add(pairs[i] + "=" + pairs[i+1])
	}
	return e
}

// Parse reads a message of the kernel: "ACTION@DEVPATH", a zero byte, then "KEY=VALUE" and a zero byte for
// each property (lib/kobject_uevent.c). The header ends at the first '@' and a key at the first '=' only:
// both may come again in paths ("soc@0") and values. A malformed property is left out and counted in
// Dropped. The error wraps ErrFormat; it is given when the header is unusable. msg is not kept.
func Parse(msg []byte) (Event, error) {
	head, rest, _ := strings.Cut(string(msg), "\x00")
	action, devpath, ok := strings.Cut(head, "@")
	if !ok || !validAction(action) || !validPath(devpath) {
		return Event{}, fmt.Errorf("%w: %s", ErrFormat, strconv.QuoteToASCII(clip(head)))
	}
	e := Event{Action: action, DevPath: devpath}
	e.vars = make([]property, 0, min(bytes.Count(msg, []byte{0}), maxProperties))
	for rest != "" {
		var field string
		field, rest, _ = strings.Cut(rest, "\x00")
		if field != "" {
			e.add(field)
		}
	}
	e.adopt()
	return e, nil
}

// adopt takes the fields of Event out of the properties.
func (e *Event) adopt() {
	e.Subsystem = e.Get("SUBSYSTEM")
	if n, err := strconv.ParseUint(e.Get("SEQNUM"), 10, 64); err == nil {
		e.Seqnum = n
	}
}

// add takes one "KEY=VALUE", or counts it as dropped.
func (e *Event) add(field string) {
	key, value, ok := strings.Cut(field, "=")
	if !ok || len(e.vars) >= maxProperties || !validKey(key) || !validValue(value) {
		e.Dropped++
		return
	}
	e.vars = append(e.vars, property{key, value})
}

// validAction accepts lower-case words; kobject_actions in lib/kobject_uevent.c has no others.
func validAction(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// validPath accepts an absolute path without "." and ".." parts, since callers open it under /sys.
func validPath(p string) bool {
	if len(p) < 2 || len(p) > maxPath || p[0] != '/' || !clean(p) {
		return false
	}
	for rest := p[1:]; ; {
		part, next, more := strings.Cut(rest, "/")
		if part == "" || part == "." || part == ".." {
			return false
		}
		if !more {
			return true
		}
		rest = next
	}
}

func validKey(s string) bool {
	if s == "" || len(s) > maxKey {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func validValue(s string) bool { return len(s) <= maxValue && clean(s) }

// clean says whether s is UTF-8 without control bytes and without the code points that are no characters
// (U+FFFF is what some firmware leaves in an unset serial number).
func clean(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n <= 1 || r < 0xa0 || r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef {
			return false
		}
		i += n
	}
	return true
}

// clip bounds foreign text that goes into an error.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80]
	}
	return s
}
