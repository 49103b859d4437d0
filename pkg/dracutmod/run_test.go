package dracutmod

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeKernel has modules by their paths below the module folder; the symbols that one takes follow it.
type fakeKernel struct {
	files   map[string]string
	symbols map[string]string
}

func (k fakeKernel) Resolve(word string) (names []string, builtin bool) {
	if word = strings.ReplaceAll(word, "-", "_"); k.files[word] != "" {
		return []string{word}, false
	}
	return nil, word == "builtin"
}

func (k fakeKernel) Below(folder string) (names []string) {
	for n, f := range k.files {
		if strings.HasPrefix(f, folder) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

func (k fakeKernel) Path(name string) string { return k.files[name] }

func (k fakeKernel) Load(name string) ([]byte, error) { return object(k.symbols[name]), nil }

// object is an ELF file whose symbol table has undefined symbols of the given names.
func object(names string) []byte {
	strtab := []byte{0}
	symtab := make([]byte, 24)
	for n := range strings.FieldsSeq(names) {
		s := make([]byte, 24)
		s[0], s[1], s[4] = byte(len(strtab)), byte(len(strtab)>>8), 0x10
		symtab, strtab = append(symtab, s...), append(append(strtab, n...), 0)
	}
	at := 64 + 3*64
	head := make([]byte, at)
	copy(head, "\x7fELF\x02\x01\x01")
	head[16], head[18], head[20], head[40], head[52], head[58], head[60], head[62] = byte(elf.ET_REL), byte(elf.EM_X86_64), 1, 64, 64, 64, 3, 2
	section := func(i int, kind elf.SectionType, offset, size, link, entry int) {
		s := head[64+i*64:]
		s[4] = byte(kind)
		for j, v := range map[int]int{24: offset, 32: size, 40: link, 56: entry} {
			s[j], s[j+1] = byte(v), byte(v>>8)
		}
	}
	section(1, elf.SHT_SYMTAB, at, len(symtab), 2, 24)
	section(2, elf.SHT_STRTAB, at+len(symtab), len(strtab), 0, 0)
	return slices.Concat(head, symtab, strtab)
}

// tree writes modules: "NNname: line; line" is a module-setup.sh each.
func tree(t *testing.T, modules map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range modules {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, setup), []byte("#!/bin/bash\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// files lists what lies in the staging folder, without folders and the link for the hooks.
func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Type()&fs.ModeSymlink == 0 {
			list = append(list, strings.TrimPrefix(file, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestOrderAndDependencies(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	say := func(name, rest string) string {
		return `check() { echo "check ` + name + ` $1" >>` + log + `; ` + rest + ` }
install() { echo "install ` + name + `" >>` + log + `; for m in a b c d; do dracut_module_included $m && printf %s $m >>` + log + `; done; echo >>` + log + `; }
installkernel() { echo "kernel ` + name + `" >>` + log + `; }`
	}
	dir := tree(t, map[string]string{
		"50a":   say("a", "return 0;") + "\ndepends() { echo b c; }",
		"40b":   say("b", "return 255;") + "\ndepends() { echo a; }", // a circle
		"60c":   say("c", "return 0;"),
		"10d":   say("d", "return 0;"),
		"notes": "",
		"7x":    "",
	})
	r, err := Run(Options{Dirs: []string{dir}, Add: []string{"a"}, Stage: t.TempDir(), KVER: "6"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range r.Modules {
		names = append(names, m.Number+m.Name)
	}
	text, _ := os.ReadFile(log)
	const want = "check a \ncheck b \ncheck c \ninstall b\nabc\nkernel b\ninstall a\nabc\nkernel a\ninstall c\nabc\nkernel c\n"
	if string(text) != want || !slices.Equal(names, []string{"40b", "50a", "60c"}) || !r.Has("b") || r.Has("d") {
		t.Errorf("%q\n%s", names, text)
	}
	list, err := List([]string{dir})
	if err != nil || len(list) != 4 || list[0].Name != "d" {
		t.Errorf("%v, %v", list, err)
	}
}

func TestFailures(t *testing.T) {
	dir := tree(t, map[string]string{
		"10no":      "check() { require_binaries no-such-program || return 1; }",
		"10needs":   "depends() { echo absent; }",
		"10chain":   "depends() { echo no; }",
		"10syntax":  "install() { if; }",
		"10exit":    "install() {\n  exit 3\n}",
		"10kernel":  "installkernel() { instmods -c nothing; }",
		"10hang":    "install() { sleep 100; }",
		"10spin":    "install() { while :; do :; done; }",
		"10hook":    "install() { inst_hook nostage 10 /etc/passwd; }",
		"10nofile":  "install() { inst_hook cmdline 10 /no/such/file; }",
		"10killed":  "install() { kill -9 $$; }",
		"10forever": "check() { while :; do dinfo still; done; }",
	})
	for _, tt := range []struct{ add, omit, want string }{
		{"absent", "", "module absent is in none of " + dir},
		{"needs", "", "module absent, which needs depends on, is in none of"},
		{"chain", "", "module no, which chain depends on, does not fit this system: its check says 1: " + dir + "/10no/module-setup.sh:2: the program no-such-program is missing"},
		{"chain", "no", "module no, which chain depends on, is to be omitted"},
		{"syntax", "", "syntax error near unexpected token"},
		{"exit", "", "module exit: install of " + dir + "/10exit/module-setup.sh: it ended before its last line, by an exit at " + dir + "/10exit/module-setup.sh:3"},
		{"kernel", "", "module kernel: installkernel of " + dir + "/10kernel/module-setup.sh failed with status 1: " + dir + "/10kernel/module-setup.sh:2: the kernel has no module nothing"},
		{"hang", "", "is not through after 500ms: it hangs"},
		{"spin", "", "is not through after 500ms: it hangs"},
		{"forever", "", "is not through after 500ms: it hangs"},
		{"hook", "", "nostage is no stage"},
		{"nofile", "", "/no/such/file is no file"},
		{"killed", "", "it ended before its last line"},
	} {
		start := time.Now()
		o := Options{Dirs: []string{dir}, Add: []string{tt.add}, Omit: strings.Fields(tt.omit), Stage: t.TempDir(), KVER: "6", Kernel: fakeKernel{}, Deadline: 500 * time.Millisecond}
		if strings.Contains(tt.want, "sleep") || !strings.Contains(tt.want, "500ms") {
			o.Deadline = 0
		}
		_, err := Run(o)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.add, err)
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s: %v", tt.add, d)
		}
	}
	if _, err := Run(Options{Dirs: []string{"/no/such/folder"}, Add: []string{"x"}, Stage: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "--modulesdir") {
		t.Error(err)
	}
	full := t.TempDir()
	_ = os.WriteFile(filepath.Join(full, "x"), nil, 0o644)
	if _, err := Run(Options{Dirs: []string{dir}, Stage: full}); err == nil || !strings.Contains(err.Error(), "is no empty folder") {
		t.Error(err)
	}
}

func TestWarnings(t *testing.T) {
	dir := tree(t, map[string]string{"10w": `install() {
  no_such_function a b
  inst_multiple no-such-program
  inst_multiple -o no-such-program "/etc/no*such"
  inst_simple /no/such/file || inst /no/such/other
  dwarn "look out"
  inst --wrong /etc/passwd
}`})
	r, err := Run(Options{Dirs: []string{dir}, Add: []string{"w"}, Stage: t.TempDir(), KVER: "6"})
	if err != nil {
		t.Fatal(err)
	}
	at := "module w: " + dir + "/10w/module-setup.sh:"
	want := []string{
		at + "3: no_such_function is no program of this system, and no function of dracut's that there is here",
		at + "4: no-such-program is not there",
		at + "6: /no/such/other is not there",
		at + "7: look out",
		at + "8: option --wrong is not known",
	}
	if !slices.Equal(r.Warnings, want) {
		t.Errorf("%s", strings.Join(r.Warnings, "\n"))
	}
}

// TestDataIsNoCode: words with all that a shell could take for something else reach the module as they are, and nothing of them runs.
func TestDataIsNoCode(t *testing.T) {
	nasty := "$(touch /tmp/x) `id` \"'; exit 7 \n\t * \\ ~ \xff"
	stage := t.TempDir()
	dir := tree(t, map[string]string{"10w": `install() {
  printf '%s' "$strange" >"$initdir/etc/one"
  for d in "${!host_fs_types[@]}"; do printf '%s=%s' "$d" "${host_fs_types[$d]}"; done >"$initdir/etc/two"
  printf '%s|' "${host_devs[@]}" >"$initdir/etc/three"
  inst_simple /etc/passwd "/etc/$strange"
  dwarn "$strange"
  dinfo quiet
}`})
	o := Options{Dirs: []string{dir}, Add: []string{"w"}, Stage: stage, KVER: "6", Vars: map[string]string{"strange": nasty}}
	o.Host = Host{Devices: []string{nasty, "b"}, Types: map[string]string{nasty: nasty}}
	r, err := Run(o)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"one": nasty, "two": nasty + "=" + nasty, "three": nasty + "|b|"} {
		if text, err := os.ReadFile(filepath.Join(stage, "etc", name)); err != nil || string(text) != want {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if len(r.Warnings) != 1 || !strings.HasSuffix(r.Warnings[0], ": "+nasty) {
		t.Errorf("%q", r.Warnings)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	stage := t.TempDir()
	dir := tree(t, map[string]string{
		"10a": `install() { echo a >"$moddir/f"; inst_simple "$moddir/f" /etc/f; inst_hook cmdline 10 "$moddir/f"; echo own >"$initdir/etc/own"; }`,
		"20b": `install() { echo b >"$moddir/f"; inst_simple "$moddir/f" /etc/f; inst "$moddir/f" /etc/own; inst_hook cmdline 10 "$moddir/f"; inst_script "$moddir/f" /etc/g; }`,
	})
	if _, err := Run(Options{Dirs: []string{dir}, Add: []string{"b", "a"}, Stage: stage, KVER: "6"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"etc/f": "a\n", "etc/own": "own\n", "etc/g": "b\n", "var/lib/dracut/hooks/cmdline/10-f": "a\n", "usr/lib/dracut/hooks/cmdline/10-f": "a\n"} {
		if text, err := os.ReadFile(filepath.Join(stage, name)); err != nil || string(text) != want {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if info, err := os.Stat(filepath.Join(stage, "var/lib/dracut/hooks/cmdline/10-f")); err != nil || info.Mode() != 0o744 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestKernelModules(t *testing.T) {
	k := fakeKernel{
		files: map[string]string{
			"ahci": "kernel/drivers/ata/ahci.ko", "sd_mod": "kernel/drivers/scsi/sd_mod.ko.xz", "wifi": "kernel/drivers/net/wireless/wifi.ko", "e1000": "kernel/drivers/net/e1000.ko", "extra": "extra/drivers/net/extra.ko",
		},
		symbols: map[string]string{"ahci": "ata_host printk", "e1000": "eth_type_trans", "wifi": "eth_type_trans ieee80211"},
	}
	for _, tt := range []struct{ call, want string }{
		{"instmods ahci sd-mod builtin absent", "ahci sd_mod"},
		{"instmods =drivers/net", "e1000 wifi extra"},
		{"echo ahci | instmods", "ahci"},
		{"instmods /lib/modules/6/kernel/drivers/scsi/sd_mod.ko.xz", "sd_mod"},
		{"dracut_instmods -o -s 'eth_type_trans|ata_host' -P '/wireless/' =drivers", "ahci e1000 extra"},
		{"dracut_instmods -o -S ieee80211 -s ^eth =drivers", "e1000"},
		{"omit_drivers='^(ahci|wifi)$'; instmods ahci wifi e1000", "e1000"},
		{"hostonly=-h; instmods ahci wifi", ""},
		{"if instmods -c -s absent; then instmods wifi; else instmods ahci; fi", "ahci"},
		{"check_kernel_module absent || require_kernel_modules sd_mod && instmods sd_mod", "sd_mod"},
	} {
		if strings.Contains(tt.call, "'eth_type_trans|") {
			k.symbols["extra"] = "eth_type_trans"
		} else {
			k.symbols["extra"] = ""
		}
		dir := tree(t, map[string]string{"10k": "installkernel() {\n" + tt.call + "\n}"})
		r, err := Run(Options{Dirs: []string{dir}, Add: []string{"k"}, Stage: t.TempDir(), KVER: "6", Kernel: k})
		if err != nil {
			t.Errorf("%s: %v", tt.call, err)
			continue
		}
		got := slices.Sorted(slices.Values(r.KernelModules))
		if want := slices.Sorted(slices.Values(strings.Fields(tt.want))); !slices.Equal(got, want) || len(r.Warnings) > 0 {
			t.Errorf("%s: %q %q", tt.call, got, r.Warnings)
		}
	}
}

// TestTurns: subshells and the ends of a pipe ask at once, each gets its own answer.
func TestTurns(t *testing.T) {
	stage := t.TempDir()
	long := strings.Repeat("x", 9000)
	dir := tree(t, map[string]string{"10t": `install() {
  for i in 1 2 3 4 5 6 7 8; do
    ( for j in 1 2 3 4 5; do dracut_module_path t >/dev/null || touch "$initdir/wrong"; dracut_module_path "no` + long + `" && touch "$initdir/wrong"; inst_simple "$moddir/module-setup.sh" "/etc/$i-$j"; done ) &
  done
  wait
}`})
	if _, err := Run(Options{Dirs: []string{dir}, Add: []string{"t"}, Stage: stage, KVER: "6"}); err != nil {
		t.Fatal(err)
	}
	list := slices.DeleteFunc(files(t, stage), func(f string) bool { return strings.HasPrefix(f, "usr/") }) // bash, which the copies of a script need
	if len(list) != 40 || slices.Contains(list, "wrong") {
		t.Errorf("%q", list)
	}
}

// TestSysroot: files come from another root, and nothing of this machine goes in.
func TestSysroot(t *testing.T) {
	root, stage := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{"usr/bin/tool": "#!/bin/interp\n", "usr/bin/interp": "x", "etc/conf": "c", "usr/lib/dracut/modules.d/10m/" + setup: `install() { inst_multiple tool; inst_simple /etc/conf; inst_simple "$dracutsysrootdir/etc/conf" /etc/conf2; inst_multiple -o passwd; inst_simple "$moddir/module-setup.sh" /m; find_binary tool >"$initdir/where"; }`} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("usr/bin", filepath.Join(root, "bin")); err != nil {
		t.Fatal(err)
	}
	r, err := Run(Options{Sysroot: root, Dirs: []string{filepath.Join(root, "usr/lib/dracut/modules.d")}, Add: []string{"m"}, Stage: stage, KVER: "6"})
	if err != nil || len(r.Warnings) > 0 {
		t.Fatal(err, r)
	}
	if list := files(t, stage); !slices.Equal(list, []string{"etc/conf", "etc/conf2", "m", "usr/bin/interp", "usr/bin/tool", "where"}) {
		t.Errorf("%q", list)
	}
	if to, err := os.Readlink(filepath.Join(stage, "bin")); err != nil || to != "usr/bin" {
		t.Error(to, err)
	}
}

// TestLinksOfTheStageStayInside: a link of the system to an absolute path is written through by a module; the system's own file stays.
func TestLinksOfTheStageStayInside(t *testing.T) {
	root, stage := t.TempDir(), t.TempDir()
	for _, d := range []string{"etc", "usr/share"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(root, "usr/share/real")
	if err := os.WriteFile(file, []byte("system"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/usr/share/real", filepath.Join(root, "etc/link")); err != nil {
		t.Fatal(err)
	}
	dir := tree(t, map[string]string{"10m": `install() { inst_simple /etc/link; echo module >"$initdir/etc/link"; }`})
	if _, err := Run(Options{Sysroot: root, Dirs: []string{dir}, Add: []string{"m"}, Stage: stage, KVER: "6"}); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(file)
	inside, _ := os.ReadFile(filepath.Join(stage, "usr/share/real"))
	if string(text) != "system" || string(inside) != "module\n" {
		t.Errorf("%q %q", text, inside)
	}
}

// TestNamesOfOthers: a program by a name that another one has in the image (a busybox, mostly) is not taken, nor what it leads to.
func TestNamesOfOthers(t *testing.T) {
	root, stage := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "usr/bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"box": "x", "dash": "x", "script": "#!/usr/bin/sh\n", "other": "#!/usr/bin/env perl\n"} {
		if err := os.WriteFile(filepath.Join(root, "usr/bin", name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("dash", filepath.Join(root, "usr/bin/sh")); err != nil {
		t.Fatal(err)
	}
	dir := tree(t, map[string]string{"10m": `install() { inst_multiple box; ln -s box "$initdir/usr/bin/sh"; inst_multiple sh script; inst_multiple -o other; }`})
	r, err := Run(Options{Sysroot: root, Dirs: []string{dir}, Add: []string{"m"}, Stage: stage, KVER: "6"})
	if err != nil {
		t.Fatal(err)
	}
	if list := files(t, stage); !slices.Equal(list, []string{"usr/bin/box", "usr/bin/script"}) {
		t.Errorf("%q", list)
	}
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "/usr/bin/other needs /usr/bin/env, which is nowhere to be found") {
		t.Errorf("%q", r.Warnings)
	}
}

// TestOneModuleChoosesAnother: by its check (module_check), or with all that it needs (check_module), or not at all.
func TestOneModuleChoosesAnother(t *testing.T) {
	dir := tree(t, map[string]string{
		"10a": `depends() { for m in broken c b; do module_check $m; if [[ $? == 255 ]] && check_module $m; then echo $m; return; fi; done; echo d; }`,
		"20b": `check() { return 255; }`, "20c": `check() { return 1; }`, "20d": ``,
		"30broken": "check() { return 255; }\ndepends() { echo absent; }",
		"40p":      `check() { [[ $hostonly ]] && return 255; return 0; }`,
	})
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{Add: []string{"a"}}, "a b"},
		{Options{Add: []string{"a"}, Only: true}, "a d"},
		{Options{Add: []string{"a", "b"}, Only: true}, "a b"},
		{Options{Add: []string{"a"}, Prefer: []string{"p", "broken", "c"}, Omit: []string{"b"}}, "a d p"},
		{Options{Force: []string{"d"}, Omit: []string{"d"}, HostOnly: true}, "d"},
	} {
		tt.o.Dirs, tt.o.Stage, tt.o.KVER = []string{dir}, t.TempDir(), "6"
		r, err := Run(tt.o)
		if err != nil {
			t.Error(err)
			continue
		}
		var names []string
		for _, m := range r.Modules {
			names = append(names, m.Name)
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%v: %s, not %s", tt.o, got, tt.want)
		}
	}
}

// TestForcedIsForTheCheckAlone: the check of a module that is forced in does not know that the image is for one machine; its depends and its install do.
func TestForcedIsForTheCheckAlone(t *testing.T) {
	for _, hostOnly := range []bool{false, true} {
		stage := t.TempDir()
		dir := tree(t, map[string]string{"10b": "", "20a": `seen=${hostonly-none}
check() { seen+="/${hostonly-none}/$1"; }
depends() { dwarn "$seen/${hostonly-none}"; env | grep -q ^hostonly= && echo b; }
install() { echo "${hostonly-none}" >"$initdir/out"; }`})
		r, err := Run(Options{Dirs: []string{dir}, Force: []string{"a"}, Stage: stage, KVER: "6", HostOnly: hostOnly})
		if err != nil {
			t.Fatal(err)
		}
		out, _ := os.ReadFile(filepath.Join(stage, "out"))
		word := "none"
		if hostOnly {
			word = "-h"
		}
		if string(out) != word+"\n" || r.Has("b") != hostOnly {
			t.Errorf("install has %q; %v", out, r.Modules)
		}
		if len(r.Warnings) != 1 || !strings.HasSuffix(r.Warnings[0], ": none/none//"+word) {
			t.Errorf("%q, not %s", r.Warnings, word)
		}
	}
}

// TestFoldersOfAModule: what a module writes below $squashdir and $DRACUT_TMPDIR lies in the image and in a folder that is gone afterwards, never below / of this machine.
func TestFoldersOfAModule(t *testing.T) {
	stage := t.TempDir()
	dir := tree(t, map[string]string{"10m": `check() { [[ $squashdir == "$initdir/squash_root" && -d $DRACUT_TMPDIR && ! -e $DRACUT_TMPDIR/run.sh ]]; }
install() { mkdir -p "$squashdir/usr"; echo "$DRACUT_TMPDIR" >"$initdir/tmpdir"; touch "$DRACUT_TMPDIR/x"; }`})
	if _, err := Run(Options{Dirs: []string{dir}, Add: []string{"m"}, Stage: stage, KVER: "6"}); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(filepath.Join(stage, "tmpdir"))
	if name := strings.TrimSpace(string(text)); name == "" || name == "/" {
		t.Errorf("%q", text)
	} else if _, err := os.Stat(name); err == nil {
		t.Errorf("%s is left", name)
	}
	if _, err := os.Stat(filepath.Join(stage, "squash_root/usr")); err != nil {
		t.Error(err)
	}
}

// TestSquashIsRefused: the image is packed once.
func TestSquashIsRefused(t *testing.T) {
	dir := tree(t, map[string]string{"10squash": "depends() { echo squash-lib; }", "10squash-lib": "", "20m": "depends() { echo squash-lib; }", "30other": ""})
	for add, want := range map[string]string{"squash": "module squash packs the image", "squash-lib": "module squash-lib packs", "m": "module squash-lib, which m depends on, packs the image a second time, which is compressed by --compress"} {
		if _, err := Run(Options{Dirs: []string{dir}, Add: []string{add}, Stage: t.TempDir(), KVER: "6"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", add, err)
		}
	}
	r, err := Run(Options{Dirs: []string{dir}, Add: []string{"other"}, Prefer: []string{"squash"}, Stage: t.TempDir(), KVER: "6"})
	if err != nil || len(r.Modules) != 1 {
		t.Errorf("%v, %v", r, err)
	}
}

// TestVarRun: /var/run and /var/lock lead to /run in each image with modules, whatever they are in the system, and what modules put there lies below /run.
func TestVarRun(t *testing.T) {
	dir := tree(t, map[string]string{"10m": `install() { inst_dir /var/run/d; inst_dir /var/lock; touch "$initdir/var/lock/l"; inst_simple "$moddir/module-setup.sh" /var/run/s; }`})
	for _, system := range []string{"", "/run", "../run", "real"} {
		root, stage := t.TempDir(), t.TempDir()
		_ = os.MkdirAll(filepath.Join(root, "run/lock"), 0o755)
		_ = os.MkdirAll(filepath.Join(root, "var"), 0o755)
		switch system {
		case "":
		case "real":
			_ = os.Mkdir(filepath.Join(root, "var/run"), 0o755)
		default:
			_ = os.Symlink(system, filepath.Join(root, "var/run"))
			_ = os.Symlink(system+"/lock", filepath.Join(root, "var/lock"))
		}
		if _, err := Run(Options{Sysroot: root, Dirs: []string{dir}, Add: []string{"m"}, Stage: stage, KVER: "6"}); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"var/run": "../run", "var/lock": "../run/lock"} {
			if to, _ := os.Readlink(filepath.Join(stage, name)); to != want {
				t.Errorf("%q: %s leads to %q", system, name, to)
			}
		}
		for _, name := range []string{"run/d", "run/lock/l", "run/s"} {
			if _, err := os.Stat(filepath.Join(stage, name)); err != nil {
				t.Errorf("%q: %v", system, err)
			}
		}
	}
}

// TestUmask: who builds, with what umask, decides no mode.
func TestUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	root, stage := t.TempDir(), t.TempDir()
	for name, mode := range map[string]fs.FileMode{"var/tmp": 0o777 | fs.ModeSticky, "opt": 0o755} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(root, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	dir := tree(t, map[string]string{"10m": `install() { inst_dir /opt/b; inst_multiple -H /opt/x; inst_hook cmdline 10 "$moddir/module-setup.sh"; mkdir "$initdir/opt/mine"; echo x >"$initdir/opt/file"; }`})
	if _, err := Run(Options{Sysroot: root, Dirs: []string{dir}, Add: []string{"m"}, Stage: stage, KVER: "6", HostOnly: true}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"opt": 0o755, "opt/b": 0o755, "opt/mine": 0o755, "opt/file": 0o644, "lib/dracut/hostonly-files": 0o644, "var/tmp": 0o777 | fs.ModeSticky, "var/lib/dracut/hooks/cmdline": 0o755, "usr": 0o755} {
		info, err := os.Stat(filepath.Join(stage, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode() &^ fs.ModeDir; got != want {
			t.Errorf("%s has mode %v, not %v", name, got, want)
		}
	}
}

func TestTail(t *testing.T) {
	var o tail
	fmt.Fprint(&o, strings.Repeat("a\n", maxOutput), "b\nc\n\xff\n")
	if len(o.data) > maxOutput || o.words() != ": b; c; ?" {
		t.Errorf("%d %q", len(o.data), o.words())
	}
	if (&tail{}).words() != "" || !bytes.Equal(record("a", ""), []byte("a\x00\x00")) {
		t.Error("of nothing")
	}
}
