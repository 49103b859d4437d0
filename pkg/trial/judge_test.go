package trial

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const reached = `
TRIAL begin
TRIAL mark / /
TRIAL mount / ext4 /dev/vda1 rw,relatime
TRIAL mark /usr /usr
TRIAL mount /usr xfs /dev/vda2 ro
TRIAL uptime 3.250
TRIAL module virtio_blk
TRIAL module ext4
TRIAL span # preroot timeline 1: start_us length_us kind name
TRIAL span 1000000 1000000 stage initqueue
TRIAL span 1500000 500000 module! virtio_blk
TRIAL span 1500000 50 probe vda
TRIAL warning preroot: something
TRIAL end
[    3.5] reboot: Power down`

func TestJudge(t *testing.T) {
	plan := &Plan{Goals: []Goal{{Name: "/"}, {Name: "/usr"}, {Name: "resume"}}}
	for _, c := range []struct {
		name, console string
		change        func(*Plan, *Console)
		verdict       Verdict
		says          string
	}{
		{"booted", reached, nil, Booted, "booted in 3.2 s to the right root"},
		{"colors", strings.ReplaceAll(reached, "\n", "\r\n\x1b[0m"), nil, Booted, "booted"},
		{"no /usr", strings.ReplaceAll(reached, "mark /usr", "other"), nil, Stopped, "nothing is mounted at /usr"},
		{"another root", strings.ReplaceAll(reached, "mark / /\n", "mark / /usr\n"), nil, Stopped, "mounted at / is what belongs at /usr"},
		{"silent init", "TRIAL begin\nTRIAL mark / /\n", nil, Untold, "said nothing more"},
		{"preroot", "[ 1.0] preroot: end: REBOOTED: UUID=1: no such device\n[ 1.1] reboot: Restarting system", nil, Stopped, "stopped: UUID=1: no such device ("},
		{"substitute", "[ 1.0] preroot: end: REBOOTED: UUID=1: no such device\n", func(p *Plan, _ *Console) { p.Substitute = true }, Untold, "another bus"},
		{"mkinitramfs", "ALERT!  UUID=1 does not exist.  Dropping to a shell!\nRebooting automatically due to panic= boot argument\n", nil, Stopped, "ALERT!  UUID=1 does not exist."},
		{"dracut", "[ 30.0] dracut-initqueue[200]: Warning: dracut-initqueue: timeout\ndracut Warning: /dev/disk/by-uuid/1 does not exist\n[ 31] dracut: FATAL: no root", nil, Stopped, "FATAL: no root"},
		{"panic", "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)", nil, Stopped, "VFS: Unable to mount"},
		{"rdinit", "[ 1.0] check access for rdinit=/x failed: -2, ignoring\nKernel panic - not syncing: VFS: Unable to mount root fs", nil, Stopped, "rdinit=/x failed"},
		{"panic of init", "sh: not found\nKernel panic - not syncing: Attempted to kill init!", nil, Stopped, "Attempted to kill init"},
		{"shell", "BusyBox\n(initramfs) ", func(_ *Plan, c *Console) { c.Prompt = "(initramfs)" }, Stopped, `waits for somebody to type: "(initramfs)"`},
		{"limit", "[ 1.0] starting", func(_ *Plan, c *Console) { c.Expired = true }, Untold, "--timeout"},
		{"no console", "\r\n", func(_ *Plan, c *Console) { c.Expired = true }, Untold, "nothing was heard"},
		{"qemu", "", func(_ *Plan, c *Console) { c.Exit = errors.New("qemu: no such device") }, Untold, "no such device"},
		{"nothing", "", nil, Stopped, "without a word"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, con := *plan, &Console{Lines: strings.Split(c.console, "\n")}
			if c.change != nil {
				c.change(&p, con)
			}
			r := Judge(&p, con)
			if head := r.Headline("img", con); r.Verdict != c.verdict || !strings.Contains(head, c.says) {
				t.Errorf("%d, %s", r.Verdict, head)
			}
		})
	}
}

// TestPrint: what a person reads below the verdict.
func TestPrint(t *testing.T) {
	p := &Plan{Goals: []Goal{{Name: "/"}}, Untried: []string{"sda: vmd, the driver of 0:1"}}
	var out bytes.Buffer
	Judge(p, &Console{Lines: strings.Split(reached, "\n")}).Print(&out, p)
	for _, want := range []string{
		"  / is /dev/vda1, ext4 (rw,relatime)\n", "  not tried: sda: vmd", "  warning: preroot: something\n", "  modules loaded (2): virtio_blk ext4\n",
		"|========================================|   1.000 s  stage initqueue\n", "|                    ====================|   0.500 s  module virtio_blk FAILED\n", "and 1 that took less than 0.010 s",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// TestFollow: a prompt is answered when the console has been quiet, once; a shell ends the trial.
func TestFollow(t *testing.T) {
	for _, c := range []struct {
		says   []string
		typed  string
		prompt string
	}{
		{[]string{"[ 1.0] x\n", "Please enter passphrase for disk a: "}, Passphrase + "\n", ""},
		{[]string{"Please unlock disk a: ", "\r\nPlease unlock disk b: "}, Passphrase + "\n" + Passphrase + "\n", ""},
		{[]string{"BusyBox v1\r\n", "(initramfs) "}, "", "(initramfs)"},
		{[]string{"dracut:/# "}, "", "dracut:/#"},
		{[]string{"Linux version 6.1 #1 SMP\n", "running # \n", "done #\n"}, "", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			chunks := make(chan string)
			go func() {
				for _, s := range c.says {
					chunks <- s
					time.Sleep(3 * time.Second)
				}
				close(chunks)
			}()
			var in bytes.Buffer
			con, stopped := &Console{}, false
			text := follow(chunks, nil, &in, con, func() { stopped = true })
			if in.String() != c.typed || con.Prompt != c.prompt || stopped != (c.prompt != "") || text != strings.Join(c.says, "") {
				t.Errorf("%q: typed %q, prompt %q, stopped %v", c.says, in.String(), con.Prompt, stopped)
			}
		})
	}
}

func TestKernel(t *testing.T) {
	root := t.TempDir()
	x86 := make([]byte, 2048)
	copy(x86[0x202:], "HdrS")
	x86[0x20f] = 2
	copy(x86[0x400:], "6.1.0-1-amd64 (builder) #1\x00")
	arm := make([]byte, 64)
	copy(arm[56:], "ARM\x64")
	for name, data := range map[string][]byte{"boot/vmlinuz-6.1": x86, "lib/modules/6.2/vmlinuz": arm, "boot/vmlinuz-none": []byte("text")} {
		if err := put(filepath.Join(root, name), data); err != nil {
			t.Fatal(err)
		}
	}
	for kver, want := range map[string]string{"6.1": AMD64, "6.2": ARM64, "none": ""} {
		file, err := FindKernel(root, kver)
		if err != nil {
			t.Fatal(err)
		}
		arch, err := KernelArch(file)
		if arch != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v", file, arch, err)
		}
	}
	for name, want := range map[string]string{"boot/vmlinuz-6.1": "6.1.0-1-amd64", "lib/modules/6.2/vmlinuz": "", "none": ""} {
		if got := KernelVersion(filepath.Join(root, name)); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if _, err := FindKernel(root, "5"); err == nil || !strings.Contains(err.Error(), "name the kernel") {
		t.Error(err)
	}
}

// TestArguments: each bus is a controller and a disk of QEMU, and numbers keep them apart.
func TestArguments(t *testing.T) {
	for bus, want := range map[Bus]string{
		VirtioBlk: "-device virtio-blk-pci,drive=disk1", NVMe: "-device nvme,drive=disk1,serial=trial1", AHCI: "-device ahci,id=bus1 -device ide-hd,drive=disk1,bus=bus1.0",
		UAS: "-device qemu-xhci,id=bus1 -device usb-uas,id=uas1,bus=bus1.0 -device scsi-hd,bus=uas1.0,drive=disk1", SD: "-device sdhci-pci,id=bus1 -device sd-card,drive=disk1", MegaRAID: "-device megasas-gen2,id=bus1 -device scsi-hd,drive=disk1,bus=bus1.0",
	} {
		d := &Disk{Bus: bus}
		got := strings.Join(d.args(1, "/a,b"), " ")
		if got != "-drive if=none,id=disk1,format=raw,cache=unsafe,file=/a,,b "+want {
			t.Errorf("%s: %s", bus, got)
		}
	}
	b := Boot{Plan: &Plan{Words: "root=x"}, Arch: ARM64}
	if got := strings.Join(b.args(false), " "); !strings.Contains(got, "-machine virt") || !strings.Contains(got, "-append root=x console=ttyAMA0 mitigations=off -") && !strings.HasSuffix(got, "console=ttyAMA0 mitigations=off") {
		t.Error(got)
	}
}

// TestMissing: a program that is not there is named with its package.
func TestMissing(t *testing.T) {
	t.Setenv("PATH", "")
	_, err := run("", "qemu-system-none")
	if err == nil || !strings.Contains(err.Error(), "qemu-system-none is not there") {
		t.Error(err)
	}
	for name, pkg := range packages {
		if pkg == "" {
			t.Errorf("%s has no package", name)
		}
	}
}

// FuzzConsole: whatever an image says, there is a verdict, what is printed has no control characters, and no more spans than lines.
func FuzzConsole(f *testing.F) {
	f.Add(reached)
	f.Add("TRIAL begin\nTRIAL mount / x y z\nTRIAL span 1 9223372036854775807 stage \x1b[2J\nTRIAL end")
	f.Add("TRIAL span -9223372036854775 9223372036854775 stage a\nTRIAL span 9223372036854775 9223372036854775 stage b\npreroot: end: X: \x1b]0;y\a")
	f.Fuzz(func(t *testing.T, text string) {
		p := &Plan{Goals: []Goal{{Name: "/"}, {Name: "/usr"}}}
		con := &Console{Lines: strings.Split(text, "\n")}
		r := Judge(p, con)
		var out bytes.Buffer
		r.Print(&out, p)
		if i := strings.IndexFunc(out.String()+r.Headline("img", con), func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' || c == 0x7f || c >= 0x80 && c < 0xa0 }); i >= 0 {
			t.Errorf("a control character in %q", out.String())
		}
		if len(r.Spans) > len(con.Lines) {
			t.Errorf("%d spans of %d lines", len(r.Spans), len(con.Lines))
		}
	})
}
