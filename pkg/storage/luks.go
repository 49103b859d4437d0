package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/crypttab"
	"github.com/preroot/preroot/pkg/device"
)

// UnlockHelper is the program of an image that opens LUKS volumes (cmd/unlock).
const UnlockHelper = "/usr/lib/preroot/unlock"

var _ = register(Layer{Name: "LUKS", Claims: isLUKS, Named: hasHeaderElsewhere, Next: nextLUKS})

func isLUKS(d *device.Device) bool { return d.FSType() == "crypto_LUKS" }

// hasHeaderElsewhere says whether a device without a header is a volume because somebody says where its header is.
func hasHeaderElsewhere(w *Written, d *device.Device) bool {
	v, ok := w.Volume(w.Table, Described(d))
	return ok && v.Options.Header.Path != ""
}

// Described is what crypttab knows a device by.
func Described(d *device.Device) crypttab.Device {
	c := crypttab.Device{PartUUID: d.PartUUID(), PartLabel: d.PartLabel(), Serial: d.Serial, Nodes: append(device.Links(d), d.Node)}
	if isLUKS(d) {
		c.UUID, c.Label = d.FSUUID(), d.FSLabel()
	}
	return c
}

// luksVolume is a volume that is closed.
type luksVolume struct {
	crypttab.Volume
	d *device.Device
}

// The kinds of volumes that are closed, in the order in which they are opened: the keys of the others may lie in the first.
const (
	luksKeySource = iota
	luksNamed
	luksOffered
	luksKinds
)

// nextLUKS has the volumes opened that are asked for, all together, so that one passphrase can serve them all. Others are offered: root may lie behind them.
func nextLUKS(k Known) (list []Work) {
	var closed [luksKinds][]*luksVolume
	for _, d := range k.Members {
		volume, ok := k.Volume(k.Table, Described(d))
		if !ok || k.isOpen(d) {
			continue
		}
		if why := volume.Options.Refusal(); why != nil {
			list = append(list, refuse(d, why))
			continue
		}
		kind := luksOffered
		switch {
		case volume.KeySource:
			kind = luksKeySource
		case volume.Wanted || k.wants("/dev/mapper/"+volume.Name):
			kind = luksNamed
		case volume.Options.NoAuto:
			continue
		}
		closed[kind] = append(closed[kind], &luksVolume{volume, d})
	}
	for kind, volumes := range closed {
		if len(volumes) > 0 && (kind < luksOffered || len(closed[luksNamed]) == 0) {
			list = append(list, k.unlock(volumes, kind == luksOffered))
		}
	}
	return list
}

// isOpen says whether there is a mapping of a volume. The device-mapper knows it by the UUID in the header, without dashes (cryptsetup, dm_prepare_uuid).
func (k *Known) isOpen(d *device.Device) bool {
	uuid := "-" + strings.ReplaceAll(d.FSUUID(), "-", "") + "-"
	return slices.ContainsFunc(k.Devices, func(m *device.Device) bool {
		return strings.HasPrefix(m.DMUUID, "CRYPT-") && (slices.Contains(m.Slaves, d.Name) || uuid != "--" && strings.Contains(m.DMUUID, uuid))
	})
}

func (k *Known) wants(node string) bool {
	return slices.ContainsFunc(k.Wanted, func(r device.Ref) bool { return r.Value == node })
}

// lockedUUIDs are those of the LUKS volumes that somebody asks for by their whole UUID, without those that are there: they may lie in what another layer makes.
func (k *Known) lockedUUIDs() []string {
	if !k.LUKS {
		return nil
	}
	var r request
	for _, w := range k.UUIDs {
		r.locked(k, w.ID)
	}
	for _, n := range k.Names {
		r.locked(k, n.ID)
	}
	for _, e := range k.Table {
		r.locked(k, strings.TrimPrefix(e.Device, "UUID="))
	}
	for _, ref := range k.Wanted {
		if id, ok := strings.CutPrefix(ref.Value, "/dev/mapper/luks-"); ok {
			r.locked(k, id)
		}
	}
	return r.args
}

// locked adds the whole UUID of a volume that is not there.
func (r *request) locked(k *Known, id string) {
	if len(id) == uuidLen && !k.isThere(id) && !slices.Contains(r.args, id) {
		r.args = append(r.args, id)
	}
}

// isThere says whether there is a LUKS volume of that UUID which lies in no logical volume.
func (k *Known) isThere(uuid string) bool {
	return slices.ContainsFunc(k.Devices, func(d *device.Device) bool {
		return isLUKS(d) && strings.EqualFold(d.FSUUID(), uuid) && !strings.HasPrefix(d.DMUUID, "LVM-")
	})
}

// uuidLen is the length of a whole UUID, as text.
const uuidLen = 36

// refuse only says why a volume is not opened.
func refuse(d *device.Device, why error) Work {
	line := d.Node + ": " + why.Error()
	return Work{Key: "luks " + line, Do: func(System) (Outcome, error) { return Outcome{Lacks: []string{line}}, nil }}
}

// request is what the helper is called with. Its arguments are those of pkg/unlock: what follows --volume is about that volume.
type request struct {
	args     []string
	types    []string // of the file systems that key files and headers lie on
	lacks    []string
	patience time.Duration // how long what it lacks is waited for
}

// unlock opens volumes. A key file whose device is not there is waited for, as long as its volume says; then the passphrase is asked for.
func (k *Known) unlock(volumes []*luksVolume, offered bool) Work {
	var r request
	if offered {
		r.add("--any")
	}
	for _, v := range volumes {
		r.volume(k, v)
	}
	key := "luks " + strings.Join(r.args, " ")
	do := func(s System) (Outcome, error) {
		if err := s.Load("dm_crypt"); err != nil {
			return Outcome{}, err
		}
		for _, t := range r.types {
			if err := s.FileSystem(t); err != nil {
				r.lacks = append(r.lacks, err.Error())
			}
		}
		for _, c := range s.Consoles() {
			r.add("--console=" + c)
		}
		said, err := s.Confide(UnlockHelper, r.args...)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s is a LUKS volume, and the image has no %s: build it with preroot build --luks", volumes[0].d.Node, UnlockHelper)
		}
		o, failed := outcome(said)
		o.Lacks = append(r.lacks, o.Lacks...)
		return o, errors.Join(err, failed)
	}
	return Work{Key: key, After: r.patience, Asks: true, Offered: offered, Sources: len(r.types), Do: do}
}

// add and addIf are called many times: inlined they would take kilobytes of /init.
//
//go:noinline
func (r *request) add(args ...string) { r.args = append(r.args, args...) }

//go:noinline
func (r *request) addIf(is bool, arg string) {
	if is {
		r.args = append(r.args, arg)
	}
}

// volume adds what is about one.
func (r *request) volume(k *Known, v *luksVolume) {
	o := &v.Options
	r.add("--volume="+v.Name, "--node="+v.d.Node)
	if o.Header.Path != "" {
		r.file(k, v, "--header=", o.Header, true)
	}
	for _, a := range []struct {
		is  bool
		arg string
	}{
		{o.Discard, "--flag=allow-discards"}, {o.NoReadWorkqueue, "--flag=no-read-workqueue"}, {o.NoWriteWorkqueue, "--flag=no-write-workqueue"},
		{o.SameCPU, "--flag=same-cpu-crypt"}, {o.SubmitFromCPUs, "--flag=submit-from-crypt-cpus"}, {o.ReadOnly, "--read-only"},
		{o.KeySlot >= 0, "--slot=" + strconv.Itoa(o.KeySlot)}, {o.Tries > 0, "--tries=" + strconv.Itoa(o.Tries)}, {o.Timeout > 0, "--timeout=" + o.Timeout.String()},
		{o.TryEmpty, "--try-empty"}, {o.Headless, "--headless"},
		{o.KeyOffset > 0, "--key-offset=" + strconv.FormatInt(o.KeyOffset, 10)}, {o.KeySize > 0, "--key-size=" + strconv.FormatInt(o.KeySize, 10)},
	} {
		r.addIf(a.is, a.arg)
	}
	for _, key := range v.Keys {
		r.key(k, v, key)
	}
}

// key adds a key file; one that may be anywhere is looked for on every file system.
func (r *request) key(k *Known, v *luksVolume, key crypttab.KeyFile) {
	if !key.Anywhere {
		r.file(k, v, "--key=", key.File, !key.Optional)
		return
	}
	found := false
	for _, d := range k.Devices {
		if d.Probe != nil && d.Probe.Usage == blkid.UsageFilesystem {
			found = true
			r.fileOn(d, "--key=", key.File.Path, false)
		}
	}
	if !found {
		r.lack(v, "no device has a file system that may hold the key file "+key.File.Path)
	}
}

// file adds a file of the image, of a device's file system, or a device.
func (r *request) file(k *Known, v *luksVolume, arg string, at crypttab.Location, must bool) {
	if at.Device == "" {
		r.add(arg + at.Path)
		r.addIf(!must, "--optional")
		return
	}
	if ref, err := device.ParseRef(at.Device); err == nil {
		if d := k.Find(ref); d != nil {
			r.fileOn(d, arg, at.Path, must)
			return
		}
	}
	r.lack(v, at.Device+", which has "+at.Path+", is not there")
}

func (r *request) fileOn(d *device.Device, arg, path string, must bool) {
	r.add(arg+path, "--on="+d.Node, "--type="+d.FSType())
	r.addIf(!must, "--optional")
	r.types = append(r.types, d.FSType())
}

// lack notes what may still come.
func (r *request) lack(v *luksVolume, line string) {
	r.lacks = append(r.lacks, v.Name+": "+line)
	r.patience = max(r.patience, v.Options.KeyTimeout)
	if v.Options.KeyTimeout == 0 {
		r.patience = forEver
	}
}

// forEver is longer than any boot.
const forEver = 1<<63 - 1
