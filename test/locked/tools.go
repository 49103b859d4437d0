package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// toolsScript opens and closes the same volumes ten times by each program, and says how many hundredths of a second that took.
const toolsScript = `
now() { read -r up _ </proc/uptime; up=${up%.*}${up#*.}; }
ten() { name=$1; shift; sum=0; for i in 1 2 3 4 5 6 7 8 9 10; do now; from=$up; "$@" >/dev/null; now; sum=$((sum + up - from)); lvm vgchange -an vg >/dev/null; [ -e /dev/mapper/volume ] && crypt close volume; done; echo "ten: $name: $sum"; }
lvm pvcreate -y /dev/vda; lvm vgcreate -s 4M vg /dev/vda; lvm lvcreate -y -l 10 -n root vg; lvm lvcreate -y -l 2 -n swap vg; lvm vgchange -an vg
crypt luksFormat --uuid UUID --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --sector-size 512 /dev/vdb
helper() { HELPER/lvm --lv=vg/root /dev/vda; }
opened() { HELPER/unlock --volume=volume --node=/dev/vdb --key=/pass & pid=$!; while read -r _ _ state _ <"/proc/$pid/stat" 2>/dev/null && [ "$state" != T ] && [ "$state" != Z ]; do :; done; kill -9 $pid; wait $pid; }
ten "lvm lvchange -ay" lvm lvchange -ay vg/root
ten "preroot lvm" helper
ten "cryptsetup open" crypt open /dev/vdb volume
ten "preroot unlock" opened
`

// compareTools prints what each takes, and what is added to an image for it.
func compareTools() error {
	dir, err := os.MkdirTemp("/dev/shm", "preroot-tools-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var disks []vm.Disk
	for _, name := range []string{"lvm", "luks"} {
		path := filepath.Join(dir, name+".img")
		if err := errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, 80<<20)); err != nil {
			return err
		}
		disks = append(disks, vm.Disk{Path: path})
	}
	build, err := filepath.Abs("build")
	if err != nil {
		return err
	}
	helpers := []string{filepath.Join(build, "lvm"), filepath.Join(build, "unlock")}
	files := []vm.Entry{{Name: "pass", Mode: 0o600, Data: []byte(passphrase)}}
	for _, h := range helpers {
		e, err := vm.ReadEntry("bin/preroot/"+filepath.Base(h), h)
		if err != nil {
			return err
		}
		files = append(files, e)
		if err := printSize(h); err != nil {
			return err
		}
	}
	programs := []string{"/usr/sbin/lvm", "/usr/sbin/cryptsetup"}
	for _, p := range programs {
		if err := printSize(p); err != nil {
			return err
		}
	}
	lines, err := vm.Workbench{
		Tools: programs, Modules: []string{"dm_mod", "dm_crypt", "xts"}, Files: files, Disks: disks,
		Script: strings.NewReplacer("UUID", lockedUUID, "HELPER", "/bin/preroot").Replace(toolsScript),
	}.Output(dir)
	for _, l := range lines {
		if strings.HasPrefix(l, "ten: ") {
			fmt.Println(l)
		}
	}
	return err
}

// printSize prints the bytes of a program with its libraries.
func printSize(program string) error {
	entries, err := vm.Dynamic(program)
	if err != nil {
		e, failed := vm.ReadEntry("x", program) // a static one
		if failed != nil {
			return err
		}
		entries = []vm.Entry{e}
	}
	sum := 0
	for _, e := range entries {
		sum += len(e.Data)
	}
	fmt.Printf("%s: %d bytes\n", program, sum)
	return nil
}
