package crypttab

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/preroot/preroot/pkg/cmdline"
)

func words(line string) (Words, []Problem) {
	return ReadWords(cmdline.Join(cmdline.Source{Name: "/proc/cmdline", Text: line}))
}

func TestWords(t *testing.T) {
	for line, change := range map[string]func(*Words){
		"quiet root=/dev/x rd.lvmx rd.luksy": nil,
		"rd.luks=0 rd.luks.crypttab=no":      func(w *Words) { w.LUKS, w.Crypttab = false, false },
		"luks=off luks.crypttab=0":           func(w *Words) { w.LUKS, w.Crypttab = false, false },
		"rd.luks=0 rd.luks":                  nil,
		"rd.auto":                            func(w *Words) { w.Auto = true },
		"rd.lvm=0 rd.lvm.conf=0":             func(w *Words) { w.LVM, w.LVMConf = false, false },
		"rd.lvm.vg=vg-0 rd.lvm.lv=vg/a.b rd.lvm.lv=vg/control": func(w *Words) {
			w.VGs, w.LVs = []string{"vg-0"}, []string{"vg/a.b", "vg/control"}
		},
		"rd.luks.uuid=luks-ab luks.uuid=keysource:luks-cd": func(w *Words) {
			w.UUIDs = []Wanted{{"ab", false, "rd.luks.uuid=luks-ab"}, {"cd", true, "rd.luks.uuid=keysource:luks-cd"}}
		},
		"rd.luks.partuuid=p rd.luks.serial=s": func(w *Words) {
			w.PartUUIDs, w.Serials = []Wanted{{"p", false, "rd.luks.partuuid=p"}}, []Wanted{{"s", false, "rd.luks.serial=s"}}
		},
		"rd.luks.name=" + uuidA + "=root luks.name=luks-x=y": func(w *Words) { w.Names = []Named{{uuidA, "root"}, {"x", "y"}} },
		"rd.luks.data=" + uuidA + "=/dev/sdx":                func(w *Words) { w.Data = []Named{{uuidA, "/dev/sdx"}} },
		"rd.luks.options=discard luks.options=" + uuidA + "=tries=1": func(w *Words) {
			w.Options = []NamedOptions{{"", Options{KeySlot: -1, Discard: true}}, {uuidA, Options{KeySlot: -1, Tries: 1}}}
		},
		"rd.luks.key.tout=3 rd.luks.timeout=60": func(w *Words) { w.KeyWait, w.Timeout = 3*time.Second, time.Minute },
		"rd.luks.allow-discards":                func(w *Words) { w.Discard = true },
		"rd.luks.allow-discards=luks-ab":        func(w *Words) { w.DiscardIDs = []string{"ab"} },
		"rd.luks.allow-discards=0":              nil,
		"rd.luks.smartcard=0 rd.lvm.mergetags":  nil,

		// dracut's form
		"rd.luks.key=/a": func(w *Words) { w.Keys = []KeyWord{{File: Location{Path: "/a"}, InImage: true, Anywhere: true}} },
		"rd.luks.key=/a:/": func(w *Words) {
			w.Keys = []KeyWord{{File: Location{Path: "/a"}, InImage: true}}
		},
		"rd.luks.key=a/b:UUID=1": func(w *Words) { w.Keys = []KeyWord{{File: Location{"/a/b", "UUID=1"}}} },
		"rd.luks.key=/a:LABEL=k:UUID=2": func(w *Words) {
			w.Keys = []KeyWord{{File: Location{"/a", "LABEL=k"}, Volume: "UUID=2"}}
		},
		"rd.luks.key=/a:/dev/disk/by-path/pci-0:1": func(w *Words) {
			w.Keys = []KeyWord{{File: Location{"/a", "/dev/disk/by-path/pci-0:1"}}}
		},
		"rd.luks.key=/a::/dev/sda": func(w *Words) {
			w.Keys = []KeyWord{{File: Location{Path: "/a"}, InImage: true, Anywhere: true, Volume: "/dev/sda"}}
		},
		"rd.luks.key=/a:LABEL=k:*":       func(w *Words) { w.Keys = []KeyWord{{File: Location{"/a", "LABEL=k"}}} },
		"rd.luks.key=/a=b:/":             func(w *Words) { w.Keys = []KeyWord{{File: Location{Path: "/a=b"}, InImage: true}} },
		"rd.luks.key=/" + uuidA + "=x:/": func(w *Words) { w.Keys = []KeyWord{{File: Location{Path: "/" + uuidA + "=x"}, InImage: true}} },
		// systemd's
		"rd.luks.key=" + uuidA + "=/a": func(w *Words) { w.Keys = []KeyWord{{ID: uuidA, File: Location{Path: "/a"}, InImage: true}} },
		"luks.key=" + strings.ReplaceAll(uuidA, "-", "") + "=/a:b:LABEL=k": func(w *Words) {
			w.Keys = []KeyWord{{ID: strings.ReplaceAll(uuidA, "-", ""), File: Location{"/a:b", "LABEL=k"}}}
		},
	} {
		want := Words{LUKS: true, Crypttab: true, LVM: true, LVMConf: true, KeyWait: 10 * time.Second}
		if change != nil {
			change(&want)
		}
		got, problems := words(line)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
		if len(problems) > 0 {
			t.Errorf("%s: %v", line, lines(problems))
		}
	}
}

// All bad words come together, each with what to write.
func TestBadWords(t *testing.T) {
	w, problems := words("rd.luks.uuid rd.luks.uuid=luks- rd.luks.name=x rd.luks.name=ab=a/b rd.luks.data=x=/dev/sda rd.luks.data=" + uuidA + "=sda " +
		"rd.luks.options=tries=x rd.luks.key=abc=/x rd.luks.key=" + uuidA + "=x rd.luks.key=: rd.luks.key=/a:sda rd.luks.key=/a:/dev/sda:/srv rd.luks.key.tout=x rd.luks.timeout=- rd.luks.header=x " +
		"rd.luks.frob rd.lvm.vg=a/b rd.lvm.lv=a rd.luks=maybe rd_LUKS_UUID=ab rd_NO_LVM")
	if diff := cmp.Diff([]string{
		"rd.luks.uuid (/proc/cmdline): the value is missing; write rd.luks.uuid=VALUE",
		"rd.luks.uuid=luks- (/proc/cmdline): it names no volume; write rd.luks.uuid=ID",
		"rd.luks.name=x (/proc/cmdline): not an ID and a name; write rd.luks.name=UUID=NAME",
		"rd.luks.name=ab=a/b (/proc/cmdline): not a name of a mapping, the name stays luks-ab; write 1 to 127 letters, digits and any of _.+- as the name",
		"rd.luks.data=x=/dev/sda (/proc/cmdline): not the UUID of a volume and a device; write rd.luks.data=UUID=DEVICE",
		"rd.luks.data=" + uuidA + "=sda (/proc/cmdline): not the UUID of a volume and a device; write rd.luks.data=UUID=DEVICE",
		"tries=x (/proc/cmdline): not a number; write tries=NUMBER",
		"rd.luks.key=abc=/x (/proc/cmdline): abc is no UUID; write rd.luks.key=UUID=/PATH[:DEVICE] or rd.luks.key=/PATH[:DEVICE[:VOLUME]]",
		"rd.luks.key=" + uuidA + "=x (/proc/cmdline): not an absolute path on a block device; write rd.luks.key=UUID=/PATH[:DEVICE] or rd.luks.key=/PATH[:DEVICE[:VOLUME]]",
		"rd.luks.key=: (/proc/cmdline): the path is missing; write rd.luks.key=/PATH[:DEVICE[:VOLUME]]",
		"rd.luks.key=/a:sda (/proc/cmdline): the key file is on no block device; write rd.luks.key=/PATH:UUID=... or rd.luks.key=/PATH:/dev/NAME",
		"rd.luks.key=/a:/dev/sda:/srv (/proc/cmdline): the volume is no block device; write rd.luks.key=/PATH:DEVICE:UUID=...",
		"rd.luks.key.tout=x (/proc/cmdline): not a number; write rd.luks.key.tout=SECONDS",
		"rd.luks.timeout=- (/proc/cmdline): not a number; write rd.luks.timeout=SECONDS",
		"rd.luks.header=x (/proc/cmdline): there is no such word; write rd.luks.options=UUID=header=/PATH[:DEVICE]",
		"rd.luks.frob (/proc/cmdline): there is no such word; write a word of dracut.cmdline(7), or leave it out",
		"rd.lvm.vg=a/b (/proc/cmdline): not a name of a volume group; write rd.lvm.vg=VG",
		"rd.lvm.lv=a (/proc/cmdline): not a volume group and a logical volume; write rd.lvm.lv=VG/LV",
		"rd.luks=maybe (/proc/cmdline): neither yes nor no, it counts as yes; write rd.luks=0|1",
		"rd_LUKS_UUID=ab (/proc/cmdline): this name is deprecated; write rd.luks.uuid=ab",
		"rd_NO_LVM (/proc/cmdline): this name is deprecated; write rd.lvm=0",
	}, lines(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	want := Words{LUKS: true, Crypttab: true, LVMConf: true, KeyWait: 10 * time.Second, UUIDs: []Wanted{{"ab", false, "rd.luks.uuid=ab"}}, Names: []Named{{"ab", ""}},
		Options: []NamedOptions{{"", Options{KeySlot: -1}}}}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}

// FuzzWords: whatever stands on the line, every problem is one clear line, and no volume is plain or has a name that is none of a node.
func FuzzWords(f *testing.F) {
	f.Add("rd.luks.name=" + uuidA + "=a/b rd.luks.options=" + uuidA + "=header=/x:LABEL=y rd.luks.key=/k:LABEL=a:UUID=1 rd.luks.uuid=keysource:luks-1")
	f.Add("luks.uuid=1 rd.luks.key=" + uuidA + "=/k rd.luks.data=" + uuidA + "=/dev/a rd.lvm.lv=a/b rd.luks.allow-discards=1 rd.luks.timeout=08 rd_NO_LUKS")
	f.Fuzz(func(t *testing.T, line string) {
		w, problems := words(line)
		checkProblems(t, problems)
		for _, d := range []Device{{UUID: uuidA, PartUUID: "1", Serial: "x"}, {Nodes: []string{"/dev/a"}}, {UUID: line, Serial: line}} {
			v, ok := w.Volume(nil, d)
			if !ok {
				continue
			}
			checkName(t, v.Name)
			if v.Options.Mode == Plain && !strings.Contains(line, "plain") {
				t.Errorf("%q is plain", line)
			}
		}
		for _, lv := range w.LVs {
			if strings.Count(lv, "/") != 1 {
				t.Errorf("logical volume %q", lv)
			}
		}
	})
}
