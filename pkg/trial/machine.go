package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/safe"
)

// Boot is one try of an image.
type Boot struct {
	Plan   *Plan
	Dir    string // that Make has filled
	Kernel string
	Image  string
	Arch   string
	// Limit is the longest that it may take in wall-clock time; 0 is DefaultLimit, and three times that without KVM.
	Limit time.Duration
	// Extra is appended to QEMU's command line.
	Extra []string
	// Watch, if not nil, gets the console; Log is told what is done.
	Watch, Log io.Writer
}

// DefaultLimit is how long a boot may take on a machine with KVM.
const DefaultLimit = 120 * time.Second

// kvmLimit bounds the look whether KVM works. A kernel without an image and a root ends in a panic within a second.
const kvmLimit = 5 * time.Second

// Console is what a boot has come to, as it was seen from outside.
type Console struct {
	Lines    []string
	Duration time.Duration // wall-clock time
	KVM      bool
	Expired  bool   // it was stopped at its limit
	Prompt   string // what it said when it waited for a person
	Exit     error  // of QEMU
}

// Run boots. It ends when the machine switches itself off, waits for a person, or at the limit; an error says why nothing was tried.
func (b Boot) Run(ctx context.Context) (*Console, error) {
	qemu, err := lookProgram(b.program())
	if err != nil {
		return nil, err
	}
	kvm := b.kvm(ctx, qemu)
	limit := b.Limit
	if limit == 0 {
		limit = DefaultLimit
		if !kvm {
			limit *= 3
		}
	}
	c, err := b.start(ctx, qemu, b.args(kvm), limit)
	if c != nil {
		c.KVM = kvm
	}
	return c, err
}

func (b Boot) program() string {
	if b.Arch == ARM64 {
		return "qemu-system-aarch64"
	}
	return "qemu-system-x86_64"
}

// kvm says whether guests run under KVM: that the device is there says little, on some machines they stop at once.
func (b Boot) kvm(ctx context.Context, qemu string) bool {
	if b.Arch != runtime.GOARCH {
		return false
	}
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	f.Close()
	ctx, cancel := context.WithTimeout(ctx, kvmLimit)
	defer cancel()
	args := append(b.processor(true), "-kernel", b.Kernel, "-append", b.serial()+" panic=-1 quiet")
	works := exec.CommandContext(ctx, qemu, args...).Run() == nil
	if !works && b.Log != nil {
		fmt.Fprintln(b.Log, "KVM is there and does not work: the machine is emulated")
	}
	return works
}

func (b Boot) serial() string {
	if b.Arch == ARM64 {
		return "console=ttyAMA0"
	}
	return "console=ttyS0"
}

// processor is the part of the command line that is the same for each machine. The pointer authentication of the emulated processor of arm64 is QEMU's own quick one.
func (b Boot) processor(kvm bool) []string {
	args := []string{"-nodefaults", "-display", "none", "-monitor", "none", "-no-reboot", "-nic", "none", "-m", strconv.Itoa(b.memory())}
	switch {
	case kvm:
		args = append(args, "-accel", "kvm", "-cpu", "host")
	case b.Arch == ARM64:
		args = append(args, "-accel", "tcg", "-cpu", "max,pauth-impdef=on")
	default:
		args = append(args, "-accel", "tcg", "-cpu", "max")
	}
	if b.Arch == ARM64 {
		args = append(args, "-machine", "virt")
	}
	return args
}

// memory is in MiB: an image lies there packed and unpacked.
func (b Boot) memory() int {
	size := int64(0)
	if info, err := os.Stat(b.Image); err == nil {
		size = info.Size()
	}
	return 1024 + int(4*size/mib)
}

// args is QEMU's command line.
func (b Boot) args(kvm bool) []string {
	words := b.Plan.Words + " " + b.serial()
	if !kvm { // emulated mitigations cost time, and a busy host keeps the timer waiting until the kernel takes it for broken
		words += " mitigations=off"
		if b.Arch == AMD64 {
			words += " no_timer_check"
		}
	}
	args := append(b.processor(kvm), "-serial", "stdio", "-kernel", b.Kernel, "-initrd", b.Image, "-append", words)
	for i, d := range b.Plan.Disks {
		args = append(args, d.args(i, File(b.Dir, i))...)
	}
	return append(args, b.Extra...)
}

// args is a disk on QEMU's command line.
func (d *Disk) args(i int, file string) []string {
	m := models()[d.Bus]
	args := []string{"-drive", fmt.Sprintf("if=none,id=disk%d,format=raw,cache=unsafe,file=%s", i, strings.ReplaceAll(file, ",", ",,"))}
	if m.controller != "" {
		args = append(args, "-device", fmt.Sprintf("%s,id=bus%d", m.controller, i))
	}
	device := fmt.Sprintf("%s,drive=disk%d", m.disk, i)
	switch {
	case d.Bus == UAS:
		args = append(args, "-device", fmt.Sprintf("usb-uas,id=uas%d,bus=bus%d.0", i, i))
		device = fmt.Sprintf("scsi-hd,bus=uas%d.0,drive=disk%d", i, i)
	case m.controller != "" && d.Bus != SD:
		device += fmt.Sprintf(",bus=bus%d.0", i)
	case d.Bus == NVMe: // QEMU wants a number
		device += fmt.Sprintf(",serial=trial%d", i)
	}
	return append(args, "-device", device)
}

// asks are the prompts of all inits for a passphrase; stands are those where a boot has ended.
var (
	asks   = regexp.MustCompile(`(?i)passphrase for|unlock disk|enter passphrase|please enter passphrase`)
	stands = regexp.MustCompile(`(?i)\(initramfs\) *$|press enter for maintenance|(?m:^(?:sh-[\d.]+|dracut:/?\w*|root@\S+|/|~) ?[#$] *\z)|end: HELD`)
)

// quiet is how long a console must say nothing before what stands there is taken for a prompt: a terminal forgets what comes before it listens.
const quiet = 700 * time.Millisecond

// start runs QEMU and follows its console, typing passphrases.
func (b Boot) start(ctx context.Context, qemu string, args []string, limit time.Duration) (*Console, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, qemu, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	cmd.WaitDelay = time.Second
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	chunks := make(chan string)
	safe.Go("console of the trial", nil, func() {
		defer close(chunks)
		buffer := make([]byte, 4096)
		for {
			n, err := out.Read(buffer)
			if n > 0 {
				chunks <- string(buffer[:n])
			}
			if err != nil {
				return
			}
		}
	})
	c := &Console{}
	text := follow(chunks, b.Watch, in, c, cancel)
	err := cmd.Wait()
	c.Duration = time.Since(began)
	c.Expired = c.Duration >= limit
	c.Lines = strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	if err != nil && ctx.Err() == nil {
		c.Exit = fmt.Errorf("qemu: %w: %s", err, lastLine(errs.String()))
	}
	return c, nil
}

// follow collects what the console says until its end. stop ends the machine when it waits for a person.
func follow(chunks <-chan string, watch io.Writer, in io.Writer, c *Console, stop func()) string {
	var all strings.Builder
	unanswered, answers := "", 0
	const mostAnswers, mostHeard = 12, 64 << 20
	for {
		select {
		case text, ok := <-chunks:
			if !ok {
				return all.String()
			}
			if all.Len() < mostHeard {
				all.WriteString(text)
			}
			if watch != nil {
				_, _ = io.WriteString(watch, text)
			}
			unanswered += text
			unanswered = unanswered[max(0, len(unanswered)-4096):]
		case <-time.After(quiet):
			switch {
			case asks.MatchString(unanswered) && answers < mostAnswers:
				_, _ = io.WriteString(in, Passphrase+"\n")
				unanswered = ""
				answers++
			case stands.MatchString(unanswered):
				c.Prompt = lastLine(stripColors(unanswered))
				stop()
			}
		}
	}
}
