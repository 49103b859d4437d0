package kmod

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func conf(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func TestReadPolicy(t *testing.T) {
	p, errs := ReadPolicy(fstest.MapFS{
		"etc/modprobe.d/b.conf":          conf("# a comment\n\nblacklist pcspkr\r\n  blacklist snd-pcsp\noptions loop max_loop=8\noptions loop \\\n  max_part=4\n"),
		"etc/modprobe.d/notes.txt":       conf("blacklist never\n"),
		"usr/lib/modprobe.d/b.conf":      conf("blacklist shadowed\n"),
		"usr/lib/modprobe.d/a.conf":      conf("alias net-pf-1[0-9] ipv-6\nsoftdep uas pre: usb-storage post: sd_mod\nweakdep x y\n"),
		"run/modprobe.d/masked.conf":     {Mode: fs.ModeDevice | fs.ModeCharDevice},
		"usr/lib/modprobe.d/masked.conf": conf("blacklist masked\n"),
		"lib/modprobe.d/z.conf": conf("install dccp /bin/false\ninstall sr-mod /sbin/modprobe --ignore-install sr_mod && echo\n" +
			"install floppy /usr/bin/logger no floppy\nremove x y\nfoo bar\nblacklist\nblacklist last"),
	})
	want := Policy{
		Blacklist: map[string]bool{"pcspkr": true, "snd_pcsp": true, "last": true},
		Options:   map[string]string{"loop": "max_loop=8 max_part=4"},
		Aliases:   []Alias{{"net_pf_1[0-9]", "ipv_6"}},
		Softdeps:  []Softdep{{"uas", []string{"usb-storage"}, []string{"sd_mod"}}},
		Install: map[string]string{"dccp": "/bin/false", "floppy": "/usr/bin/logger no floppy",
			"sr_mod": "/sbin/modprobe --ignore-install sr_mod && echo"},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %+v\nwant %+v", p, want)
	}
	var lines []string
	for _, err := range errs {
		lines = append(lines, strings.TrimPrefix(err.Error(), "lib/modprobe.d/z.conf "))
	}
	wantErrs := []string{
		"line 2: the install command of sr_mod is not run, the module is loaded plainly: /sbin/modprobe --ignore-install sr_mod && echo",
		"line 3: the install command of floppy is not run, and the module is not loaded: /usr/bin/logger no floppy",
		"line 4: the command for removing x is never run",
		`line 5: "foo bar" is no line of modprobe.d(5); write alias, blacklist, options or softdep`,
		`line 6: "blacklist" is no line of modprobe.d(5); write alias, blacklist, options or softdep`,
	}
	if !slices.Equal(lines, wantErrs) {
		t.Errorf("errors:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(wantErrs, "\n"))
	}
	for name, barred := range map[string]bool{"dccp": true, "floppy": true, "sr-mod": false, "loop": false} {
		if _, got := p.Barred(name); got != barred {
			t.Errorf("Barred(%s) = %v", name, got)
		}
	}
}

func TestReadPolicyOfNothing(t *testing.T) {
	if p, errs := ReadPolicy(fstest.MapFS{}); len(errs) != 0 || !reflect.DeepEqual(p, Policy{}) {
		t.Errorf("%+v %v", p, errs)
	}
	huge := conf(strings.Repeat("#", maxConf+1))
	if _, errs := ReadPolicy(fstest.MapFS{"etc/modprobe.d/huge.conf": huge}); len(errs) != 1 {
		t.Errorf("a file of more than 1 MiB: %v", errs)
	}
}

func TestAddCommandLine(t *testing.T) {
	p := Policy{Options: map[string]string{"loop": "max_loop=8"}}
	p.AddCommandLine([]string{"a-b"}, []string{"c-d"}, map[string]string{"loop": "max_loop=1", "x-y": "z=1"})
	want := Policy{
		Blacklist: map[string]bool{"a_b": true}, Forbidden: map[string]bool{"c_d": true},
		Options: map[string]string{"loop": "max_loop=8 max_loop=1", "x_y": "z=1"},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %+v\nwant %+v", p, want)
	}
}

func TestReadModulesLoad(t *testing.T) {
	got := ReadModulesLoad(fstest.MapFS{
		"etc/modules-load.d/b.conf":     conf("# comment\n; comment\nloop\n\n dm-mod \nloop\n"),
		"usr/lib/modules-load.d/b.conf": conf("never\n"),
		"usr/lib/modules-load.d/a.conf": conf("virtio_rng"),
	})
	if want := []string{"virtio_rng", "loop", "dm-mod"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestPolicyAgainstModprobe reads the same modprobe.d as modprobe and compares what would be loaded.
func TestPolicyAgainstModprobe(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "etc", "modprobe.d")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text := "alias my-disk virtio_blk\nalias my-net* virtio-net\nsoftdep virtio-blk pre: loop post: dm-mod\n" +
		"options virtio_blk num_request_queues=2\noptions virtio-blk poll_queues=1\n"
	if err := os.WriteFile(filepath.Join(dir, "x.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	policy, errs := ReadPolicy(os.DirFS(root))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, k := range kernels(t) {
		for _, word := range []string{"virtio_blk", "my-disk", "my_network", "virtio:d00000002v00001AF4"} {
			lines, err := modprobe(t, dir, "-S", k.version, "-d", k.dir, "--show-depends", word)
			if err != nil {
				t.Errorf("modprobe %s: %v", word, err)
			}
			var want, got []string
			for _, line := range lines {
				if rest, ok := strings.CutPrefix(line, "insmod "); ok {
					file, params, _ := strings.Cut(rest, " ")
					want = append(want, strings.TrimSpace(NameOf(file)+" "+params))
				}
			}
			order, _ := LoadOrder(k.index(t), &policy, word)
			for _, name := range order {
				got = append(got, strings.TrimSpace(name+" "+policy.params(name, "")))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s:\n got  %q\n want %q", word, got, want)
			}
		}
	}
}

// FuzzPolicy reads arbitrary modprobe.d files.
func FuzzPolicy(f *testing.F) {
	f.Add("alias a* b\noptions b c=1 \\\nd\n")
	f.Add("install x\nsoftdep a pre: b post:\nblacklist \\")
	f.Fuzz(func(t *testing.T, text string) {
		p := Policy{}
		p.parse("f", text)
		p.alias("a-b[c")
		for name := range p.Install {
			p.Barred(name)
		}
	})
}

// FuzzSoftdep reads arbitrary softdep lines, and those it wrote again.
func FuzzSoftdep(f *testing.F) {
	f.Add("softdep a pre: b c post: d\nsoftdep cifs gcm\n# x\nsoftdep\n")
	f.Fuzz(func(t *testing.T, text string) {
		all := slices.DeleteFunc(parseSoftdeps(text), func(s Softdep) bool { return len(s.Pre)+len(s.Post) == 0 })
		again := parseSoftdeps(SoftdepText(all))
		if len(all)+len(again) > 0 && !reflect.DeepEqual(all, again) {
			t.Errorf("%v became %v", all, again)
		}
	})
}
