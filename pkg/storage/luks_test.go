package storage

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/crypttab"
	"github.com/preroot/preroot/pkg/device"
)

const (
	uuidA = "aaaaaaaa-2222-4222-8222-222222222222"
	uuidB = "bbbbbbbb-2222-4222-8222-222222222222"
)

func luksOn(name, uuid string) *device.Device {
	d := found(name, "crypto_LUKS")
	d.Probe.UUID, d.Probe.Usage = uuid, blkid.UsageCrypto
	return d
}

// mapping is an open volume.
func mapping(name, uuid, under string) *device.Device {
	d := found(name, "ext4")
	d.DMName, d.DMUUID, d.Slaves = "x", "CRYPT-LUKS2-"+strings.ReplaceAll(uuid, "-", "")+"-x", []string{under}
	return d
}

func stick() *device.Device {
	d := found("sdc", "vfat")
	d.Probe.Usage, d.Probe.Label = blkid.UsageFilesystem, "STICK"
	return d
}

// written reads words and a table.
func written(t *testing.T, words, table string) *Written {
	t.Helper()
	w, problems := crypttab.ReadWords(cmdline.Join(cmdline.Source{Text: words}))
	entries, more := crypttab.Parse("/etc/crypttab", table)
	if problems = append(problems, more...); len(problems) > 0 {
		t.Error(problems)
	}
	return &Written{Words: w, Table: entries}
}

// TestLUKS: what is named is opened together, what is not is offered, what is open is left alone.
func TestLUKS(t *testing.T) {
	a, b := luksOn("vda", uuidA), luksOn("vdb", uuidB)
	const keysA = "--key=/etc/cryptsetup-keys.d/luks-" + uuidA + ".key --optional --key=/run/cryptsetup-keys.d/luks-" + uuidA + ".key --optional"
	const keysB = "--key=/etc/cryptsetup-keys.d/luks-" + uuidB + ".key --optional --key=/run/cryptsetup-keys.d/luks-" + uuidB + ".key --optional"
	for _, c := range []struct {
		name, words, table, wanted string
		devices                    []*device.Device
		args                       string // "" for no work
		offered                    bool
		after                      time.Duration
		lacks                      string
	}{
		{name: "offered", devices: []*device.Device{a, b}, args: "--any --volume=luks-" + uuidA + " --node=/dev/vda " + keysA + " --volume=luks-" + uuidB + " --node=/dev/vdb " + keysB, offered: true},
		{name: "named", devices: []*device.Device{a, b}, words: "rd.luks.uuid=" + uuidB, args: "--volume=luks-" + uuidB + " --node=/dev/vdb " + keysB},
		{name: "by root", devices: []*device.Device{a, b}, wanted: "/dev/mapper/luks-" + uuidA, args: "--volume=luks-" + uuidA + " --node=/dev/vda " + keysA},
		{name: "open", devices: []*device.Device{a, mapping("dm-0", uuidA, "vda")}},
		{name: "one of two open", devices: []*device.Device{a, b, mapping("dm-0", uuidA, "vda")}, words: "rd.luks.uuid=" + uuidA + " rd.luks.uuid=" + uuidB, args: "--volume=luks-" + uuidB + " --node=/dev/vdb " + keysB},
		{name: "another one open", devices: []*device.Device{a, mapping("dm-0", uuidB, "vdb")}, words: "rd.luks.uuid=" + uuidA, args: "--volume=luks-" + uuidA + " --node=/dev/vda " + keysA},
		{name: "off", devices: []*device.Device{a}, words: "rd.luks=0"},
		{name: "options", devices: []*device.Device{a}, words: "rd.luks.name=" + uuidA + "=root rd.luks.options=" + uuidA + "=discard,no-read-workqueue,no-write-workqueue,same-cpu-crypt,submit-from-crypt-cpus,read-only,key-slot=2,tries=3,timeout=30,try-empty-password,headless",
			args: "--volume=root --node=/dev/vda --flag=allow-discards --flag=no-read-workqueue --flag=no-write-workqueue --flag=same-cpu-crypt --flag=submit-from-crypt-cpus --read-only --slot=2 --tries=3 --timeout=30s --try-empty --headless --key=/etc/cryptsetup-keys.d/root.key --optional --key=/run/cryptsetup-keys.d/root.key --optional"},
		{name: "key in the image", devices: []*device.Device{a}, table: "root UUID=" + uuidA + " /etc/root.key keyfile-offset=2,keyfile-size=8", args: "--volume=root --node=/dev/vda --key-offset=2 --key-size=8 --key=/etc/root.key"},
		{name: "key on a stick", devices: []*device.Device{a, stick()}, table: "root UUID=" + uuidA + " /root.key:LABEL=STICK", args: "--volume=root --node=/dev/vda --key=/root.key --on=/dev/sdc --type=vfat"},
		{name: "key on a stick that is missing", devices: []*device.Device{a}, table: "root UUID=" + uuidA + " /root.key:LABEL=STICK keyfile-timeout=7", args: "--volume=root --node=/dev/vda",
			after: 7 * time.Second, lacks: "root: LABEL=STICK, which has /root.key, is not there"},
		{name: "key anywhere", devices: []*device.Device{a, stick()}, words: "rd.luks.key=/a.key rd.luks.uuid=" + uuidA, args: "--volume=luks-" + uuidA + " --node=/dev/vda --key=/a.key --optional --key=/a.key --on=/dev/sdc --type=vfat --optional " + keysA},
		{name: "header elsewhere", devices: []*device.Device{found("vdc", "")}, words: "rd.luks.data=" + uuidA + "=/dev/vdc rd.luks.name=" + uuidA + "=root rd.luks.options=" + uuidA + "=header=/head:LABEL=STICK",
			args:  "--volume=root --node=/dev/vdc --key=/etc/cryptsetup-keys.d/root.key --optional --key=/run/cryptsetup-keys.d/root.key --optional",
			after: 10 * time.Second, lacks: "root: LABEL=STICK, which has /head, is not there"},
		{name: "not ours", devices: []*device.Device{a}, table: "root UUID=" + uuidA + " none tcrypt", lacks: "/dev/vda: a TrueCrypt volume needs cryptsetup: put it into the image"},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := State{Devices: c.devices, Find: func(ref device.Ref) *device.Device {
				i := slices.IndexFunc(c.devices, func(d *device.Device) bool { return ref.ByContent() && d.Probe != nil && ref.Fits(d.Probe) })
				if i < 0 {
					return nil
				}
				return c.devices[i]
			}}
			if c.wanted != "" {
				ref, err := device.ParseRef(c.wanted)
				if err != nil {
					t.Fatal(err)
				}
				state.Wanted = []device.Ref{ref}
			}
			work := Next(state, c.words+c.table != "", func() *Written { return written(t, c.words, c.table) })
			if c.args == "" && c.lacks == "" {
				if len(work) > 0 {
					t.Errorf("%+v", work)
				}
				return
			}
			if len(work) != 1 {
				t.Fatalf("%+v", work)
			}
			var s system
			o, err := work[0].Do(&s)
			if want := strings.TrimSpace(UnlockHelper + " " + c.args + " --console=/dev/tty1"); c.args != "" && !slices.Contains(s.asked, want) {
				t.Errorf("asked:\n%s\nwant:\n%s", strings.Join(s.asked, "\n"), want)
			}
			if w := work[0]; w.Layer != "LUKS" || w.Offered != c.offered || w.After != c.after || w.Asks != (c.args != "") {
				t.Errorf("%+v", w)
			}
			if err != nil || c.lacks != "" && !slices.Contains(o.Lacks, c.lacks) {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

// TestLockedUUIDs: LVM's helper is told which LUKS volumes may lie in its own.
func TestLockedUUIDs(t *testing.T) {
	inLV := luksOn("dm-0", uuidA)
	inLV.DMUUID = "LVM-x"
	for _, c := range []struct {
		words, table string
		devices      []*device.Device
		want         string
	}{
		{"rd.luks.uuid=" + uuidA, "", nil, "--locked=UUID=" + uuidA + " "},
		{"rd.luks.uuid=luks-" + uuidA[:8], "", nil, ""}, // only a part of it
		{"rd.luks.name=" + uuidA + "=x", "y UUID=" + uuidB + " none", nil, "--locked=UUID=" + uuidA + " --locked=UUID=" + uuidB + " "},
		{"rd.luks.uuid=" + uuidA, "", []*device.Device{luksOn("vdb", uuidA)}, ""},
		{"rd.luks.uuid=" + uuidA, "", []*device.Device{inLV}, "--locked=UUID=" + uuidA + " "},
		{"rd.luks=0 rd.luks.uuid=" + uuidA, "", nil, ""},
	} {
		state := State{Devices: append(c.devices, found("vda", "LVM2_member")), Find: func(device.Ref) *device.Device { return nil }}
		for _, w := range Next(state, true, func() *Written { return written(t, c.words, c.table) }) {
			if w.Layer == "LVM" && w.Key != "lvm "+c.want+"/dev/vda" {
				t.Errorf("%s: %s, want %s", c.words, w.Key, c.want)
			}
		}
	}
}

// TestOutcome: what a helper says is sorted; who was not allowed in is known from what has failed.
func TestOutcome(t *testing.T) {
	o, err := outcome("done\nlacks: this\ndenied: no passphrase was right\n")
	if len(o.Done) != 1 || len(o.Lacks) != 1 || !errors.Is(err, ErrDenied) || err.Error() != "denied: no passphrase was right" {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := outcome("fails: no device-mapper\n"); errors.Is(err, ErrDenied) || err == nil || err.Error() != "no device-mapper" {
		t.Error(err)
	}
}
