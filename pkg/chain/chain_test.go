package chain

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// machineCase is a machine as a text file in txtar form. Sections:
//
//	tree     one line for each thing of the machine:
//	           block NAME PATH MAJOR:MINOR [part=N] [fs=TYPE] [uuid=UUID] [partuuid=UUID] [label=TEXT] [slaves=A,B] [dm=NAME,UUID]   a block device; PATH is below /sys/devices
//	           hw PATH [modalias=TEXT] [driver=NAME] [module=NAME] [needs=BUS:NAME=PATH]                             a device with a driver
//	           PATH = TEXT, PATH -> TARGET                                                      a file or a link below /
//	tables   the table of a mapping: NAME TYPE [CIPHER]
//	kernel   WORD MODULE..., what a word stands for in the target kernel; WORD with nothing behind it is built in
//	mounts   mountinfo in short: POINT NUMBER TYPE SOURCE [PART]
//	cmdline  the kernel's command line
//	sysroot  what sysroot is meant, "/" without
//	want     what "preroot chain" prints, or the error
//	NAME     a file of the sysroot: etc/fstab
type machineCase struct {
	sections map[string]string
	files    fstest.MapFS // of /
	tables   map[string][]Target
}

func parseMachine(t *testing.T, text string) *machineCase {
	t.Helper()
	m := &machineCase{sections: map[string]string{}, files: fstest.MapFS{}, tables: map[string][]Target{}}
	name := ""
	for line := range strings.Lines(text) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok && strings.HasSuffix(n, " --") {
			name = strings.TrimSuffix(n, " --")
			m.sections[name] = ""
			continue
		}
		m.sections[name] += line
	}
	for line := range strings.Lines(m.sections["tree"]) {
		m.line(t, strings.TrimSpace(line))
	}
	for line := range strings.Lines(m.sections["tables"]) {
		f := append(strings.Fields(line), "")
		m.tables[f[0]] = append(m.tables[f[0]], Target{Type: f[1], Cipher: f[2]})
	}
	info := ""
	for line := range strings.Lines(m.sections["mounts"]) {
		f := append(strings.Fields(line), "/")
		info += fmt.Sprintf("1 1 %s %s %s rw - %s %s rw\n", f[1], f[4], f[0], f[2], f[3])
	}
	m.file("proc/self/mountinfo", info)
	m.file("proc/cmdline", m.sections["cmdline"])
	for name, text := range m.sections {
		if strings.HasPrefix(name, "etc/") {
			m.file(path.Join(strings.Trim(m.root(), "/"), name), text)
		}
	}
	return m
}

func (m *machineCase) root() string {
	if r := strings.TrimSpace(m.sections["sysroot"]); r != "" {
		return r
	}
	return "/"
}

func (m *machineCase) file(name, text string) {
	m.files[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
}

// link is an absolute target, made relative as those of sysfs are.
func (m *machineCase) link(name, target string) {
	up := strings.Repeat("../", strings.Count(name, "/"))
	m.files[name] = &fstest.MapFile{Data: []byte(up + target), Mode: os.ModeSymlink | 0o777}
}

func (m *machineCase) line(t *testing.T, line string) {
	words := strings.Fields(line)
	if len(words) == 0 || words[0][0] == '#' {
		return
	}
	options := map[string]string{}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		options[key] = value
	}
	name, text, isFile := strings.Cut(line, " = ")
	from, to, isLink := strings.Cut(line, " -> ")
	switch {
	case words[0] == "block":
		m.block(words[1], "sys/devices/"+words[2], words[3], options)
	case words[0] == "hw":
		m.hardware("sys/devices/"+words[1], options)
	case isLink:
		m.link(from, to)
	case isFile:
		m.file(name, strings.ReplaceAll(text, `\n`, "\n")+"\n")
	default:
		t.Fatalf("tree: %q is no line", line)
	}
}

func (m *machineCase) block(name, dir, number string, o map[string]string) {
	m.link("sys/class/block/"+name, dir)
	major, minor, _ := strings.Cut(number, ":")
	uevent := "MAJOR=" + major + "\nMINOR=" + minor + "\nDEVNAME=" + name + "\nDEVTYPE=disk\n"
	if o["part"] != "" {
		uevent = strings.Replace(uevent, "=disk", "=partition", 1) + "PARTN=" + o["part"] + "\n"
		m.file(dir+"/partition", o["part"]+"\n")
		m.file(dir+"/start", "2048\n")
	}
	m.file(dir+"/uevent", uevent)
	m.file(dir+"/size", "204800\n")
	usage := map[string]string{"crypto_LUKS": "crypto", "LVM2_member": "raid", "linux_raid_member": "raid", "zfs_member": "raid", "mpath_member": "raid", "swap": "other"}[o["fs"]]
	if usage == "" {
		usage = "filesystem"
	}
	if o["fs"] != "" {
		m.file("run/udev/data/b"+number, "I:1\nE:ID_FS_TYPE="+o["fs"]+"\nE:ID_FS_USAGE="+usage+"\nE:ID_FS_UUID_ENC="+o["uuid"]+"\nE:ID_FS_LABEL_ENC="+o["label"]+
			"\nE:ID_PART_ENTRY_UUID="+o["partuuid"]+"\n")
	}
	for _, s := range strings.Split(o["slaves"], ",") {
		if s != "" {
			m.link(dir+"/slaves/"+s, "sys/class/block/"+s)
		}
	}
	if dm, uuid, ok := strings.Cut(o["dm"], ","); ok {
		m.file(dir+"/dm/name", dm+"\n")
		m.file(dir+"/dm/uuid", uuid+"\n")
	}
}

func (m *machineCase) hardware(dir string, o map[string]string) {
	if o["modalias"] != "" {
		m.file(dir+"/modalias", o["modalias"]+"\n")
	}
	if o["driver"] != "" {
		m.link(dir+"/driver", "sys/bus/any/drivers/"+o["driver"])
		m.file("sys/bus/any/drivers/"+o["driver"]+"/bind", "")
	}
	if o["module"] != "" {
		m.link("sys/bus/any/drivers/"+o["driver"]+"/module", "sys/module/"+o["module"])
	}
	if name, target, ok := strings.Cut(o["needs"], "="); ok {
		bus, device, _ := strings.Cut(name, ":")
		m.link(dir+"/supplier:"+name, "sys/devices/virtual/devlink/"+name)
		m.link("sys/bus/"+bus+"/devices/"+device, "sys/devices/"+target)
	}
}

// host is the machine.
func (m *machineCase) host(t *testing.T) Host {
	t.Helper()
	h := Host{Root: m.root()}
	sub := func(name string) fstest.MapFS {
		list := fstest.MapFS{}
		for file, e := range m.files {
			if rest, ok := strings.CutPrefix(file, name); ok {
				if e.Mode&os.ModeSymlink != 0 { // "../" for the folder that is cut off
					e = &fstest.MapFile{Mode: e.Mode, Data: []byte(strings.Replace(string(e.Data), "../"+name, "", 1))}
					if !strings.Contains(rest, "/") {
						e.Data = []byte(strings.TrimPrefix(string(e.Data), name))
					}
				}
				list[rest] = e
			}
		}
		return list
	}
	h.Files, h.Sys, h.Proc, h.Run, h.Dev = sub(strings.TrimPrefix(h.Root+"/", "/")), sub("sys/"), sub("proc/"), sub("run/"), sub("dev/")
	if h.Root == "/" {
		h.Files = m.files
	}
	h.Table = func(name string) ([]Target, error) {
		if m.tables[name] == nil {
			return nil, os.ErrPermission
		}
		return m.tables[name], nil
	}
	return h
}

// words is the kernel of a case.
type words map[string][]string

func (w words) Resolve(word string) (names []string, builtin bool) {
	names, ok := w[word]
	if !ok {
		for _, list := range w {
			if slices.Contains(list, word) {
				return []string{word}, false
			}
		}
	}
	return names, ok && len(names) == 0
}
func (w words) Path(name string) string {
	if strings.HasPrefix(name, "kvm") {
		return "kernel/arch/x86/kvm/" + name + ".ko"
	}
	return "kernel/arch/x86/crypto/" + name + ".ko"
}
func (w words) Firmware(name string) ([]string, error) {
	return []string{name + ".bin", name + "/*.fw"}, nil
}

func (m *machineCase) kernel() words {
	w := words{}
	for line := range strings.Lines(m.sections["kernel"]) {
		if f := strings.Fields(line); len(f) > 0 {
			w[f[0]] = f[1:]
		}
	}
	return w
}

func readCase(t *testing.T, file string) *machineCase {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parseMachine(t, string(text))
}

var update = flag.Bool("update", false, "write what is found into the cases; look at every change")

// TestChain: made-up machines in testdata, and what is found on them.
func TestChain(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			m := readCase(t, file)
			c, err := Read(m.host(t))
			got := ""
			if err != nil {
				got = err.Error() + "\n"
			} else {
				got = c.Tree(m.kernel())
			}
			if *update {
				text, _ := os.ReadFile(file)
				head, _, _ := strings.Cut(string(text), "-- want --\n")
				if err := os.WriteFile(file, []byte(head+"-- want --\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.TrimSpace(m.sections["want"]), strings.TrimSpace(got)); diff != "" {
				t.Errorf("want - got +\n%s\n%s", diff, got)
			}
		})
	}
}
