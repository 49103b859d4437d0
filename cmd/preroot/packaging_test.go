package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stage is a folder in which the scripts of packaging/ run: their fixed paths point into it, and what they call is a stand-in.
type stage struct {
	t   *testing.T
	dir string
}

const kver = "6.1-test"

// standIns are the programs that the scripts call, beside those of any system. The image is what the file "next" says, with the id in it; preroot fails
// without that file.
var standIns = map[string]string{
	"preroot": `case $1 in
build) echo "$@" >>DIR/calls; while [ $# -gt 2 ]; do shift; done; cp DIR/next "$1.new" 2>/dev/null && mv "$1.new" "$1" || { echo "no chain" >&2; exit 1; }; [ ! -e DIR/cut ] || kill -9 $PPID ;;
cat) cat "$2" ;;
version) echo preroot 1 ;;
esac`,
	"linux-version":       `case $1 in list) ls DIR/lib/modules ;; sort) sort -r ;; esac`,
	"uname":               "echo " + kver,
	"ischroot":            `read answer <DIR/chroot 2>/dev/null || answer=1; case $answer$* in 2-t) exit 0 ;; *) exit $answer ;; esac`,
	"systemd-detect-virt": `[ -e DIR/container ]`,
	"df":                  `echo head; read free <DIR/free 2>/dev/null || free=100000; echo dev 1 1 $free`,
	"ln":                  `[ ! -e DIR/vfat ] || [ "$1" = -fs ] || exit 1; exec /bin/ln "$@"`,
	"dpkg-trigger":        `echo trigger "$@" >>DIR/calls`,
	"bootctl":             `[ -e DIR/systemd-boot ]`,
	"kernel-install":      `echo kernel-install "$@" >>DIR/calls`,
	"depmod":              `touch DIR/lib/modules/$1/modules.dep`,
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir()}
	for name, text := range standIns {
		s.write("bin/"+name, "#!/bin/sh\n"+strings.ReplaceAll(text, "DIR", s.dir)+"\n")
	}
	for _, name := range []string{"update-initramfs", "booted", "reinstall"} {
		s.script("lib/preroot/"+name, name)
	}
	s.script("postinst", "kernel/postinst")
	s.script("postrm", "kernel/postrm")
	s.script("50", "50-preroot.install")
	s.script("91", "91-preroot-previous.install")
	s.write("lib/modules/"+kver+"/modules.dep", "")
	s.write("boot/vmlinuz-"+kver, "kernel")
	if err := os.MkdirAll(filepath.Join(s.dir, "usr/sbin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(s.dir, "lib/preroot/update-initramfs"), filepath.Join(s.dir, "usr/sbin/update-initramfs")); err != nil {
		t.Fatal(err)
	}
	return s
}

// script copies one of ours, with its paths changed.
func (s *stage) script(name, from string) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("../../packaging", from))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(name, strings.NewReplacer("PATH=/usr/sbin", "PATH="+s.dir+"/bin:/usr/sbin", "/usr/lib/preroot", s.dir+"/lib/preroot", "/usr/lib/kernel", s.dir+"/lib/kernel",
		"/usr/sbin/update-initramfs", s.dir+"/usr/sbin/update-initramfs", "/lib/modules", s.dir+"/lib/modules", "/run/initramfs", s.dir+"/run", "=/boot", "="+s.dir+"/boot",
		":-/boot", ":-"+s.dir+"/boot", "/run/systemd/container", s.dir+"/run/systemd", "/.dockerenv", s.dir+"/dockerenv", "/run/.containerenv", s.dir+"/run/env", `"/boot`, `"`+s.dir+"/boot", "/etc/initramfs", s.dir+"/etc/initramfs", "/sbin/lvm", s.dir+"/sbin/lvm", "/sbin/cryptsetup", s.dir+"/sbin/cryptsetup").Replace(string(text)))
}

func (s *stage) write(name, text string) {
	s.t.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

// read is what a file says, "-" if it is not there.
func (s *stage) read(name string) string {
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return "-"
	}
	return strings.TrimSpace(string(text))
}

// image and previous are the two images, as one word.
func (s *stage) images() string {
	id := func(name string) string { return strings.TrimPrefix(s.read("boot/initrd.img-"+kver+name), "BUILD_ID=") }
	if left := id(".previous.new"); left != "-" {
		s.t.Errorf("left behind: the image %s", left)
	}
	return id("") + " " + id(".previous")
}

// run runs a script with variables before it, and gives what it said; status is that which is wanted.
func (s *stage) run(status int, words ...string) string {
	s.t.Helper()
	cmd := exec.Command("env", words...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + s.dir + "/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != status {
		s.t.Errorf("%q: status %d, wanted %d: %s", words, got, status, out)
	}
	return string(out)
}

// next is the image that the next build makes; boot is a boot by an image.
func (s *stage) next(id string) { s.write("next", "BUILD_ID="+id+"\n") }
func (s *stage) boot(id string) { s.write("run/preroot/initrd-release", "BUILD_ID="+id+"\n") }

func (s *stage) update(id string) {
	s.t.Helper()
	s.next(id)
	s.run(0, "lib/preroot/update-initramfs", "-u")
}

func (s *stage) want(step, want string) {
	s.t.Helper()
	if got := s.images(); got != want {
		s.t.Errorf("%s: image and previous image are %q, wanted %q", step, got, want)
	}
}

// TestPreviousImage: the last image that has booted stays until another one has.
func TestPreviousImage(t *testing.T) {
	s := newStage(t)
	s.next("a")
	s.run(0, "lib/preroot/update-initramfs", "-c", "-k", kver)
	s.want("the first", "a -")
	s.boot("a")
	s.run(0, "lib/preroot/booted")
	s.update("a")
	s.want("made again, and the same", "a -")
	s.update("b")
	s.want("another one", "b a")
	s.update("c")
	s.want("another one before a boot", "c a")
	s.update("c")
	s.want("and the same", "c a")
	s.boot("a")
	s.run(0, "lib/preroot/booted")
	s.want("a boot by the previous one", "c a")
	s.boot("c")
	s.update("d")
	s.want("a boot by the new one, seen by the next update alone", "d c")
	s.boot("d")
	s.run(0, "lib/preroot/booted")
	s.want("a boot by the new one", "d -")
	if err := os.Remove(filepath.Join(s.dir, "next")); err != nil {
		t.Fatal(err)
	}
	if said := s.run(1, "lib/preroot/update-initramfs", "-u"); !strings.Contains(said, "was not made") {
		t.Errorf("a build that failed: %s", said)
	}
	s.want("a build that failed", "d -")
	s.run(0, "lib/preroot/update-initramfs", "-d", "-k", kver)
	s.want("deleted", "- -")
}

// TestUpdateInitramfs: its options, and what it asks preroot for.
func TestUpdateInitramfs(t *testing.T) {
	for _, tt := range []struct {
		words  string
		status int
		calls  string // "-" for none; IMAGE is the usual one
	}{
		{"-u", 0, "-"}, // no kernel has an image
		{"-c -k " + kver, 0, "build --force --no-uefi --if-changed IMAGE " + kver},
		{"-c -k all -t -v", 0, "build --force --no-uefi --if-changed -v IMAGE " + kver},
		{"-c", 2, "-"},
		{"-d", 2, "-"},
		{"-k " + kver, 2, "-"},
		{"-u more", 2, "-"},
		{"-x", 2, "-"},
		{"-h", 0, "-"},
		{"--help", 0, "-"},
		{"-c -s 1700000000 -k " + kver, 0, "build --force --no-uefi --if-changed IMAGE " + kver},
		{"-u -b /nowhere", 1, "-"},
		{"-c -k 9.9", 1, "-"},
	} {
		s := newStage(t)
		s.next("a")
		s.run(tt.status, append([]string{"lib/preroot/update-initramfs"}, strings.Fields(tt.words)...)...)
		if got, want := s.read("calls"), strings.ReplaceAll(tt.calls, "IMAGE", s.dir+"/boot/initrd.img-"+kver); got != want {
			t.Errorf("%s: calls %q, wanted %q", tt.words, got, want)
		}
	}
	s := newStage(t)
	s.next("a")
	if said := s.run(0, "lib/preroot/update-initramfs", "--version"); said != "preroot 1\n" {
		t.Errorf("--version: %q; a hook of initramfs-tools asks for its first word", said)
	}
	s.run(0, "DPKG_MAINTSCRIPT_PACKAGE=lvm2", "lib/preroot/update-initramfs", "-u")
	if got := s.read("calls"); got != "trigger --no-await update-initramfs" {
		t.Errorf("in a maintainer script: calls %q", got)
	}
}

// TestElsewhere: a chroot, one that cannot tell because it has no /proc, and containers of any make say nothing of the machine that will boot the image.
func TestElsewhere(t *testing.T) {
	for _, mark := range []string{"chroot", "container", "run/systemd", "dockerenv", "run/env"} {
		for _, answer := range []string{"0", "2"} {
			s := newStage(t)
			s.next("a")
			s.write(mark, answer+"\n")
			s.write("sbin/lvm", "")
			s.run(0, "lib/preroot/update-initramfs", "-c", "-k", kver)
			if got := s.read("calls"); !strings.Contains(got, " --generic --lvm ") {
				t.Errorf("%s, ischroot %s: calls %q", mark, answer, got)
			}
		}
	}
}

// TestPreviousCutOff: whenever update-initramfs is cut off, the image that has booted is there under one of the two names that boot loaders offer.
func TestPreviousCutOff(t *testing.T) {
	s := newStage(t)
	s.next("a")
	s.run(0, "lib/preroot/update-initramfs", "-c", "-k", kver)
	s.boot("a")
	s.next("b")
	s.write("cut", "")
	exec.Command("env", "PATH="+s.dir+"/bin:/usr/sbin:/usr/bin:/sbin:/bin", s.dir+"/lib/preroot/update-initramfs", "-u").Run()
	s.want("cut off behind the build", "b a")
	if err := os.Remove(filepath.Join(s.dir, "cut")); err != nil {
		t.Fatal(err)
	}
	s.update("c")
	s.want("the next run", "c a")
}

// TestPreviousWithoutLinks: a file system without hard links gets a copy, where there is room for it and for the next image.
func TestPreviousWithoutLinks(t *testing.T) {
	s := newStage(t)
	s.write("vfat", "")
	s.next("a")
	s.run(0, "lib/preroot/update-initramfs", "-c", "-k", kver)
	s.update("b")
	s.want("with room", "b a")
	s.boot("b")
	s.write("free", "1000\n")
	s.next("c")
	if said := s.run(0, "lib/preroot/update-initramfs", "-u"); !strings.Contains(said, "no room in") {
		t.Errorf("without room: %s", said)
	}
	s.want("without room", "c -")
}

// TestOtherKernels: a kernel without modules does not keep the others from their images.
func TestOtherKernels(t *testing.T) {
	s := newStage(t)
	s.write("boot/initrd.img-"+kver, "BUILD_ID=a\n")
	s.write("boot/initrd.img-7.0-mono", "another tool's")
	s.write("bin/linux-version", "#!/bin/sh\ncase $1 in list) echo 7.0-mono; echo "+kver+" ;; sort) sort -r ;; esac\n")
	s.update("b")
	s.want("-u", "b a")
	s.next("c")
	if said := s.run(0, "lib/preroot/update-initramfs", "-u", "-k", "all"); !strings.Contains(said, "no kernel 7.0-mono") {
		t.Errorf("-u -k all: %s", said)
	}
	s.want("-u -k all", "c a")
	if got := s.read("boot/initrd.img-7.0-mono"); got != "another tool's" {
		t.Errorf("the image of a kernel without modules is now %q", got)
	}
	s.run(1, "lib/preroot/update-initramfs", "-u", "-k", "7.0-mono")
}

// TestKernelHooks: what kernel packages call, and when it does nothing.
func TestKernelHooks(t *testing.T) {
	s := newStage(t)
	s.next("a")
	kernel := s.dir + "/boot/vmlinuz-" + kver
	for _, tt := range []struct{ variable, hook, want string }{
		{"INITRD=No", "./postinst", "- -"},
		{"DEB_MAINT_PARAMS='upgrade' '6.0'", "./postinst", "- -"},
		{"DEB_MAINT_PARAMS='configure' '6.0'", "./postinst", "a -"},
		{"DEB_MAINT_PARAMS='purge'", "./postrm", "a -"},
		{"DEB_MAINT_PARAMS='remove'", "./postrm", "- -"},
		{"X=", "./postinst", "a -"},
		{"X=", "./postrm", "- -"},
	} {
		s.run(0, tt.variable, tt.hook, kver, kernel)
		s.want(tt.variable+" "+tt.hook, tt.want)
	}
	s.run(2, "./postinst")
	s.run(0, "./postrm")
	s.write("usr/sbin/other", "#!/bin/sh\nexit 1\n")
	if err := os.Rename(filepath.Join(s.dir, "usr/sbin/other"), filepath.Join(s.dir, "usr/sbin/update-initramfs")); err != nil {
		t.Fatal(err)
	}
	s.run(0, "./postinst", kver, kernel)
	s.want("beside another maker of images", "- -")
	s.write("boot/initrd.img-"+kver, "BUILD_ID=theirs\n")
	s.write("boot/initrd.img-"+kver+".previous", "BUILD_ID=ours\n")
	s.run(0, "./postrm", kver, kernel)
	s.want("a kernel removed beside another maker of images", "theirs -")
}

// TestKernelInstall: the plugins of kernel-install.
func TestKernelInstall(t *testing.T) {
	s := newStage(t)
	s.next("a")
	kernel := s.dir + "/boot/vmlinuz-" + kver
	stage := s.dir + "/stage"
	s.write("stage/x", "")
	s.write("conf/cmdline", "root=UUID=1 quiet\nrw BOOT_IMAGE=/x initrd=y\n")
	for _, tt := range []struct{ variables, words, calls string }{
		{"KERNEL_INSTALL_INITRD_GENERATOR=dracut KERNEL_INSTALL_LAYOUT=bls", "add", "-"},
		{"KERNEL_INSTALL_INITRD_GENERATOR=preroot KERNEL_INSTALL_LAYOUT=bls", "remove", "-"},
		{"KERNEL_INSTALL_INITRD_GENERATOR=preroot KERNEL_INSTALL_LAYOUT=bls", "add", "build --force --no-uefi STAGE/initrd " + kver},
		{"KERNEL_INSTALL_INITRD_GENERATOR=preroot KERNEL_INSTALL_LAYOUT=bls KERNEL_INSTALL_IMAGE_TYPE=uki", "add", "-"},
		{"KERNEL_INSTALL_INITRD_GENERATOR=preroot KERNEL_INSTALL_LAYOUT=bls KERNEL_INSTALL_VERBOSE=1", "add", "build --force --no-uefi -v STAGE/initrd " + kver},
		{"KERNEL_INSTALL_UKI_GENERATOR=preroot KERNEL_INSTALL_LAYOUT=uki KERNEL_INSTALL_CONF_ROOT=" + s.dir + "/conf", "add",
			"build --force --uefi --kernel-image " + kernel + " --kernel-cmdline root=UUID=1 quiet rw  STAGE/uki.efi " + kver},
		{"KERNEL_INSTALL_UKI_GENERATOR=ukify KERNEL_INSTALL_INITRD_GENERATOR=preroot KERNEL_INSTALL_LAYOUT=uki", "add", "build --force --no-uefi STAGE/initrd " + kver},
	} {
		os.Remove(filepath.Join(s.dir, "calls"))
		s.run(0, append(strings.Fields(tt.variables), "KERNEL_INSTALL_STAGING_AREA="+stage, "./50", tt.words, kver, s.dir+"/entry", kernel)...)
		if got, want := s.read("calls"), strings.ReplaceAll(tt.calls, "STAGE", stage); got != want {
			t.Errorf("%s: calls %q, wanted %q", tt.variables, got, want)
		}
	}

	s.write("lib/kernel/install.d/55-initrd.install", "") // Debian's
	s.write("boot/initrd.img-"+kver, "BUILD_ID=there\n")
	os.Remove(filepath.Join(s.dir, "calls"))
	s.run(0, "KERNEL_INSTALL_INITRD_GENERATOR=preroot", "KERNEL_INSTALL_LAYOUT=bls", "KERNEL_INSTALL_STAGING_AREA="+stage, "./50", "add", kver, s.dir+"/entry", kernel)
	if image, calls := s.read("stage/initrd.img-"+kver), s.read("calls"); image != "BUILD_ID=there" || calls != "-" {
		t.Errorf("beside Debian's plugin: staged %q, calls %q", image, calls)
	}

	s.write("entry/linux", "kernel")
	s.write("esp/loader/entries/id-"+kver+".conf", "title      Debian\nsort-key   debian\noptions    root=UUID=1\nlinux      /id/"+kver+"/linux\ninitrd     /id/"+kver+"/initrd.img-"+kver+"\n")
	s.write("boot/initrd.img-"+kver+".previous", "old")
	variables := []string{"KERNEL_INSTALL_LAYOUT=bls", "KERNEL_INSTALL_BOOT_ROOT=" + s.dir + "/esp", "KERNEL_INSTALL_ENTRY_TOKEN=id", "./91"}
	s.run(0, append(variables, "add", kver, s.dir+"/entry", kernel)...)
	want := "title      Debian (previous initramfs)\noptions    root=UUID=1\nlinux      /id/" + kver + "/linux\ninitrd     /id/" + kver + "/initrd-previous\nsort-key   zz-previous"
	if got := s.read("esp/loader/entries/id-" + kver + "-previous.conf"); got != want {
		t.Errorf("the entry says\n%s\nwanted\n%s", got, want)
	}
	if got := s.read("entry/initrd-previous"); got != "old" {
		t.Errorf("the previous image is %q", got)
	}
	s.write("free", "1000\n")
	s.run(0, append(variables, "add", kver, s.dir+"/entry", kernel)...)
	if a, b := s.read("entry/initrd-previous"), s.read("esp/loader/entries/id-"+kver+"-previous.conf"); a != "-" || b != "-" {
		t.Errorf("without room: %q and %q", a, b)
	}
	s.write("free", "100000\n")
	os.Remove(filepath.Join(s.dir, "boot/initrd.img-"+kver+".previous"))
	s.run(0, append(variables, "add", kver, s.dir+"/entry", kernel)...)
	if a, b := s.read("entry/initrd-previous"), s.read("esp/loader/entries/id-"+kver+"-previous.conf"); a != "-" || b != "-" {
		t.Errorf("without a previous image: %q and %q are left", a, b)
	}
}
