package luks

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// matrix are the ways to make a volume that cryptsetup has without a device
// mapper. The ciphers of the kernel are tried in kernel_test.go.
var matrix = map[string][]string{
	"luks1":                   {"--type", "luks1"},
	"luks1 sha1":              {"--type", "luks1", "--hash", "sha1"},
	"luks1 sha512 AES-128":    {"--type", "luks1", "--hash", "sha512", "--key-size", "256"},
	"luks1 ripemd160":         {"--type", "luks1", "--hash", "ripemd160"},
	"luks1 cbc-essiv":         {"--type", "luks1", "--cipher", "aes-cbc-essiv:sha256", "--key-size", "256"},
	"luks1 cbc-plain64":       {"--type", "luks1", "--cipher", "aes-cbc-plain64", "--key-size", "256"},
	"luks1 cbc-plain":         {"--type", "luks1", "--cipher", "aes-cbc-plain", "--key-size", "256"},
	"luks1 xts-plain":         {"--type", "luks1", "--cipher", "aes-xts-plain"},
	"argon2id":                {"--pbkdf", "argon2id"},
	"argon2i":                 {"--pbkdf", "argon2i"},
	"argon2id one thread":     {"--pbkdf", "argon2id", "--pbkdf-parallel", "1", "--pbkdf-memory", "1031"},
	"pbkdf2":                  {"--pbkdf", "pbkdf2"},
	"pbkdf2 sha512":           {"--pbkdf", "pbkdf2", "--hash", "sha512"},
	"pbkdf2 sha1":             {"--pbkdf", "pbkdf2", "--hash", "sha1"},
	"sectors of 512":          {"--sector-size", "512"},
	"sectors of 1024":         {"--sector-size", "1024"},
	"sectors of 2048":         {"--sector-size", "2048"},
	"sectors of 4096":         {"--sector-size", "4096"},
	"AES-128":                 {"--key-size", "256"},
	"cbc-essiv":               {"--cipher", "aes-cbc-essiv:sha256", "--key-size", "256"},
	"cbc-plain64":             {"--cipher", "aes-cbc-plain64", "--key-size", "256"},
	"xts-plain":               {"--cipher", "aes-xts-plain"},
	"slot of another cipher":  {"--keyslot-cipher", "aes-cbc-essiv:sha256", "--keyslot-key-size", "256"},
	"label":                   {"--label", "root of all", "--subsystem", "sub"},
	"metadata of 64 KiB":      {"--luks2-metadata-size", "64k"},
	"metadata of 4 MiB":       {"--luks2-metadata-size", "4m"},
	"metadata and slots tiny": small,
}

func TestMatrix(t *testing.T) {
	for name, args := range matrix {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cost := cheapArgon
			if strings.HasPrefix(name, "luks1") || strings.HasPrefix(name, "pbkdf2") {
				cost = cheapPBKDF2
			}
			if !strings.HasPrefix(name, "luks1") {
				args = join([]string{"--type", "luks2"}, args)
			}
			file := newImage(t, 24<<20, join(cost, args)...)
			compare(t, file, "")
		})
	}
}

// compare holds what we say of a volume against what cryptsetup says.
func compare(t *testing.T, file, header string) {
	t.Helper()
	place := file
	if header != "" {
		place = header
	}
	f, size := openFile(t, place)
	h, err := Read(f, size)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Notes) > 0 {
		t.Errorf("notes: %q", h.Notes)
	}
	key, err := h.Unlock(context.Background(), f, []byte(pass), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := keyOf(t, file, header); !bytes.Equal(key.Key, want) || len(want) != h.KeyBytes() {
		t.Errorf("key %x, want %x", key.Key, want)
	}
	if ok, err := h.IsVolumeKey(context.Background(), key.Key); !ok || err != nil {
		t.Errorf("IsVolumeKey = %v, %v", ok, err)
	}
	if _, err := h.Unlock(context.Background(), f, []byte(pass+"\n"), Options{}); !errors.Is(err, ErrPassphrase) {
		t.Errorf("another passphrase: %v", err)
	}
	if header == "" {
		header = file
	}
	compareDump(t, h, mustCryptsetup(t, "", "luksDump", header), file, header != file)
	key.Wipe()
	if !bytes.Equal(key.Key, make([]byte, len(key.Key))) {
		t.Error("the key is not wiped")
	}
}

func compareDump(t *testing.T, h *Header, dump, file string, detached bool) {
	t.Helper()
	find := func(pattern string) string {
		m := regexp.MustCompile(`(?m)^\s*` + pattern).FindStringSubmatch(dump)
		if m == nil {
			t.Errorf("no %s in %s", pattern, dump)
			return ""
		}
		return m[1]
	}
	_, size := openFile(t, file)
	table, err := h.Table(size, detached)
	if err != nil {
		t.Fatal(err)
	}
	offset, cipher, sector := "", "", "512"
	if h.Version == 1 {
		offset = find(`Payload offset:\s*(\d+)`)
		cipher = find(`Cipher name:\s*(\S+)`) + "-" + find(`Cipher mode:\s*(\S+)`)
	} else {
		bytes, _ := strconv.ParseUint(find(`offset: (\d+) \[bytes\]`), 10, 64)
		offset = strconv.FormatUint(bytes/512, 10)
		cipher, sector = find(`cipher: (\S+)`), find(`sector: (\d+) \[bytes\]`)
	}
	if got := strconv.FormatUint(table.Offset, 10); got != offset || table.Cipher != cipher || h.UUID != find(`UUID:\s*(\S+)`) {
		t.Errorf("%+v, %s of\n%s", table, h.UUID, dump)
	}
	if table.Sectors != uint64(size)/512-table.Offset {
		t.Errorf("%d sectors of a device of %d bytes", table.Sectors, size)
	}
	if (sector != "512") != (len(table.Options) == 1 && table.Options[0] == "sector_size:"+sector) {
		t.Errorf("options %q, sectors of %s", table.Options, sector)
	}
}

func TestDetached(t *testing.T) {
	for _, kind := range []string{"luks1", "luks2"} {
		dir := t.TempDir()
		data, header := filepath.Join(dir, "data"), filepath.Join(dir, "header")
		for _, f := range []string{data, header} {
			if err := os.WriteFile(f, make([]byte, 64<<10), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		mustCryptsetup(t, pass, join([]string{"luksFormat", "--key-file", "-", "--type", kind, "--header", header, data}, cheapPBKDF2)...)
		compare(t, data, header)
		f, size := openFile(t, header)
		h, err := Read(f, size)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Table(size, false); kindOf(err) != Refused {
			t.Errorf("%s: data at byte 0 of the header's device: %v", kind, err)
		}
	}
}

// TestConverted: a LUKS2 volume made of a LUKS1 one has digests and areas of its own form.
func TestConverted(t *testing.T) {
	file := newImage(t, 24<<20, join([]string{"--type", "luks1"}, cheapPBKDF2)...)
	if out, err := cryptsetup(t, "", "convert", "--type", "luks2", file); err != nil {
		t.Fatal(out)
	}
	compare(t, file, "")
}

// TestSlots: the order of trying, slots asked for by number, slots that are gone.
func TestSlots(t *testing.T) {
	file := newImage(t, 24<<20, join([]string{"--type", "luks2", "--pbkdf", "argon2id"}, cheapArgon)...)
	dir := t.TempDir()
	for i, key := range []string{"one", "two", "three"} {
		name := filepath.Join(dir, key)
		if err := os.WriteFile(name, []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
		mustCryptsetup(t, pass, join([]string{"luksAddKey", "--key-file", "-", "--key-slot", strconv.Itoa(i + 1)}, cheapPBKDF2, []string{file, name})...)
	}
	mustCryptsetup(t, "", "config", "--key-slot", "2", "--priority", "prefer", file)
	mustCryptsetup(t, "", "config", "--key-slot", "3", "--priority", "ignore", file)
	mustCryptsetup(t, pass, "luksKillSlot", "--key-file", "-", file, "1")
	mustCryptsetup(t, "another", join([]string{"luksAddKey", "--unbound", "--key-slot", "4", "--key-size", "256", "--new-keyfile-size", "0"}, cheapPBKDF2, []string{file})...)
	f, size := openFile(t, file)
	h, err := Read(f, size)
	if err != nil {
		t.Fatal(err)
	}
	if c := h.Cost(); c.Memory != 32 || c.KDF != "argon2id" || c.Threads != 2 {
		t.Errorf("cost %+v", c)
	}
	if c := h.Cost(3); c.Iterations != 1000 || c.KDF != "pbkdf2" {
		t.Errorf("cost of slot 3: %+v", c)
	}
	if got := len(h.Slots()); got != 3 {
		t.Errorf("%d slots: %+v", got, h.Slots())
	}
	for _, c := range []struct {
		pass  string
		only  []int
		max   int64
		slot  int
		tried string
		err   string
	}{
		{pass, nil, 0, 0, "20", ""},
		{"two", nil, 0, 2, "2", ""},
		{"one", nil, 0, 0, "20", ErrPassphrase.Error()},
		{"three", nil, 0, 0, "20", ErrPassphrase.Error()},
		{"another", nil, 0, 0, "20", ErrPassphrase.Error()},
		{"three", []int{3}, 0, 3, "3", ""},
		{"two", []int{0, 3}, 0, 0, "03", ErrPassphrase.Error()},
		{"one", []int{1}, 0, 0, "", "key slot 1 does not open this volume"},
		{"another", []int{4}, 0, 0, "", "key slot 4 does not open this volume"},
		{"two", nil, 31, 2, "2", ""},
		{pass, nil, 31, 0, "2", "no key slot opens with this passphrase; not tried: key slot 0: key slot 0 needs 1 MiB of memory, 0 MiB are available"},
	} {
		tried := ""
		o := Options{Slots: c.only, MaxMemory: c.max, Trying: func(n int, _ Cost) { tried += strconv.Itoa(n) }}
		key, err := h.Unlock(context.Background(), f, []byte(c.pass), o)
		switch {
		case tried != c.tried:
			t.Errorf("%q %v: tried %s, want %s", c.pass, c.only, tried, c.tried)
		case c.err == "" && (err != nil || key.Slot != c.slot):
			t.Errorf("%q %v: %+v, %v", c.pass, c.only, key, err)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%q %v: %v, want %s", c.pass, c.only, err, c.err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := h.Unlock(ctx, f, []byte("one"), Options{Trying: func(int, Cost) { cancel() }}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestFlags: what config holds becomes options of dm-crypt, in cryptsetup's order.
func TestFlags(t *testing.T) {
	image := edit(t, smallV2(t), func(tr tree) {
		at(tr, "config")["flags"] = []any{"no-write-workqueue", "allow-discards", "no-journal", "of-tomorrow"}
	})
	h, err := read(image)
	if err != nil {
		t.Fatal(err)
	}
	table, err := h.Table(smallSize, false, "same-cpu-crypt", "allow-discards")
	if err != nil {
		t.Fatal(err)
	}
	want := "aes-xts-plain64 :64:logon:" + h.KeyDescription() + " 0 /dev/vda2 1072 4 allow_discards same_cpu_crypt no_write_workqueue sector_size:4096"
	if got := string(table.AppendParams(nil, []byte(":64:logon:"+h.KeyDescription()), "/dev/vda2")); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	if len(h.Notes) != 1 || !strings.Contains(h.Notes[0], "of-tomorrow") {
		t.Errorf("notes %q", h.Notes)
	}
}

// keeper keeps the buffers that it fills.
type keeper struct {
	*bytes.Reader
	kept [][]byte
}

func (k *keeper) ReadAt(b []byte, off int64) (int, error) {
	k.kept = append(k.kept, b)
	return k.Reader.ReadAt(b, off)
}

// TestSplitIsWiped: nothing is left of the split key, be the passphrase right or wrong.
func TestSplitIsWiped(t *testing.T) {
	image := smallV2(t)
	h, err := read(image)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{pass, "wrong"} {
		k := &keeper{Reader: bytes.NewReader(image)}
		_, _ = h.Unlock(context.Background(), k, []byte(p), Options{})
		if len(k.kept) != 1 || len(k.kept[0]) != 256000 || len(bytes.Trim(k.kept[0], "\x00")) > 0 {
			t.Errorf("%s: %d buffers, not wiped", p, len(k.kept))
		}
	}
}
