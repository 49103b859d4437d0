package crypttab

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var diskA = Device{UUID: uuidA, Label: "lab", PartUUID: "1234-02", PartLabel: "the root", Serial: "SER1", Nodes: []string{"/dev/sda2", "/dev/disk/by-id/ata-x-part2"}}

// The names that a mapping gets, and whether it is asked for.
func TestVolumeName(t *testing.T) {
	for _, tt := range []struct{ line, tab, want string }{
		{"", "", "luks-" + uuidA + " no"},
		{"rd.luks=0", "a UUID=" + uuidA, ""},
		{"rd.auto", "", "luks-" + uuidA + " yes rd.auto"},
		{"rd.luks.uuid=" + uuidA, "", "luks-" + uuidA + " yes rd.luks.uuid=" + uuidA},
		{"rd.luks.uuid=luks-2222", "", "luks-2222 yes rd.luks.uuid=luks-2222"},
		{"rd.luks.uuid=luks-2222", "a UUID=" + uuidA, "a yes rd.luks.uuid=luks-2222"},
		{"rd.luks.uuid=3333-2222", "", "luks-" + uuidA + " no"},
		{"rd.luks.uuid=2*", "", "luks-" + uuidA + " no"},
		{"rd.luks.name=" + uuidA + "=b", "a UUID=" + uuidA, "b yes rd.luks.name=" + uuidA + "=b"},
		{"rd.luks.uuid=2222 rd.luks.name=2222=b", "", "b yes rd.luks.uuid=2222"},
		{"rd.luks.partuuid=34-02 rd.luks.uuid=zzz", "", "luks-34-02 yes rd.luks.partuuid=34-02"},
		{"rd.luks.partuuid=34-02 rd.luks.name=34-02=p", "", "p yes rd.luks.partuuid=34-02"},
		{"rd.luks.partuuid=zzz rd.luks.uuid=" + uuidA, "", "luks-" + uuidA + " no"},
		{"rd.luks.serial=SER rd.luks.uuid=zzz", "", "luks-SER yes rd.luks.serial=SER"},
		{"", "a UUID=" + uuidA, "a yes crypttab: a"},
		{"", "a UUID=" + strings.ToUpper(uuidA), "a yes crypttab: a"},
		{"", "a UUID=" + uuidA + " none noauto", "a no crypttab: a"},
		{"rd.luks.crypttab=0", "a UUID=" + uuidA, "luks-" + uuidA + " no"},
		{"rd.luks.uuid=zzz", "a UUID=" + uuidA, "a no crypttab: a"},
		{"", "a UUID=" + uuidB + "\nb PARTUUID=1234-02", "b yes crypttab: b"},
		{"", "a PARTLABEL=the\\040root", "a yes crypttab: a"},
		{"", "a LABEL=lab", "a yes crypttab: a"},
		{"", "a ID=ata-x-part2", "a yes crypttab: a"},
		{"", "a /dev/sda2", "a yes crypttab: a"},
		{"", "a /dev/disk/by-uuid/" + uuidA, "a yes crypttab: a"},
		{"", "a /dev/sda", "luks-" + uuidA + " no"},
	} {
		w, _ := words(tt.line)
		entries, _ := Parse("crypttab", tt.tab)
		v, ok := w.Volume(entries, diskA)
		got := ""
		if ok {
			got = v.Name + map[bool]string{true: " yes ", false: " no "}[v.Wanted] + v.Why
		}
		if strings.TrimSpace(got) != tt.want {
			t.Errorf("%q, %q: %q, want %q", tt.line, tt.tab, got, tt.want)
		}
	}
}

// The sources of keys stand in their order.
func TestVolumeKeys(t *testing.T) {
	usual := "?/etc/cryptsetup-keys.d/N.key ?/run/cryptsetup-keys.d/N.key"
	for _, tt := range []struct{ line, tab, want string }{
		{"", "", usual},
		{"", "N UUID=" + uuidA + " /k:LABEL=x", "/k:LABEL=x"},
		{"rd.luks.key=/any rd.luks.key=/b:/:UUID=1111 rd.luks.key=" + uuidA + "=/c:LABEL=y rd.luks.key=/other:/:UUID=2222", "N UUID=" + uuidA + " /k", "/k /b /c:LABEL=y ?/any */any"},
		{"rd.luks.key=/a:LABEL=z", "", "/a:LABEL=z " + usual},
		{"rd.luks.key=" + uuidB + "=/a", "", usual},
		{"rd.luks.uuid=keysource:" + uuidA + " rd.luks.key=/a", "N UUID=" + uuidA + " /k", "/k"},
		{"rd.luks.uuid=keysource:" + uuidA + " rd.luks.key=/a", "", usual},
	} {
		w, _ := words("rd.luks.name=" + uuidA + "=N " + tt.line)
		entries, _ := Parse("crypttab", tt.tab)
		v, _ := w.Volume(entries, diskA)
		var got []string
		for _, k := range v.Keys {
			s := k.File.Path
			if k.File.Device != "" {
				s += ":" + k.File.Device
			}
			switch {
			case k.Optional:
				s = "?" + s
			case k.Anywhere:
				s = "*" + s
			}
			got = append(got, s)
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q, %q: %s", tt.line, tt.tab, diff)
		}
	}
}

func TestVolumeOptions(t *testing.T) {
	tab := "a UUID=" + uuidA + " none tries=1,timeout=7"
	for _, tt := range []struct {
		line, tab string
		want      Options
	}{
		{"", "", Options{KeySlot: -1, KeyTimeout: 10 * time.Second}},
		{"rd.luks.options=tries=2", "", Options{KeySlot: -1, Tries: 2, KeyTimeout: 10 * time.Second}},
		{"rd.luks.options=tries=2 rd.luks.key.tout=0", tab, Options{KeySlot: -1, Tries: 1, Timeout: 7 * time.Second, TimeoutGiven: true}},
		{"rd.luks.options=" + uuidA + "=tries=3 rd.luks.options=tries=2 rd.luks.timeout=9", tab, Options{KeySlot: -1, Tries: 3, KeyTimeout: 10 * time.Second, Timeout: 9 * time.Second}},
		{"rd.luks.options=" + uuidB + "=tries=3", "", Options{KeySlot: -1, KeyTimeout: 10 * time.Second}},
		{"rd.luks.allow-discards", "", Options{KeySlot: -1, KeyTimeout: 10 * time.Second, Discard: true}},
		{"rd.luks.allow-discards=luks-" + uuidA, "", Options{KeySlot: -1, KeyTimeout: 10 * time.Second, Discard: true}},
		{"rd.luks.allow-discards=luks-" + uuidB, "", Options{KeySlot: -1, KeyTimeout: 10 * time.Second}},
	} {
		w, _ := words(tt.line)
		entries, _ := Parse("crypttab", tt.tab)
		v, _ := w.Volume(entries, diskA)
		if diff := cmp.Diff(tt.want, v.Options); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.line, diff)
		}
	}
}

// A device without a LUKS superblock is a volume only if its header is said to be elsewhere, and never a plain one by itself.
func TestVolumeWithoutSuperblock(t *testing.T) {
	bare := Device{PartUUID: "1234-02", Serial: "SER1", Nodes: []string{"/dev/sda2"}}
	for _, tt := range []struct {
		line, tab, name, header string
		refused                 bool
	}{
		{"", "", "", "", false},
		{"rd.auto rd.luks.serial=SER", "", "", "", false},
		{"", "a /dev/sda2 none cipher=aes,size=256", "", "", false},
		{"", "a /dev/sda2 none header=/h", "a", "/h", false},
		{"", "a /dev/sda2 none plain", "a", "", true},
		{"", "a /dev/sda2 /dev/urandom swap", "", "", false},
		{"", "a /dev/sda2 none plain,tmp", "a", "", true},
		{"rd.luks.options=header=/h", "", "", "", false},
		{"rd.luks.partuuid=1234 rd.luks.options=header=/h", "", "luks-1234", "/h", false},
		{"rd.luks.uuid=" + uuidA + " rd.luks.data=" + uuidA + "=/dev/sda2 rd.luks.options=" + uuidA + "=header=/h:LABEL=b", "", "luks-" + uuidA, "/h", false},
	} {
		w, _ := words(tt.line)
		entries, _ := Parse("crypttab", tt.tab)
		v, ok := w.Volume(entries, bare)
		if ok != (tt.name != "") || v.Name != tt.name || v.Options.Header.Path != tt.header || ok && (v.Options.Refusal() != nil) != tt.refused {
			t.Errorf("%q, %q: %+v, %v", tt.line, tt.tab, v, ok)
		}
	}
}

func TestRefusal(t *testing.T) {
	for text, cryptsetup := range map[string]bool{"plain": true, "tcrypt": true, "bitlk": true, "swap": false, "tmp": false} {
		o, _ := ParseOptions(text)
		if err := o.Refusal(); err == nil || errors.Is(err, ErrNeedsCryptsetup) != cryptsetup {
			t.Errorf("%s: %v", text, err)
		}
	}
	if o, _ := ParseOptions("luks,swap=x,auto"); o.Refusal() == nil {
		t.Error("swap=x is taken")
	}
	if o, _ := ParseOptions("luks,discard"); o.Refusal() != nil {
		t.Error(o.Refusal())
	}
}
