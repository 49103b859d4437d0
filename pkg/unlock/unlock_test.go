package unlock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/preroot/preroot/internal/linux"
)

const pass = "correct horse"

// newVolume makes a volume by cryptsetup, whose slots are quick to open.
func newVolume(t *testing.T, uuid, passphrase string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "volume")
	makeVolume(t, path, uuid, passphrase, args...)
	return path
}

// makeVolume makes a file of 20 MiB a volume.
func makeVolume(t *testing.T, path, uuid, passphrase string, args ...string) {
	t.Helper()
	args = append([]string{"--batch-mode", "luksFormat", "--uuid", uuid, "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--key-file", "-"}, append(args, path)...)
	cmd := exec.Command("/usr/sbin/cryptsetup", args...)
	cmd.Stdin = strings.NewReader(passphrase)
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 20<<20)); err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

const (
	uuid1 = "11111111-aaaa-4aaa-8aaa-111111111111"
	uuid2 = "22222222-aaaa-4aaa-8aaa-222222222222"
)

type testDisk struct {
	*os.File
	number string
}

func (d testDisk) Geometry() (int64, int) {
	info, err := d.Stat()
	if err != nil {
		return 0, 512
	}
	return info.Size(), 512
}
func (d testDisk) Number() string { return d.number }

// machine is one whose device-mapper notes what is asked, and where somebody types lines.
type machine struct {
	t          *testing.T
	have       map[string]bool
	log        []string // of the device-mapper
	said       []string
	lines      []string  // what is typed at each prompt; "^C" is Ctrl-C, "" for ever nothing
	asked      []string  // prompts, with the time
	begun      time.Time //
	keyless    bool      // a kernel without keyring
	cryptsetup Cryptsetup
	noCipher   string         // what the kernel has not
	taken      string         // the UUID of the mapping that has the name
	fails      string         // the table whose load fails
	inKernel   map[string]int // keys in the keyring now, by description
	kept       []string       // passphrases, the newest last
}

func (m *machine) note(format string, args ...any) {
	m.log = append(m.log, fmt.Sprintf(format, args...))
}

func (m *machine) Create(name, uuid string) (linux.MapperDevice, error) {
	m.note("create %s %s", name, uuid)
	m.have[name] = true
	return linux.MapperDevice{Name: name, UUID: uuid}, nil
}

func (m *machine) Load(name string, table []linux.MapperTarget, how linux.MapperLoad) error {
	params := strings.Fields(string(table[0].Params))
	if how.Secret && len(params[1]) != 128 {
		m.t.Errorf("the key in the table has %d digits", len(params[1]))
	}
	if how.Secret {
		params[1] = "KEY"
	} else if description, ok := strings.CutPrefix(params[1], ":64:logon:"); !ok || m.inKernel[description] == 0 {
		m.t.Errorf("table %q while the keyring holds %v", table[0].Params, m.inKernel)
	}
	m.note("load %s %d %d %s %s", name, table[0].Start, table[0].Length, table[0].Type, strings.Join(params, " "))
	if name == m.fails {
		return errors.New("the kernel has no such cipher")
	}
	return nil
}

func (m *machine) Resume(name string, udev uint16) error { m.note("resume %s", name); return nil }

func (m *machine) Remove(name string, deferred bool) error {
	m.note("remove %s", name)
	delete(m.have, name)
	return nil
}

func (m *machine) Device(name string) (linux.MapperDevice, error) {
	if m.have[name] {
		return linux.MapperDevice{Name: name}, nil
	}
	if m.taken != "" {
		return linux.MapperDevice{Name: name, UUID: m.taken}, nil
	}
	return linux.MapperDevice{}, fs.ErrNotExist
}

func (m *machine) withKey(description string, key []byte, f func() error) error {
	if m.keyless {
		return errors.New("add_key: function not implemented")
	}
	m.inKernel[description]++
	defer func() { m.inKernel[description]-- }()
	return f()
}

func (m *machine) ask(ctx context.Context, prompt string, into *linux.SecretMemory) error {
	m.asked = append(m.asked, fmt.Sprintf("%v %s", time.Since(m.begun), prompt))
	if len(m.lines) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	line := m.lines[0]
	m.lines = m.lines[1:]
	if line == "^C" {
		return linux.ErrSecretCanceled
	}
	into.Wipe()
	into.Append([]byte(line))
	return nil
}

// run opens volumes, whose nodes are /dev/NAME for a file.
func (m *machine) run(t *testing.T, files map[string]string, r Request) error {
	m.t, m.have, m.inKernel, m.begun = t, map[string]bool{}, map[string]int{}, time.Now()
	return Run(t.Context(), Machine{
		Open: func(node string) (Disk, error) {
			f, err := os.Open(files[node])
			if err != nil {
				return nil, err
			}
			return testDisk{f, "8:" + node[len(node)-1:]}, nil
		},
		OpenFile: func(at File) (Disk, error) {
			f, err := linux.OpenOn("", "", at.Path)
			if err != nil {
				return nil, err
			}
			if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
				return nil, errors.New("it is no regular file")
			}
			return testDisk{f, ""}, nil
		},
		Mapper: m, WithKey: m.withKey, Ask: m.ask, Cryptsetup: m.cryptsetup, HasCipher: func(name string) error {
			if name == m.noCipher {
				return errors.New("no cipher " + name)
			}
			return nil
		},
		Keep: func(secret []byte) error { m.kept = append(m.kept, string(secret)); return nil },
		Kept: func(into *linux.SecretMemory) error {
			if len(m.kept) == 0 {
				return errors.New("nothing is kept")
			}
			into.Append([]byte(m.kept[len(m.kept)-1]))
			return nil
		},
		Say:  func(l string) { m.said = append(m.said, l) },
		Lack: func(l string) { m.said = append(m.said, "lacks: "+l) },
	}, r)
}

func one(keys ...KeyFile) Request {
	return Request{Volumes: []Volume{{Name: "root", Node: "/dev/sd1", Keys: keys}}}
}

// with changes the only volume of a request.
func with(r Request, change func(*Volume)) Request {
	change(&r.Volumes[0])
	return r
}

// TestRun: what is typed, what is asked when, and what comes of it.
func TestRun(t *testing.T) {
	luks2, luks1 := newVolume(t, uuid1, pass, "--sector-size", "512"), newVolume(t, uuid2, pass, "--type", "luks1")
	other := newVolume(t, uuid2, "another")
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("xx"+pass+"yy"), 0o600); err != nil {
		t.Fatal(err)
	}
	const mapped = "create root CRYPT-LUKS2-11111111aaaa4aaa8aaa111111111111-root; load root 0 8192 crypt aes-xts-plain64 :64:logon:cryptsetup:11111111-aaaa-4aaa-8aaa-111111111111-d0 0 8:1 32768; resume root"
	const open = "/dev/sd1 is open: /dev/mapper/root"
	two := Request{Volumes: []Volume{{Name: "root", Node: "/dev/sd1"}, {Name: "home", Node: "/dev/sd2"}}}
	for _, c := range []struct {
		name    string
		files   []string // of /dev/sd1 and /dev/sd2
		request Request
		machine machine
		log     string // "" for any
		asked   string
		said    string
		err     string
	}{
		{name: "LUKS2", files: []string{luks2}, request: one(), machine: machine{lines: []string{pass}}, log: mapped, asked: "0s Passphrase for root (/dev/sd1): ", said: open},
		{name: "LUKS1", files: []string{luks1}, request: one(), machine: machine{lines: []string{pass}}, said: open, asked: "0s Passphrase for root (/dev/sd1): ",
			log: "create root CRYPT-LUKS1-22222222aaaa4aaa8aaa222222222222-root; load root 0 36864 crypt aes-xts-plain64 :64:logon:cryptsetup:22222222-aaaa-4aaa-8aaa-222222222222-d0 0 8:1 4096; resume root"},
		{name: "a kernel without keyring", files: []string{luks2}, request: one(), machine: machine{lines: []string{pass}, keyless: true}, said: open, asked: "0s Passphrase for root (/dev/sd1): ",
			log: "create root CRYPT-LUKS2-11111111aaaa4aaa8aaa111111111111-root; load root 0 8192 crypt aes-xts-plain64 KEY 0 8:1 32768; resume root"},
		{name: "three times wrong", files: []string{luks2}, request: one(), machine: machine{lines: []string{"a", "b", "c", pass}}, log: mapped,
			asked: "0s Passphrase for root (/dev/sd1): ; 0s (1 wrong) Passphrase for root (/dev/sd1): ; 1s (2 wrong) Passphrase for root (/dev/sd1): ; 3s (3 wrong) Passphrase for root (/dev/sd1): ", said: open},
		{name: "Enter alone", files: []string{luks2}, request: with(one(), func(v *Volume) { v.Tries = 1 }), machine: machine{lines: []string{"", "", pass}}, log: mapped, said: open,
			asked: "0s Passphrase for root (/dev/sd1): ; 1s (nothing typed) Passphrase for root (/dev/sd1): ; 2s (nothing typed) Passphrase for root (/dev/sd1): "},
		{name: "no cipher", files: []string{luks2}, request: one(), machine: machine{noCipher: "xts(aes)"}, log: "none", said: "lacks: root (/dev/sd1): no cipher xts(aes)"},
		{name: "tries=3", files: []string{luks2}, request: with(one(), func(v *Volume) { v.Tries = 3 }), machine: machine{lines: []string{"a", "b", "c", pass}}, log: "none",
			asked: "0s Passphrase for root (/dev/sd1): ; 0s (1 wrong) Passphrase for root (/dev/sd1): ; 1s (2 wrong) Passphrase for root (/dev/sd1): ", err: "no passphrase was right: root (/dev/sd1), after 3 tries"},
		{name: "Ctrl-C", files: []string{luks2}, request: one(), machine: machine{lines: []string{"^C", pass}}, log: mapped,
			asked: "0s Passphrase for root (/dev/sd1): ; 0s (canceled) Passphrase for root (/dev/sd1): ", said: open},
		{name: "nobody types", files: []string{luks2}, request: with(one(), func(v *Volume) { v.Timeout = time.Minute }), log: "none", asked: "0s Passphrase for root (/dev/sd1): ", err: "no passphrase was right: root (/dev/sd1): nobody has typed one in time"},
		{name: "one for both", files: []string{luks2, luks1}, request: two, machine: machine{lines: []string{pass}}, asked: "0s Passphrase for root (/dev/sd1), home (/dev/sd2): ", said: open + "; /dev/sd2 is open: /dev/mapper/home"},
		{name: "one each", files: []string{luks2, other}, request: two, machine: machine{lines: []string{"another", "wrong", pass}}, said: "/dev/sd2 is open: /dev/mapper/home; " + open,
			asked: "0s Passphrase for root (/dev/sd1), home (/dev/sd2): ; 0s Passphrase for root (/dev/sd1): ; 0s (1 wrong) Passphrase for root (/dev/sd1): "},
		{name: "key file", files: []string{luks2}, request: one(KeyFile{File: File{Path: key}, Offset: 2, Size: int64(len(pass))}), log: mapped, said: open},
		{name: "key file that is none", files: []string{luks2}, request: one(KeyFile{File: File{Path: key}}), machine: machine{lines: []string{pass}}, log: mapped, asked: "0s Passphrase for root (/dev/sd1): ",
			said: "lacks: root: the key file " + key + " does not open it; " + open},
		{name: "key file that is missing", files: []string{luks2}, request: with(one(KeyFile{File: File{Path: "/no/key"}}), func(v *Volume) { v.Headless = true }), log: "none", said: "lacks: root: key file /no/key: no such file or directory",
			err: "no passphrase was right: root (/dev/sd1): no key file opens it, and nobody is to be asked (headless)"},
		{name: "key file that is a directory", files: []string{luks2}, request: one(KeyFile{File: File{Path: "/tmp"}}), machine: machine{lines: []string{pass}}, log: mapped, asked: "0s Passphrase for root (/dev/sd1): ",
			said: "lacks: root: key file /tmp: it is no regular file; " + open},
		{name: "no volume", files: []string{key}, request: one(), log: "none", said: "lacks: root (/dev/sd1): no LUKS header; was it erased, or is it a detached one (rd.luks.options=header=)?"},
		{name: "an optional key file", files: []string{luks2}, request: one(KeyFile{File: File{Path: "/no/key"}, Optional: true}), machine: machine{lines: []string{pass}}, log: mapped, asked: "0s Passphrase for root (/dev/sd1): ", said: open},
		{name: "one of them", files: []string{luks2, other}, request: Request{Volumes: two.Volumes, Any: true}, machine: machine{lines: []string{"another"}}, asked: "0s Passphrase for root (/dev/sd1), home (/dev/sd2): ", said: "/dev/sd2 is open: /dev/mapper/home"},
		{name: "the empty one is tried", files: []string{luks2}, request: with(one(), func(v *Volume) { v.TryEmpty = true }), machine: machine{lines: []string{pass}}, log: mapped, asked: "0s Passphrase for root (/dev/sd1): ", said: open},
		{name: "open already", files: []string{luks2}, request: one(), machine: machine{taken: "CRYPT-LUKS2-11111111aaaa4aaa8aaa111111111111-root"}, log: "none"},
		{name: "another has the name", files: []string{luks2}, request: one(), machine: machine{taken: "LVM-1"}, log: "none",
			said: `lacks: root (/dev/sd1): there is a mapping of the name root already, of something else (its UUID is "LVM-1")`},
		{name: "the kernel refuses", files: []string{luks2}, request: one(), machine: machine{lines: []string{pass}, fails: "root"}, asked: "0s Passphrase for root (/dev/sd1): ",
			said: "lacks: root (/dev/sd1): the kernel has no such cipher"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := c.machine
				files := map[string]string{}
				for i, f := range c.files {
					files[fmt.Sprintf("/dev/sd%d", i+1)] = f
				}
				err := m.run(t, files, c.request)
				if got := fmt.Sprint(err); c.err == "" && err != nil || c.err != "" && got != c.err {
					t.Errorf("error %v, want %q", err, c.err)
				}
				if (c.err != "") != errors.Is(err, ErrAuthentication) {
					t.Errorf("%v: is it a failed authentication?", err)
				}
				if log := strings.Join(m.log, "; "); c.log != "" && log != c.log && (c.log != "none" || log != "") {
					t.Errorf("done:\n%s\nwant:\n%s", log, c.log)
				}
				if asked := strings.Join(m.asked, "; "); asked != c.asked {
					t.Errorf("asked:\n%s\nwant:\n%s", asked, c.asked)
				}
				if said := strings.Join(m.said, "; "); said != c.said {
					t.Errorf("said:\n%s\nwant:\n%s", said, c.said)
				}
				if c.machine.fails != "" && !slices.Contains(m.log, "remove root") {
					t.Errorf("the mapping stays: %q", m.log)
				}
			})
		})
	}
}

// TestThousandWrong: a thousand wrong passphrases, then the right one (fault L01). The pause grows to thirty seconds, and no further.
func TestThousandWrong(t *testing.T) {
	volume := newVolume(t, uuid1, pass, "--sector-size", "512")
	synctest.Test(t, func(t *testing.T) {
		m := machine{}
		for i := range 1000 {
			m.lines = append(m.lines, fmt.Sprintf("wrong %d", i))
		}
		m.lines = append(m.lines, pass)
		if err := m.run(t, map[string]string{"/dev/sd1": volume}, one()); err != nil || len(m.asked) != 1001 {
			t.Errorf("%v, asked %d times", err, len(m.asked))
		}
		if took, want := time.Since(m.begun), (0+1+2+4+8+16)*time.Second+994*30*time.Second; took != want {
			t.Errorf("it took %v, wanted %v", took, want)
		}
	})
}

// TestDetachedHeader: the header is a file, the data begins where it says.
func TestDetachedHeader(t *testing.T) {
	header, data := filepath.Join(t.TempDir(), "header"), filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(header, make([]byte, 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	makeVolume(t, data, uuid1, pass, "--header", header)
	for _, c := range []struct{ header, said string }{
		{"/dev/hd9", "/dev/sd1 is open: /dev/mapper/root"},
		{"", "lacks: root (/dev/sd1): no LUKS header; was it erased, or is it a detached one (rd.luks.options=header=)?"},
	} {
		m := machine{lines: []string{pass}}
		r := one()
		r.Volumes[0].Header.Path = c.header
		err := m.run(t, map[string]string{"/dev/sd1": data, "/dev/hd9": header}, r)
		if err != nil || strings.Join(m.said, "; ") != c.said {
			t.Errorf("header %q: %v, %q", c.header, err, m.said)
		}
	}
}

// TestKept: what was typed opens a volume that comes later, without asking; a wrong one is not kept.
func TestKept(t *testing.T) {
	path, other := newVolume(t, uuid1, pass), newVolume(t, uuid2, "another")
	files := map[string]string{"/dev/sd1": path, "/dev/sd2": other}
	m := machine{lines: []string{"wrong", pass}}
	if err := m.run(t, files, one()); err != nil || len(m.asked) != 2 || len(m.kept) != 1 || m.kept[0] != pass {
		t.Errorf("%v, asked %q, kept %q", err, m.asked, m.kept)
	}
	m.asked = nil
	if err := m.run(t, files, one()); err != nil || len(m.asked) != 0 {
		t.Errorf("the same again: %v, asked %q", err, m.asked)
	}
	m.lines = []string{"another"}
	r := Request{Volumes: []Volume{{Name: "home", Node: "/dev/sd2"}}}
	if err := m.run(t, files, r); err != nil || len(m.asked) != 1 || m.kept[len(m.kept)-1] != "another" {
		t.Errorf("another volume: %v, asked %q, kept %q", err, m.asked, m.kept)
	}
	m.asked = nil
	r = Request{Volumes: []Volume{{Name: "root", Node: "/dev/sd1", Headless: true}}}
	if err := m.run(t, files, r); !errors.Is(err, ErrAuthentication) || len(m.asked) != 0 {
		t.Errorf("headless: %v, asked %q", err, m.asked)
	}
}
