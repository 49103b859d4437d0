package main

import (
	"strings"
	"testing"
)

const refusedText = `[    3.549574] virtio_blk virtio0: [vda] 524288 512-byte logical blocks (268 MB/256 MiB)
[    3.827376] virtio_blk virtio1: [vdb] 524288 512-byte logical blocks (268 MB/256 MiB)
[    3.975258] preroot: end: REBOOTED: UUID=1: more than one device answers: /dev/vda (ext4, 268.4 MB, serial twin-a) and /dev/vdb (ext4, 268.4 MB, serial twin-b)`

const bootedText = `[    6.436886] virtio_blk virtio0: [vda] 524288 512-byte logical blocks (268 MB/256 MiB)
[    6.917762] preroot: switching root to /dev/vda, init /sbin/init
[    6.957727] virtio_blk virtio1: [vdb] 524288 512-byte logical blocks (268 MB/256 MiB)
TWINS marker ext4-a
TWINS device vda
TWINS mounts 1
TWINS log 6442000 kobject: 'vda' (000000002667da3d): kobject_uevent_env
TWINS log 6442097 kobject: 'vda' (000000002667da3d): kobject_uevent_env: uevent_suppress caused the event to drop!
TWINS log 6480885 kobject: 'vda' (000000002667da3d): kobject_uevent_env
TWINS log 6917762 preroot: switching root to /dev/vda, init /sbin/init
TWINS log 6964443 kobject: 'vdb' (00000000573df6a0): kobject_uevent_env`

// TestJudge: the judge must say no to each of these, and yes to a right boot and a right refusal.
func TestJudge(t *testing.T) {
	for name, c := range map[string]struct{ text, old, new, bad string }{
		"refused":             {text: refusedText},
		"booted":              {text: bootedText},
		"no serial":           {refusedText, "serial twin-b", "serial ?", "does not name"},
		"no size":             {refusedText, " MB", "", "does not name"},
		"another reason":      {refusedText, "more than one device answers", "the deadline has passed", "no line says"},
		"one disk":            {refusedText, "[vdb]", "[xx]", "one disk only"},
		"no end":              {refusedText, "preroot: end: ", "preroot: ", "neither booted nor ended"},
		"the twin was there":  {bootedText, "TWINS log 6964443", "TWINS log 6864443", "before the switch"},
		"the second":          {bootedText, "device vda", "device vdb", "came first"},
		"mounted twice":       {bootedText, "mounts 1", "mounts 2", "2 mounts"},
		"an event is missing": {bootedText, "'vdb'", "'vdc1'", "1 disks' uevents"},
	} {
		lines := strings.Split(strings.ReplaceAll(c.text, c.old, c.new), "\n")
		if c.old == "" {
			lines = strings.Split(c.text, "\n")
		}
		r := judge(cell{twins: true}, read(lines))
		if (c.bad == "") != (r.Bad == "") || !strings.Contains(r.Bad, c.bad) {
			t.Errorf("%s: %q, want %q in it", name, r.Bad, c.bad)
		}
	}
	control := judge(cell{}, read(strings.Split(refusedText, "\n")))
	if !strings.Contains(control.Bad, "must boot") {
		t.Errorf("a control that is refused: %q", control.Bad)
	}
	if apart := judge(cell{twins: true}, read(strings.Split(bootedText, "\n"))).Figures["apart ms"]; apart < 483 || apart > 484 {
		t.Errorf("apart %v ms, want that of the events that were sent", apart)
	}
}
