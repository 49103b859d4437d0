package vm

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Spec says which machine to start. The zero value of each optional field
// is the usual choice.
type Spec struct {
	Kernel  string // path of the kernel image; "" lets the firmware start what is on a disk
	Initrd  string // path of the initramfs; "" for none
	Cmdline string // kernel parameters; panic=-1 is added
	Disks   []Disk

	Arch     Arch     // AMD64 if ""
	Firmware Firmware // BIOS if ""

	MemoryMiB int // 1024 if 0
	CPUs      int // 1 if 0

	// Icount runs one guest instruction per virtual nanosecond, which makes
	// times repeatable (test/bench). For one CPU only.
	Icount bool

	// Measured says that the time of the machine counts: no other program of the host keeps it waiting (sched(7), SCHED_FIFO), where that may be set.
	Measured bool

	// Console says what is attached to the first serial line.
	Console Console

	// Silent says that nothing is expected on the serial line.
	Silent bool

	// EngineCrash says that the test crashes the engine on purpose: what PID 1
	// tells about it is no fault.
	EngineCrash bool

	// Limit is the wall-clock time after which the machine is killed; 90 s
	// if 0.
	Limit time.Duration

	// Extra is appended to QEMU's command line as it is.
	Extra []string
}

// A Console says what listens to the first serial line.
type Console int

const (
	// ConsoleRead reads the line into Result.Lines.
	ConsoleRead Console = iota
	// ConsoleUnread reads the line until the kernel starts /init and never
	// again, though it stays connected: it stalls one page later, and from
	// there on each byte costs the kernel 10 ms (wait_for_xmitr of
	// drivers/tty/serial/8250/8250_port.c).
	ConsoleUnread
	// ConsoleNone takes the serial line out of the machine.
	ConsoleNone
)

// A Bus is how a disk is attached.
type Bus string

// The buses a disk can sit on.
const (
	VirtioBlk  Bus = "virtio-blk"
	VirtioSCSI Bus = "virtio-scsi"
	NVMe       Bus = "nvme"
	AHCI       Bus = "ahci"
	USB        Bus = "usb"
	SD         Bus = "sd"  // one card at most
	IDE        Bus = "ide" // the two places at the first channel of the chipset
)

// Buses lists every bus of the matrix; IDE, which few of the kernels serve, is none of them.
func Buses() []Bus { return []Bus{VirtioBlk, VirtioSCSI, NVMe, AHCI, USB, SD} }

// Drivers lists the modules that a disk on this bus cannot do without: how a
// program finds that a kernel cannot have it.
func (b Bus) Drivers() []string {
	switch b {
	case VirtioSCSI:
		return []string{"virtio_pci", "virtio_scsi", "sd_mod"}
	case NVMe:
		return []string{"nvme"}
	case AHCI:
		return []string{"ahci", "sd_mod"}
	case USB:
		return []string{"xhci_pci", "usb_storage", "sd_mod"}
	case SD:
		return []string{"sdhci_pci", "mmc_block"}
	case IDE:
		return []string{"ata_piix", "sd_mod"}
	}
	return []string{"virtio_pci", "virtio_blk"}
}

// Node is the name in /dev of the first disk on this bus.
func (b Bus) Node() string {
	switch b {
	case VirtioSCSI, AHCI, USB, IDE:
		return "sda"
	case NVMe:
		return "nvme0n1"
	case SD:
		return "mmcblk0"
	}
	return "vda"
}

// A Disk is a raw image file attached to the machine.
type Disk struct {
	Path     string
	Bus      Bus    // VirtioBlk if ""
	Serial   string // at most 20 bytes; "" for none
	ReadOnly bool

	// Snapshot sends writes to a temporary file: the image stays as it is.
	// Not for measured boots (it makes them scatter).
	Snapshot bool

	// IOPS, if not 0, limits requests per second from the start;
	// Machine.SetIOPS changes it later.
	IOPS int

	// Late leaves the disk out until Machine.Plug.
	Late bool
}

const (
	defaultMemory = 1024
	defaultLimit  = 90 * time.Second
)

// sockets are the places of a machine's control socket and of the pair of
// named pipes of an unread console.
type sockets struct{ qmp, serial string }

// Args returns QEMU's command line without the control sockets of Start: what
// a person types to see the same machine on the terminal.
func (s Spec) Args() []string { return s.args(sockets{}) }

func (s Spec) args(at sockets) []string {
	args := append(s.Arch.args(),
		"-smp", strconv.Itoa(max(s.CPUs, 1)),
		"-m", strconv.Itoa(or(s.MemoryMiB, defaultMemory)),
		"-display", "none", "-monitor", "none", "-no-reboot", "-nic", "none")
	args = append(args, s.Firmware.args(s.Arch)...)
	if s.Icount {
		// The default devices stay in: committed figures were taken with them.
		args = append(args, "-icount", "shift=0,sleep=off")
	} else {
		args = append(args, "-nodefaults")
	}
	args = append(args, s.consoleArgs(at)...)
	if at.qmp != "" {
		args = append(args, "-qmp", "unix:"+at.qmp+",server=on,wait=off")
	}
	for i, d := range s.Disks {
		args = append(args, d.args(i, s.Icount)...)
	}
	if s.Kernel == "" {
		return append(args, s.Extra...)
	}
	args = append(args, "-kernel", s.Kernel)
	if s.Initrd != "" {
		args = append(args, "-initrd", s.Initrd)
	}
	args = append(args, "-append", s.cmdline())
	return append(args, s.Extra...)
}

// cmdline adds panic=-1: reboot at once, which -no-reboot turns into an end; and no_timer_check, since on a busy host the
// kernel takes the emulated timer for one that does not work, and panics.
func (s Spec) cmdline() string {
	line := s.Cmdline
	if !strings.Contains(" "+line, " panic=") {
		line += " panic=-1"
	}
	if s.Arch != ARM64 && !s.Icount {
		line = "no_timer_check " + line // not behind a "--"
	}
	return strings.TrimSpace(line)
}

func (s Spec) consoleArgs(at sockets) []string {
	switch {
	case s.Console == ConsoleNone:
		return []string{"-serial", "none"}
	case s.Console == ConsoleUnread && at.serial != "":
		return []string{"-chardev", "pipe,id=serial0,path=" + at.serial, "-serial", "chardev:serial0"}
	}
	return []string{"-serial", "stdio"}
}

// args returns the image and, unless it comes late, the device.
func (d Disk) args(i int, icount bool) []string {
	args := append([]string{"-drive", d.drive(i, icount)}, d.controllerArgs(i)...)
	if d.Late {
		return args
	}
	dev := d.device(i)
	if icount && (d.Bus == "" || d.Bus == VirtioBlk) {
		// The guest's own thread starts each request: handed to another one,
		// virtual time leaps while the host wakes it, and boots scatter by 10 %
		// (without: 0.1 %).
		dev += ",ioeventfd=off"
	}
	return append(args, "-device", dev)
}

// drive describes the image. A flush of the guest is not waited for: no test
// here is about a power cut of the host. Two machines may share an image that
// neither writes, hence no lock.
func (d Disk) drive(i int, icount bool) string {
	drive := fmt.Sprintf("if=none,id=disk%d,format=raw,cache=unsafe,file.locking=off,file=%s", i, strings.ReplaceAll(d.Path, ",", ",,"))
	if d.ReadOnly {
		drive += ",read-only=on"
	}
	if d.Snapshot {
		drive += ",snapshot=on"
	}
	if d.IOPS != 0 {
		drive += fmt.Sprintf(",throttling.iops-total=%d", d.IOPS)
	}
	if icount {
		drive += ",aio=io_uring"
	}
	return drive
}

// controllerArgs gives each disk a controller of its own, so that the order of
// disks is the order of the command line.
func (d Disk) controllerArgs(i int) []string {
	switch d.Bus {
	case VirtioSCSI:
		return []string{"-device", fmt.Sprintf("virtio-scsi-pci,id=bus%d", i)}
	case AHCI:
		return []string{"-device", fmt.Sprintf("ahci,id=bus%d", i)}
	case USB:
		return []string{"-device", fmt.Sprintf("qemu-xhci,id=bus%d", i)}
	case SD:
		return []string{"-device", fmt.Sprintf("sdhci-pci,id=bus%d", i)}
	}
	return nil
}

// device returns the -device argument, which device_add takes as well.
func (d Disk) device(i int) string {
	dev := fmt.Sprintf("%s,id=dev%d,drive=disk%d", d.driver(i), i, i)
	switch {
	case d.Bus == SD: // QEMU's card has a number of its own
	case d.Serial != "":
		dev += ",serial=" + d.Serial
	case d.Bus == NVMe: // QEMU refuses an nvme without one
		dev += fmt.Sprintf(",serial=nvme%d", i)
	}
	return dev
}

func (d Disk) driver(i int) string {
	switch d.Bus {
	case VirtioSCSI:
		return fmt.Sprintf("scsi-hd,bus=bus%d.0", i)
	case NVMe:
		return "nvme"
	case AHCI:
		return fmt.Sprintf("ide-hd,bus=bus%d.0", i)
	case USB:
		return fmt.Sprintf("usb-storage,bus=bus%d.0", i)
	case SD:
		return "sd-card"
	case IDE:
		return "ide-hd,bus=ide.0"
	}
	return "virtio-blk-pci"
}

// Shell returns a command line to be pasted into a shell.
func (s Spec) Shell() string {
	words := []string{s.Arch.qemu()}
	for _, a := range s.Args() {
		words = append(words, quote(a))
	}
	return strings.Join(words, " ")
}

// quote quotes a word for a POSIX shell where it must be.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=./,:+@%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func or(v, fallback int) int {
	if v == 0 {
		return fallback
	}
	return v
}
