package qemu

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/vconsole"
)

// germanImage is the image of a machine with a German keyboard, and its font. The drivers of USB hosts and keyboards lie
// in it as in a generic one, and are loaded when a prompt or a shell wants them.
func germanImage(t *testing.T, k vm.Kernel) (path string, font vconsole.Font) {
	t.Helper()
	path = makeOnce(t, "image-german-"+k.Name, func(path string) error {
		return vm.Build{Builder: *builtBuilder, Init: initFor(k.Arch), Drivers: known, Args: []string{"--add-drivers", "xhci_pci usbhid", "--keymap", "de", "--font", "Lat15-Fixed16"}}.Make(k, path)
	})
	image, err := archive.Open(path, archive.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	entries := image.Entries()
	i := slices.IndexFunc(entries, func(e archive.Entry) bool { return e.Name == vconsole.FontFile })
	if i < 0 {
		t.Fatal("no font in the image")
	}
	if font, err = vconsole.ParseFont(entries[i].Data); err != nil {
		t.Fatal(err)
	}
	return path, font
}

// withKeyboard is a machine with a display and a USB keyboard; the virtual terminal is its last console.
func withKeyboard(t *testing.T, late bool, words string) (vm.Spec, vconsole.Font) {
	t.Helper()
	k := kernel(t, "6.1") // the cloud kernels know no USB
	initrd, font := germanImage(t, k)
	s := machine(t, k, initrd, "console=ttyS0 console=tty0 "+words).WithScreen().WithUSBKeyboard(late)
	s.Limit = 3 * patience
	return s, font
}

// germanKeys are "echo yzü-" and Return as the fingers find them on a German keyboard, by the names of the keys of
// the United States: y and z change places, ü is where [ is, and - where / is.
var germanKeys = []string{"e", "c", "h", "o", "spc", "z", "y", "bracket_left", "slash", "ret"}

// typeGerman types them at a prompt, and wants the echo on the display.
func typeGerman(t *testing.T, m *vm.Machine, font vconsole.Font) {
	t.Helper()
	if err := m.Press(germanKeys...); err != nil {
		t.Fatal(err)
	}
	lines, err := m.AwaitScreen(font, func(lines []string) bool { return slices.Contains(lines, "yzü-") }, patience)
	if err != nil {
		notShown(t, m, lines, err)
	}
}

// patience is for a busy host: the display shows it within a second.
const patience = 60 * time.Second

func notShown(t *testing.T, m *vm.Machine, lines []string, err error) {
	t.Helper()
	m.Kill()
	fail(t, m.Wait(), "%v; it shows:\n%s", err, strings.TrimRight(strings.Join(lines, "\n"), "\n"))
}

// awaitPrompt presses Return until a second prompt stands on the display: when the shell has started and the keyboard
// was found is not known.
func awaitPrompt(t *testing.T, m *vm.Machine, font vconsole.Font, prompt string) {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		lines, err := m.ScreenText(font)
		if err != nil {
			t.Fatal(err)
		}
		prompts := 0
		for _, l := range lines {
			if strings.HasPrefix(l, prompt) {
				prompts++
			}
		}
		switch {
		case prompts >= 2:
			return
		case time.Now().After(end):
			notShown(t, m, lines, fmt.Errorf("no prompt %q that answers", prompt))
		}
		if err := m.Press("ret"); err != nil {
			t.Fatal(err)
		}
	}
}

// start starts a machine that the test ends.
func start(t *testing.T, s vm.Spec) *vm.Machine {
	t.Helper()
	m, err := vm.Start(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Kill(); m.Wait() })
	return m
}

func await(t *testing.T, m *vm.Machine, text string) {
	t.Helper()
	if _, err := m.Await(text); err != nil {
		fail(t, m.Wait(), "%v", err)
	}
}

// TestKeyboardAtPrompt types at the prompt on a German USB keyboard, there from the start or plugged in while the
// prompt waits (fault L25).
func TestKeyboardAtPrompt(t *testing.T) {
	for name, late := range map[string]bool{"there": false, "late": true} {
		t.Run(name, func(t *testing.T) {
			s, font := withKeyboard(t, late, "root=LABEL=nothing rd.retry=1")
			m := start(t, s)
			await(t, m, "end: HELD: prompt on")
			if late {
				if err := m.PlugKeyboard(); err != nil {
					t.Fatal(err)
				}
			}
			awaitPrompt(t, m, font, "preroot:/")
			typeGerman(t, m, font)
		})
	}
}

// TestKeyboardInShell types in a shell that is the init of the real root.
func TestKeyboardInShell(t *testing.T) {
	s, font := withKeyboard(t, false, "init=/bin/sh loglevel=6 rd.preroot.modules=all")
	s.Disks[0].Path = makeOnce(t, "root-shell.img", vm.Root{Files: map[string]string{"bin/sh": busybox(t)}}.Make)
	m := start(t, s)
	await(t, m, "switching root to")
	awaitPrompt(t, m, font, "/ #")
	typeGerman(t, m, font)
}

// busybox is a static shell.
func busybox(t *testing.T) string {
	t.Helper()
	const path = "/bin/busybox"
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: apt-get install busybox-static", err)
	}
	return path
}
