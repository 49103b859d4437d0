package qemu

import (
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// TestConsoles boots without a console that works: whether root was reached is
// seen by the file that the real init leaves in its image.
func TestConsoles(t *testing.T) {
	for name, c := range map[string]struct {
		words string
		line  vm.Console
	}{
		"null":         {"console=null", vm.ConsoleRead},
		"does-not-be":  {"console=ttyS9", vm.ConsoleRead},
		"none-given":   {"", vm.ConsoleRead},
		"no-uart":      {serial, vm.ConsoleNone},
		"two":          {"console=tty0 " + serial, vm.ConsoleRead},
		"virtio-later": {"console=hvc0", vm.ConsoleRead},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := plain(t, image{}, c.words)
			s.Console, s.Silent = c.line, true
			s, disk := writable(t, s)
			r := boot(t, s)
			if !reachedFile(t, disk) {
				fail(t, r, "no /reached in the root image")
			}
		})
	}
}

// TestConsoleControl shows that the oracle of TestConsoles can say no.
func TestConsoleControl(t *testing.T) {
	t.Parallel()
	s := plain(t, image{}, "console=null")
	s.Cmdline = "console=null root=UUID=00000000-dead-beef-0000-000000000000 rd.timeout=2 rd.shell=0"
	s.Silent = true
	s, disk := writable(t, s)
	boot(t, s)
	if reachedFile(t, disk) {
		t.Fatal("/reached is there though root cannot have been found")
	}
}
