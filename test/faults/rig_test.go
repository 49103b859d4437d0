package faults

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// A rig is a machine that is put together for one run.
type rig struct {
	t *testing.T

	kernel  string   // a name of vm.GetKernel
	boots   string   // another one, which is booted with the image for kernel; "" for the same
	drivers string   // modules of an image for known hardware; "" for a generic image
	args    []string // more options of "preroot build"
	init    string   // the /init that is tested
	root    string   // the value of root=; "" for no such word
	words   []string // the rest of the command line
	entries []vm.Entry
	spec    vm.Spec
	may     []bool // by disk: it may change

	silent bool // nothing is read from the console: the first disk's /reached is the witness
}

// words that every run has: a failed boot ends by itself after two seconds.
var usualWords = []string{"console=ttyS0", "rd.preroot.unattended=2"}

func newRig(t *testing.T, init string) *rig {
	return &rig{
		t: t, kernel: "6.1-cloud", drivers: "virtio_pci virtio_blk ext4", init: init,
		root: "UUID=" + vm.RootUUID, words: append([]string{"rw"}, usualWords...),
	}
}

// word adds words to the command line.
func (r *rig) word(words ...string) { r.words = append(r.words, words...) }

// dropWord takes words off the command line.
func (r *rig) dropWord(words ...string) {
	for _, w := range words {
		r.words = deleteWord(r.words, w)
	}
}

func deleteWord(list []string, word string) []string {
	var out []string
	for _, w := range list {
		if w != word {
			out = append(out, w)
		}
	}
	return out
}

// file puts a file into the image.
func (r *rig) file(name string, mode fs.FileMode, data []byte) {
	r.entries = append(r.entries, vm.Entry{Name: name, Mode: mode, Data: data})
}

// script puts a program into the image that busybox runs, at a place where preroot looks for no shell.
func (r *rig) script(name, text string) {
	r.busybox()
	r.file(name, 0o755, []byte("#!/helper/busybox sh\nexport PATH=/helper\n"+text+"\n"))
}

// applets are the names under which scripts find busybox.
var applets = strings.Fields("sh cat echo sleep grep mkdir mount mknod kill seq head tail dd ls stat tr wc sync chmod rm cut losetup dmesg usleep ln mv cp umount")

func (r *rig) busybox() {
	for _, e := range r.entries {
		if e.Name == "helper/busybox" {
			return
		}
	}
	host, err := exec.LookPath("busybox")
	if err != nil {
		r.t.Fatal("no busybox: install busybox-static")
	}
	e, err := vm.ReadEntry("helper/busybox", host)
	if err != nil {
		r.t.Fatal(err)
	}
	r.entries = append(r.entries, e)
	for _, a := range applets {
		r.entries = append(r.entries, vm.Entry{Name: "helper/" + a, Mode: fs.ModeSymlink | 0o777, Data: []byte("busybox")})
	}
}

// beside runs a shell script beside /init, from before its start on. What it prints goes to the kernel log. /proc, /sys and
// /dev are there once /init has mounted them; the functions say and await help.
func (r *rig) beside(text string) {
	r.act(text)
	r.file("helper/start", 0o755, []byte("#!/helper/busybox sh\n/helper/act &\nexec /init \"$@\"\n"))
	r.word("rdinit=/helper/start")
}

// act puts another script in the place of the one of beside.
func (r *rig) act(text string) {
	r.script("helper/act", `exec </dev/null
await() { while ! eval "$1"; do usleep 20000; done; }
say() { echo "<5>helper: $*" >/dev/kmsg; }
await '[ -e /sys/class/block ] && [ -c /dev/kmsg ]'
`+text)
}

// add attaches a disk; its image is copied for this run. It returns its number.
func (r *rig) add(d vm.Disk) int {
	r.t.Helper()
	own := filepath.Join(r.t.TempDir(), fmt.Sprintf("disk%d.img", len(r.spec.Disks)))
	if err := vm.Clone(d.Path, own); err != nil {
		r.t.Fatal(err)
	}
	d.Path = own
	r.spec.Disks = append(r.spec.Disks, d)
	r.may = append(r.may, false)
	return len(r.spec.Disks) - 1
}

// addRoot attaches a root disk that may be written to.
func (r *rig) addRoot(root vm.Root) int {
	i := r.add(vm.Disk{Path: r.master(root), Serial: "root0"})
	r.may[i] = true
	return i
}

// again attaches the image of a disk once more, for Machine.Plug after the first has gone.
func (r *rig) again(disk int) int {
	d := r.spec.Disks[disk]
	d.Late = true
	r.spec.Disks = append(r.spec.Disks, d)
	r.may = append(r.may, r.may[disk])
	return len(r.spec.Disks) - 1
}

// device attaches a disk by QEMU arguments of the test's own, in the place of the usual ones. In them IMAGE stands for its file;
// the node of a -blockdev is to be named node.
func (r *rig) device(disk int, blockdev, device string) {
	d := &r.spec.Disks[disk]
	d.Late = true
	drive := fmt.Sprintf("disk%d", disk)
	if blockdev != "" {
		drive = fmt.Sprintf("node%d", disk)
		r.spec.Extra = append(r.spec.Extra, "-blockdev", strings.ReplaceAll(blockdev, "IMAGE", d.Path)+",node-name="+drive)
	}
	r.spec.Extra = append(r.spec.Extra, "-device", device+",drive="+drive)
}

// grow makes the image of a disk longer.
func (r *rig) grow(disk int, bytes int64) {
	r.t.Helper()
	path := r.spec.Disks[disk].Path
	st, err := os.Stat(path)
	if err == nil {
		err = os.Truncate(path, st.Size()+bytes)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// size is the length of the image of a disk.
func (r *rig) size(disk int) int64 {
	r.t.Helper()
	st, err := os.Stat(r.spec.Disks[disk].Path)
	if err != nil {
		r.t.Fatal(err)
	}
	return st.Size()
}

// addBlank attaches an empty disk.
func (r *rig) addBlank(serial string, size int64) int {
	path := filepath.Join(r.t.TempDir(), serial+".blank")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Truncate(path, size); err != nil {
		r.t.Fatal(err)
	}
	return r.add(vm.Disk{Path: path, Serial: serial})
}

// patch writes bytes into the image of a disk; a negative offset counts from its end.
func (r *rig) patch(disk int, at int64, data []byte) {
	r.t.Helper()
	f, err := os.OpenFile(r.spec.Disks[disk].Path, os.O_RDWR, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	if at < 0 {
		end, err := f.Seek(0, io.SeekEnd)
		if err != nil {
			r.t.Fatal(err)
		}
		at += end
	}
	if _, err := f.WriteAt(data, at); err != nil {
		r.t.Fatal(err)
	}
}

// peek reads bytes of the image of a disk.
func (r *rig) peek(disk int, at int64, n int) []byte {
	r.t.Helper()
	f, err := os.Open(r.spec.Disks[disk].Path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, n)
	if _, err := f.ReadAt(b, at); err != nil {
		r.t.Fatal(err)
	}
	return b
}

// host runs a host program.
func (r *rig) host(name string, args ...string) string {
	r.t.Helper()
	for _, dir := range []string{"/usr/sbin/", "/sbin/"} {
		if _, err := os.Stat(dir + name); err == nil {
			name = dir + name
			break
		}
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// master makes a root image once for all runs: marker is what /marker holds, "root" where Files has none.
func (r *rig) master(root vm.Root) string {
	r.t.Helper()
	files := map[string]string{"/marker": text("root")}
	for to, from := range root.Files {
		files[to] = from
	}
	root.Files, root.Init = files, program(r.t, "root.c")
	if root.SizeMiB == 0 && (root.FS == "" || root.FS == "ext4") {
		root.SizeMiB = 64
	}
	sum := sha256.Sum256([]byte(fmt.Sprintf("%+v", root)))
	return makeOnce(r.t, "root-"+hex.EncodeToString(sum[:8])+".img", root.Make)
}

// text is a host file with that content, made once.
func text(content string) string {
	sum := sha256.Sum256([]byte(content))
	path := filepath.Join(shop.Dir, "text-"+hex.EncodeToString(sum[:8]))
	if err := os.WriteFile(path, []byte(content+"\n"), 0o644); err != nil {
		panic(err)
	}
	return path
}

// build returns the whole specification.
func (r *rig) build() vm.Spec {
	r.t.Helper()
	k := kernel(r.t, r.kernel)
	s := r.spec
	s.Kernel, s.Initrd = k.Image(), r.image(k)
	if r.boots != "" {
		s.Kernel = kernel(r.t, r.boots).Image()
	}
	s.Cmdline = strings.Join(r.words, " ")
	if r.root != "" {
		s.Cmdline = "root=" + r.root + " " + s.Cmdline
	}
	s.Silent = r.silent
	if s.Limit == 0 {
		s.Limit = 300 * time.Second
	}
	return s
}

func (r *rig) image(k vm.Kernel) string {
	name := fmt.Sprintf("%s %s %s %q", r.init, k.Name, r.drivers, r.args)
	sum := sha256.Sum256([]byte(name))
	base := makeOnce(r.t, "image-"+hex.EncodeToString(sum[:8]), func(path string) error {
		return vm.Build{Builder: *builtBuilder, Init: r.init, Drivers: r.drivers, Args: r.args}.Make(k, path)
	})
	if len(r.entries) == 0 {
		return base
	}
	path := filepath.Join(r.t.TempDir(), "initramfs.img")
	if err := vm.Extend(base, path, r.entries); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// digest is the SHA-256 over the size of a file and all its blocks that are not zero: images are full of holes.
func digest(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	block, zero := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := int64(0); ; {
		at = nextData(f, at)
		n, err := f.ReadAt(block, at)
		if n > 0 && !bytes.Equal(block[:n], zero[:n]) {
			fmt.Fprintf(h, "%d %d ", at, n)
			h.Write(block[:n])
		}
		if at += int64(n); err != nil || n == 0 {
			fmt.Fprintf(h, "end %d", at)
			return hex.EncodeToString(h.Sum(nil))
		}
	}
}

// nextData is the start of the first whole block at or after at that is no hole (lseek(2), SEEK_DATA).
func nextData(f *os.File, at int64) int64 {
	const seekData = 3
	next, err := f.Seek(at, seekData)
	if err != nil { // a hole up to the end
		if next, err = f.Seek(0, io.SeekEnd); err != nil {
			return at
		}
	}
	return max(at, next&^(64<<10-1))
}

func program(t *testing.T, source string) string {
	t.Helper()
	return makeOnce(t, strings.TrimSuffix(filepath.Base(source), ".c"), func(path string) error { return vm.CompileC(source, path) })
}

// shop holds what is made once for all runs.
var shop vm.Workshop

func makeOnce(t *testing.T, name string, build func(path string) error) string {
	t.Helper()
	path, err := shop.Make(name, build)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func kernel(t *testing.T, name string) vm.Kernel {
	t.Helper()
	k, err := shop.Kernel(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o644) }
