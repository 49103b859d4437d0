// Command screens records what a person sees when root does not come: on the
// virtual terminal, on a serial line and on a virtio console at once. It
// writes docs/rescue-vt.png (the virtual terminal while the countdown runs),
// docs/rescue-prompt.png (the prompt on it) and docs/rescue-consoles.txt (all
// three as text).
//
//	go run ./test/screens [-docs docs]
//
// It needs build/init and build/preroot: run make.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/pkg/archive"
	"github.com/preroot/preroot/pkg/vconsole"
)

func main() {
	docs := flag.String("docs", "docs", "folder to write to")
	flag.Parse()
	if err := record(*docs); err != nil {
		fmt.Fprintln(os.Stderr, "screens:", err)
		os.Exit(1)
	}
}

// patience is how long anything is waited for; a busy host needs much of it.
const patience = 2 * time.Minute

func record(docs string) error {
	dir, err := os.MkdirTemp("", "preroot-screens-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, font, err := prepare(dir)
	if err != nil {
		return err
	}
	m, err := vm.Start(s, nil)
	if err != nil {
		return err
	}
	prompt, err := visit(m, font, docs)
	m.Kill()
	r := m.Wait()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, r.Report())
	}
	hvc, err := os.ReadFile(filepath.Join(dir, "hvc"))
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "What three consoles of one machine show when root does not come; written by go run ./test/screens.\nKernel parameters: %s\n", s.Cmdline)
	for _, part := range []struct {
		head  string
		lines []string
	}{
		{"The virtual terminal, where a key was pressed and a command typed (rescue-prompt.png)", prompt},
		{"The serial line, of the countdown its first line and what stood there at last", r.Lines},
		{"The virtio console, likewise", strings.Split(string(hvc), "\n")},
	} {
		fmt.Fprintf(&text, "\n== %s\n\n", part.head)
		for _, l := range trim(part.lines) {
			fmt.Fprintln(&text, l)
		}
	}
	return os.WriteFile(filepath.Join(docs, "rescue-consoles.txt"), []byte(text.String()), 0o644)
}

// prepare makes a machine with three consoles whose root is off by one digit.
func prepare(dir string) (s vm.Spec, font vconsole.Font, err error) {
	k, err := vm.GetKernel("6.1", os.Stderr) // the cloud kernels know no USB keyboard
	if err != nil {
		return s, font, err
	}
	initrd, disk := filepath.Join(dir, "initrd"), filepath.Join(dir, "root.img")
	build := vm.Build{
		Builder: "build/preroot", Init: "build/init", Drivers: "virtio_pci virtio_blk ext4",
		Args: []string{"--add-drivers", "xhci_pci usbhid virtio_console", "--font", "Lat15-Fixed16"},
	}
	if err := build.Make(k, initrd); err != nil {
		return s, font, err
	}
	if font, err = fontOf(initrd); err != nil {
		return s, font, err
	}
	program := filepath.Join(dir, "init")
	if err := vm.CompileC("test/bench/rootinit.c", program); err != nil {
		return s, font, err
	}
	if err := (vm.Root{Init: program}).Make(disk); err != nil {
		return s, font, err
	}
	s = vm.Spec{
		Arch: k.Arch, Kernel: k.Image(), Initrd: initrd, Limit: 3 * patience,
		Cmdline: "root=UUID=" + strings.Replace(vm.RootUUID, "5555", "5556", 1) + " ro quiet rd.retry=10 console=hvc0 console=ttyS0 console=tty0",
		Disks:   []vm.Disk{{Path: disk, Serial: "root0", Snapshot: true}},
		Extra: []string{
			"-device", "virtio-serial-pci", "-chardev", "file,id=hvc,path=" + filepath.Join(dir, "hvc"), "-device", "virtconsole,chardev=hvc",
		},
	}
	return s.WithScreen().WithUSBKeyboard(false), font, nil
}

// fontOf reads the console font of an image.
func fontOf(initrd string) (vconsole.Font, error) {
	data, err := os.ReadFile(initrd)
	if err != nil {
		return vconsole.Font{}, err
	}
	entries, err := archive.Read(data)
	if err != nil {
		return vconsole.Font{}, err
	}
	i := slices.IndexFunc(entries, func(e archive.Entry) bool { return e.Name == vconsole.FontFile })
	if i < 0 {
		return vconsole.Font{}, errors.New("the image has no font")
	}
	return vconsole.ParseFont(entries[i].Data)
}

// visit waits for the countdown, then presses a key and types a command; it
// returns what the virtual terminal shows then.
func visit(m *vm.Machine, font vconsole.Font, docs string) (lines []string, err error) {
	if _, err = m.Await("end: HELD: prompt on"); err != nil {
		return nil, err
	}
	// The image's font is set when a key is pressed. Until then the screen has
	// that of the firmware, which only a person reads: the countdown is given
	// time to be seen.
	time.Sleep(5 * time.Second)
	if err = m.Screendump(filepath.Join(docs, "rescue-vt.png")); err != nil {
		return nil, err
	}
	if err = m.Press("ret"); err != nil {
		return nil, err
	}
	prompted := func(lines []string) bool {
		return slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "preroot:/") })
	}
	if lines, err = m.AwaitScreen(font, prompted, patience); err != nil {
		return nil, fmt.Errorf("%w: %q", err, lines)
	}
	if err = m.Press("b", "l", "k", "i", "d", "ret"); err != nil {
		return nil, err
	}
	listed := func(lines []string) bool {
		n := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "# blkid") })
		return n >= 0 && prompted(lines[n+1:])
	}
	if lines, err = m.AwaitScreen(font, listed, patience); err != nil {
		return nil, fmt.Errorf("%w: %q", err, lines)
	}
	return lines, m.Screendump(filepath.Join(docs, "rescue-prompt.png"))
}

// trim makes lines readable in an editor: without what steers a terminal, the
// first and the last state of one that was written over, no empty lines at
// either end.
func trim(lines []string) (out []string) {
	for _, l := range lines {
		states := slices.DeleteFunc(strings.Split(plain(l), "\r"), func(s string) bool { return strings.TrimSpace(s) == "" })
		if len(states) > 2 {
			states = []string{states[0], states[len(states)-1]}
		}
		if len(states) == 0 {
			states = []string{""}
		}
		for _, s := range states {
			out = append(out, strings.TrimRight(strings.ReplaceAll(s, "\ufffd", "_"), " "))
		}
	}
	for len(out) > 0 && out[0] == "" {
		out = out[1:]
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// plain takes the sequences that begin with ESC [ out.
func plain(s string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(s, "\x1b")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		s = strings.TrimPrefix(after, "[")
		s = strings.TrimLeft(s, "0123456789;?")
		s = s[min(1, len(s)):]
	}
}
