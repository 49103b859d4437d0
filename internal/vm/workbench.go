package vm

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Workbench is a machine that fills disks by the tools of this machine: there the kernel has a device-mapper, whatever it has here. Nothing of preroot is in it.
type Workbench struct {
	Kernel  string   // its name in the cache; "" is 6.1-cloud
	Tools   []string // programs of this machine, by their paths
	Modules []string // beside those of the floor
	Files   []Entry
	// Script is run by busybox's shell. Its functions lvm and crypt call lvm2 and cryptsetup, the latter with the passphrase in the file /pass; what fails is to be added to the variable bad.
	Script string
	Disks  []Disk
}

// benchInit is its /init.
const benchInit = `#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev; mount -t tmpfs run /run
for m in $(cat /modules); do insmod $m; done
export DM_DISABLE_UDEV=1
mkdir -p /run/lock/lvm /run/lvm /run/cryptsetup
lvm() { /usr/sbin/lvm "$@" --config 'activation { udev_sync=0 udev_rules=0 monitoring=0 } devices { use_devicesfile=0 } global { thin_check_executable="" cache_check_executable="" }' </dev/null || bad="$bad lvm:$1"; }
crypt() { /usr/sbin/cryptsetup --batch-mode --key-file /pass "$@" || bad="$bad crypt:$1"; }
SCRIPT
sync
echo "made:$bad."
poweroff -f
`

// benchLimit is for a busy host.
const benchLimit = 20 * time.Minute

// benchKernel is the kernel of a workbench.
const benchKernel = "6.1-cloud"

// Run does the work. dir is a folder for its initramfs.
func (w Workbench) Run(dir string) error {
	_, err := w.Output(dir)
	return err
}

// Output does it, and gives the lines on its console.
func (w Workbench) Output(dir string) ([]string, error) {
	k, err := GetKernel(cmp.Or(w.Kernel, benchKernel), os.Stdout)
	if err != nil {
		return nil, err
	}
	initrd := filepath.Join(dir, "workbench.img")
	defer os.Remove(initrd)
	entries, err := w.image(k)
	if err == nil {
		err = os.WriteFile(initrd, Archive(entries), 0o644)
	}
	if err != nil {
		return nil, err
	}
	r, err := Run(Spec{Kernel: k.Image(), Initrd: initrd, Cmdline: "console=ttyS0 panic=-1", MemoryMiB: 1024, CPUs: 2, Limit: benchLimit, Disks: w.Disks}, nil)
	if err == nil && !slices.Contains(r.Lines, "made:.") {
		err = fmt.Errorf("the disks were not made:\n%s", r.Report())
	}
	return r.Lines, err
}

func (w Workbench) image(k Kernel) ([]Entry, error) {
	entries := []Entry{{Name: "init", Mode: 0o755, Data: []byte(strings.Replace(benchInit, "SCRIPT", w.Script, 1))}}
	for _, dir := range []string{"proc", "sys", "dev", "run", "etc", "bin", "m"} {
		entries = append(entries, Entry{Name: dir, Mode: fs.ModeDir | 0o755})
	}
	tools, err := Dynamic(w.Tools...)
	shell, err2 := ReadEntry("bin/busybox", "/bin/busybox")
	modules, err3 := w.modules(k)
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	entries = slices.Concat(entries, tools, []Entry{shell}, modules, w.Files)
	for applet := range strings.FieldsSeq("sh mount cat insmod mkdir sync poweroff dd") {
		entries = append(entries, Entry{Name: "bin/" + applet, Mode: fs.ModeSymlink | 0o777, Data: []byte("busybox")})
	}
	return once(entries), nil
}

// modules are the files of the modules, and the list of them in order.
func (w Workbench) modules(k Kernel) ([]Entry, error) {
	floor, err := FloorModules(k)
	if err != nil {
		return nil, err
	}
	files, err := k.Chain(append(floor, w.Modules...)...)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	list := ""
	for _, f := range files {
		e, err := ReadEntry("m/"+filepath.Base(f), f)
		if err != nil {
			return nil, err
		}
		entries, list = append(entries, e), list+"/"+e.Name+"\n"
	}
	return append(entries, Entry{Name: "modules", Mode: 0o644, Data: []byte(list)}), nil
}

// once leaves out what is there already.
func once(entries []Entry) (list []Entry) {
	seen := map[string]bool{}
	for _, e := range entries {
		if !seen[e.Name] {
			seen[e.Name] = true
			list = append(list, e)
		}
	}
	return list
}
