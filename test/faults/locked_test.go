package faults

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

// Machines whose root lies in a LUKS volume; the passphrase is in a key file of the image until a scenario takes that away.
const (
	lockedUUID = "cccccccc-2222-4222-8222-222222222222"
	passphrase = "correct horse"
	keyName    = "etc/keys/root.key"
)

// lockedKinds are the layers: how the disk is made on /dev/vdb, and where on it the LUKS volume begins, in bytes.
var lockedKinds = map[string]struct {
	script string
	begins int64
}{
	"luks":        {"lock /dev/vdb; fill /dev/mapper/volume", 0},
	"lvm-on-luks": {"lock /dev/vdb; lvm pvcreate -y /dev/mapper/volume; lvm vgcreate -s 4M inner /dev/mapper/volume; lvm lvcreate -y -l 10 -n root-fs inner; fill /dev/inner/root-fs", 0},
	"luks-on-lvm": {"lvm pvcreate -y /dev/vdb; lvm vgcreate -s 4M outer /dev/vdb; lvm lvcreate -y -l 17 -n crypt outer; lock /dev/outer/crypt; fill /dev/mapper/volume", 1 << 20},
}

// addLocked attaches the disk, and puts into the image what opens it.
func (r *rig) addLocked(kind string) {
	r.t.Helper()
	root := r.master(vm.Root{SizeMiB: 32, Block: 4096})
	path := makeOnce(r.t, kind+".img", func(path string) error {
		if err := errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, 80<<20)); err != nil {
			return err
		}
		return vm.Workbench{
			Tools: []string{"/usr/sbin/lvm", "/usr/sbin/cryptsetup"}, Modules: []string{"dm_mod", "dm_crypt", "xts"},
			Files: []vm.Entry{{Name: "pass", Mode: 0o600, Data: []byte(passphrase)}},
			Script: "lock() { crypt luksFormat --uuid " + lockedUUID + " --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --sector-size 512 $1; crypt open $1 volume; }\n" +
				"fill() { dd if=/dev/vda of=$1 bs=1M || bad=\"$bad fill\"; }\n" + lockedKinds[kind].script,
			Disks: []vm.Disk{{Path: root, Snapshot: true}, {Path: path}},
		}.Run(shop.Dir)
	})
	r.may[r.add(vm.Disk{Path: path, Serial: "root0"})] = true
	r.args = append(r.args, "--luks", "--lvm")
	r.locked("/" + keyName)
	r.file(keyName, 0o600, []byte(passphrase))
}

// locked writes the crypttab of the image: the key, and options.
func (r *rig) locked(key string, options ...string) {
	r.leave("etc/crypttab")
	line := fmt.Sprintf("root UUID=%s %s %s\n", lockedUUID, key, strings.Join(append([]string{"luks"}, options...), ","))
	r.file("etc/crypttab", 0o600, []byte(line))
}

// leave takes a file out of the image again.
func (r *rig) leave(name string) {
	var list []vm.Entry
	for _, e := range r.entries {
		if e.Name != name {
			list = append(list, e)
		}
	}
	r.entries = list
}

// typed takes the key file away: somebody has to type.
func (r *rig) typed(options ...string) {
	r.leave(keyName)
	r.locked("none", options...)
}

// header changes the header of the volume, 16 MiB in front of its data, by a function that gets it as a file.
func (r *rig) header(kind string, change func(path string)) {
	r.t.Helper()
	disk, err := os.OpenFile(r.spec.Disks[0].Path, os.O_RDWR, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	defer disk.Close()
	begins := lockedKinds[kind].begins
	path := filepath.Join(r.t.TempDir(), "volume")
	volume, err := os.Create(path)
	if err == nil {
		_, err = io.Copy(volume, io.NewSectionReader(disk, begins, 20<<20)) // some data too: cryptsetup wants a device with room
		err = errors.Join(err, volume.Close())
	}
	if err != nil {
		r.t.Fatal(err)
	}
	change(path)
	text, err := os.ReadFile(path)
	if err == nil {
		_, err = disk.WriteAt(text[:16<<20], begins)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// cryptsetup runs it on a volume, with the passphrase as its key file.
func (r *rig) cryptsetup(args ...string) {
	r.t.Helper()
	r.host("cryptsetup", append([]string{"--batch-mode", "--key-file", text0(passphrase)}, args...)...)
}

// text0 is a host file with that content and no newline.
func text0(content string) string {
	path := filepath.Join(shop.Dir, fmt.Sprintf("key-%x", sha256.Sum256([]byte(content)))[:20])
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		panic(err)
	}
	return path
}

// The places in a LUKS2 header (LUKS2 On-Disk Format Specification): two copies, each of a binary part and JSON text.
const (
	copySize = 16 << 10
	jsonAt   = 4096
	sumAt    = 448
	sumSize  = 64
)

// forge changes the JSON text in both copies of a header, and makes the checksums right.
func (r *rig) forge(kind, from, old, now string) {
	r.t.Helper()
	r.header(kind, func(path string) {
		volume, err := os.ReadFile(path)
		if err != nil {
			r.t.Fatal(err)
		}
		for at := 0; at < 2*copySize; at += copySize {
			c := volume[at : at+copySize]
			json := strings.TrimRight(string(c[jsonAt:]), "\x00")
			before, after, ok := strings.Cut(json, from)
			if !ok || !strings.Contains(after, old) {
				r.t.Fatalf("no %q behind %q in the header: %s", old, from, json)
			}
			json = before + from + strings.Replace(after, old, now, 1)
			clear(c[jsonAt:])
			copy(c[jsonAt:], json)
			clear(c[sumAt : sumAt+sumSize])
			sum := sha256.Sum256(c)
			copy(c[sumAt:], sum[:])
		}
		if err := os.WriteFile(path, volume, 0o644); err != nil {
			r.t.Fatal(err)
		}
	})
}
