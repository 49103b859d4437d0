package crypttab

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	uuidA = "11111111-2222-3333-4444-555555555555"
	uuidB = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
)

func lines(problems []Problem) []string {
	var s []string
	for _, p := range problems {
		s = append(s, p.String())
	}
	return s
}

func TestParse(t *testing.T) {
	text := "# comment\n\n \t# another\n" +
		"root UUID=" + uuidA + "\n" +
		"home\tPARTUUID=1234-5 \t none luks,discard\r\n" +
		"a.b_c+d-e /dev/disk/by-id/x /key:with:colon -\n" +
		"k LABEL=\"quoted\" /keys/a\\040b:UUID=ABCD-1234 keyfile-offset=512,keyfile-size=64\n" +
		"s PARTLABEL=s /dev/urandom swap ignored words\n" +
		"i ID=wwn-1 /dev/sdb1 x-initrd.attach,_netdev,nofail,noauto"
	options := func(change func(*Options)) Options {
		o := Options{KeySlot: -1}
		if change != nil {
			change(&o)
		}
		return o
	}
	want := []Entry{
		{4, "root", "UUID=" + uuidA, Location{}, options(nil)},
		{5, "home", "PARTUUID=1234-5", Location{}, options(func(o *Options) { o.Discard = true })},
		{6, "a.b_c+d-e", "/dev/disk/by-id/x", Location{"/key:with:colon", ""}, options(func(o *Options) { o.Unknown = []string{"-"} })},
		{7, "k", "LABEL=quoted", Location{"/keys/a b", "UUID=ABCD-1234"}, options(func(o *Options) { o.KeyOffset, o.KeySize = 512, 64 })},
		{8, "s", "PARTLABEL=s", Location{}, options(func(o *Options) { o.Swap = true })},
		{9, "i", "ID=wwn-1", Location{"/dev/sdb1", ""}, options(func(o *Options) { o.Initramfs, o.NetDev, o.NoFail, o.NoAuto = true, true, true, true })},
	}
	got, problems := Parse("/etc/crypttab", text)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"/etc/crypttab:6: -: no such option, it is ignored; write an option of crypttab(5), or leave it out",
		"/etc/crypttab:8: /dev/urandom: no key of a volume that lasts, the passphrase is asked for; write none",
	}, lines(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// A bad line costs that line, and each says its number.
func TestBadLines(t *testing.T) {
	text := "a\n" +
		"a/b UUID=1\n" +
		".. UUID=1\n" +
		"control UUID=1\n" +
		"a\\057b UUID=1\n" +
		"a UUID=\n" +
		"a UUID=x\\000\n" +
		"a sda1\n" +
		"a /srv/image\n" +
		"a /dev/../etc\n" +
		strings.Repeat("n", 128) + " UUID=1\n" +
		"a UUID=1 " + strings.Repeat("k", maxLine) + "\n" +
		"good UUID=1 key tries=many,key-slot=32,keyfile-size=0x1,sector-size=513,timeout=soon,password-echo=loud,header=h,header,keyscript=/x\n" +
		"better UUID=1 /k:/srv/x\nbest UUID=1 /k:UUID="
	entries, problems := Parse("f", text)
	if len(entries) != 3 || entries[0].Name != "good" || entries[0].Line != 13 || entries[1].Name != "better" {
		t.Errorf("entries: %+v", entries)
	}
	var got []string
	for _, p := range problems {
		line, _, _ := strings.Cut(strings.TrimPrefix(p.String(), "f:"), " ")
		got = append(got, line+p.Reason)
	}
	const name, device = "not a name of a mapping", "not a block device"
	if diff := cmp.Diff([]string{
		"1:the device is missing", "2:" + name, "3:" + name, "4:" + name, "5:" + name, "6:" + device, "7:a zero byte", "8:" + device, "9:" + device, "10:" + device, "11:" + name,
		"12:the line is longer than 4096 bytes",
		"13:not a number", "13:not within 0 to 31", "13:not a number", "13:not a size of sectors", "13:not a time", "13:not one of its values", "13:not an absolute path",
		"13:the value is missing", "13:no program is run to get a key",
		"14:the key file is on no block device, the passphrase is asked for", "15:the key file is on no block device, the passphrase is asked for",
	}, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestOptions(t *testing.T) {
	for text, change := range map[string]func(*Options){
		"":                                nil,
		"luks,,none":                      func(o *Options) { o.Unknown = []string{"none"} },
		"plain,luks":                      nil,
		"luks,plain":                      func(o *Options) { o.Mode = Plain },
		"cipher=aes,hash=x,size=256":      func(o *Options) { o.PlainText = []string{"cipher=aes", "hash=x", "size=256"} },
		"tcrypt-hidden":                   func(o *Options) { o.Mode = TrueCrypt },
		"bitlk":                           func(o *Options) { o.Mode = BitLocker },
		"discard,discard=no":              nil,
		"allow-discards":                  func(o *Options) { o.Discard = true },
		"no-read-workqueue,readonly":      func(o *Options) { o.NoReadWorkqueue, o.ReadOnly = true, true },
		"no-write-workqueue,read-only":    func(o *Options) { o.NoWriteWorkqueue, o.ReadOnly = true, true },
		"same-cpu-crypt":                  func(o *Options) { o.SameCPU = true },
		"submit-from-crypt-cpus":          func(o *Options) { o.SubmitFromCPUs = true },
		"tries=3,timeout=0,key-slot=0":    func(o *Options) { o.Tries, o.TimeoutGiven, o.KeySlot = 3, true, 0 },
		"timeout=1min30s":                 func(o *Options) { o.Timeout, o.TimeoutGiven = 90*time.Second, true },
		"keyfile-timeout=500ms,keyslot=7": func(o *Options) { o.KeyTimeout, o.KeyTimeoutGiven, o.KeySlot = 500*time.Millisecond, true, 7 },
		"timeout=infinity":                func(o *Options) { o.TimeoutGiven = true },
		"header=/h:LABEL=x":               func(o *Options) { o.Header = Location{"/h", "LABEL=x"} },
		"header=/dev/sdc":                 func(o *Options) { o.Header.Path = "/dev/sdc" },
		"sector-size=4096":                func(o *Options) { o.SectorSize = 4096 },
		"swap":                            func(o *Options) { o.Swap = true },
		"tmp=ext4":                        func(o *Options) { o.Temporary = true },
		"noauto,auto,nofail,fail":         nil,
		"initramfs":                       func(o *Options) { o.Initramfs = true },
		"try-empty-password,headless=yes": func(o *Options) { o.TryEmpty, o.Headless = true, true },
		"password-echo=0":                 func(o *Options) { o.Echo = "no" },
		"password-cache=read-only":        func(o *Options) { o.Cache = "read-only" },
		"tpm2-device=auto,fido2-device=auto,pkcs11-uri=p": func(o *Options) {
			o.Tokens = []string{"tpm2-device=auto", "fido2-device=auto", "pkcs11-uri=p"}
		},
		"keyscript=/x": func(o *Options) { o.Keyscript = "/x" },
		"x-systemd.device-timeout=1,verify,token-timeout=1": nil,
		"frob=1": func(o *Options) { o.Unknown = []string{"frob=1"} },
	} {
		want := Options{KeySlot: -1}
		if change != nil {
			change(&want)
		}
		got, problems := ParseOptions(text)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if named := len(got.Unknown) > 0 || got.Keyscript != ""; named != (len(problems) > 0) {
			t.Errorf("%q: %v", text, lines(problems))
		}
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "5": 5 * time.Second, "5s": 5 * time.Second, "2h": 2 * time.Hour, "1M": 2629800 * time.Second, "99999999999999": maxSpan, "1y1y": 2 * 31557600 * time.Second,
		"": -1, "s": -1, "1.5": -1, "-1": -1, "5 s": -1, "1x": -1, "9999999999999999999": -1,
	} {
		if got, ok := parseSpan(text); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, ok, want)
		}
	}
}

// TestValidName: what /dev/mapper and the arguments of programs can bear.
func TestValidName(t *testing.T) {
	for name, ok := range map[string]bool{
		"root": true, "luks-b619b2bd-7881-4fa8-9969-634aca4903c3": true, "A_b.c+d-1": true, strings.Repeat("a", 127): true, ".x": true,
		"": false, strings.Repeat("a", 128): false, "control": false, ".": false, "..": false, "a/b": false, "a b": false, "a\n": false, "ä": false, "a\x00": false, "a@b": false, "a`b": false, "a{b": false,
	} {
		if ValidName(name) != ok {
			t.Errorf("%q: %v", name, !ok)
		}
	}
}

func TestBounds(t *testing.T) {
	entries, problems := Parse("f", strings.Repeat("a UUID=1 none frob\n", 1000))
	if len(entries) != maxEntries || len(problems) != maxProblems {
		t.Errorf("%d entries, %d problems", len(entries), len(problems))
	}
	if entries, _ := Parse("f", strings.Repeat("\n", maxText)+"a UUID=1"); len(entries) != 0 {
		t.Errorf("behind the bound: %v", entries)
	}
	o, _ := ParseOptions(strings.Repeat("frob,", 1000))
	if len(o.Unknown) != maxOptions {
		t.Errorf("%d options", len(o.Unknown))
	}
}

// FuzzCrypttab: whatever the file says, no volume is plain of which it does not say so, and every name can be one of a node.
func FuzzCrypttab(f *testing.F) {
	f.Add("root UUID=" + uuidA + " none luks,discard\nswap /dev/sda3 /dev/urandom swap,cipher=aes-xts-plain64,size=256\n")
	f.Add("a\\057b LABEL=x /k:LABEL=y header=/h:UUID=z,keyfile-offset=1,timeout=1min,tcrypt\n# plain\nb PARTUUID=\"1\" - plain,tmp=ext4\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		entries, problems := Parse("f", text)
		for _, e := range entries {
			checkName(t, e.Name)
			if e.Options.Mode == Plain && !saysPlain(text, e.Line) {
				t.Errorf("%q is plain: %+v", e.Name, e)
			}
			if o := e.Options; o.Mode == Plain && o.Refusal() == nil || o.KeyOffset < 0 || o.KeySize < 0 || o.KeySlot < -1 || o.KeySlot > maxSlot || o.Tries < 0 || o.Timeout < 0 || o.KeyTimeout < 0 {
				t.Errorf("out of range: %+v", o)
			}
			if e.Key.Path != "" && e.Key.Path[0] != '/' || e.Options.Header.Path != "" && e.Options.Header.Path[0] != '/' {
				t.Errorf("a path that is not absolute: %+v", e)
			}
			v, _ := (&Words{LUKS: true, Crypttab: true}).Volume(entries, Device{UUID: uuidA, Nodes: []string{e.Device}})
			checkName(t, v.Name)
		}
		checkProblems(t, problems)
	})
}

// saysPlain says whether the options of a line have the word.
func saysPlain(text string, line int) bool {
	fields := strings.FieldsFunc(strings.Split(text, "\n")[line-1], isBlank)
	for option := range strings.SplitSeq(unescape(fields[3]), ",") {
		if name, _, _ := strings.Cut(option, "="); name == "plain" {
			return true
		}
	}
	return false
}

func checkName(t *testing.T, name string) {
	if len(name) < 1 || len(name) > 127 || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-") != "" || strings.Trim(name, ".") == "" && len(name) < 3 {
		t.Errorf("name %q", name)
	}
}

func checkProblems(t *testing.T, problems []Problem) {
	if len(problems) > maxProblems {
		t.Errorf("%d problems", len(problems))
	}
	for _, p := range problems {
		if p.Word == "" || p.Reason == "" || p.Want == "" && !p.Deprecated || strings.ContainsAny(p.String(), "\n\r\x1b") {
			t.Errorf("problem %+v", p)
		}
	}
}
