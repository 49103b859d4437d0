package luks

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Each mutant is shown to cryptsetup, which takes its time.
var mutants = flag.Int("mutants", 30, "headers of each kind that are changed at random and compared with cryptsetup")

// allowed is written down once more, so that the list of the package cannot grow by accident.
var allowed = []string{
	"aes-xts-plain64", "aes-xts-plain", "aes-cbc-essiv:sha256", "aes-cbc-plain64", "aes-cbc-plain",
	"serpent-xts-plain64", "serpent-xts-plain", "serpent-cbc-essiv:sha256", "serpent-cbc-plain64", "serpent-cbc-plain",
	"twofish-xts-plain64", "twofish-xts-plain", "twofish-cbc-essiv:sha256", "twofish-cbc-plain64", "twofish-cbc-plain",
	"camellia-xts-plain64", "camellia-xts-plain", "camellia-cbc-essiv:sha256", "camellia-cbc-plain64", "camellia-cbc-plain",
}

// checkTaken holds what must be true of any header that is taken, on a device of size bytes.
func checkTaken(h *Header, size int64) error {
	if !slices.Contains(allowed, h.segment.cipher.text) {
		return fmt.Errorf("cipher %q", h.segment.cipher.text)
	}
	if len(h.UUID) != 36 || h.Version != 1 && h.Version != 2 {
		return fmt.Errorf("UUID %q, version %d", h.UUID, h.Version)
	}
	if k := h.digest.kdf; k.kind != "pbkdf2" || k.iterations < 1 || k.iterations >= 1<<31 || len(h.digest.sum) < 20 {
		return fmt.Errorf("digest %+v", h.digest)
	}
	if len(h.slots) > 32 {
		return fmt.Errorf("%d slots", len(h.slots))
	}
	end := uint64(0)
	for _, s := range slices.SortedFunc(slices.Values(h.slots), func(a, b slot) int { return int(a.area.offset) - int(b.area.offset) }) {
		if s.area.offset < max(end, 1024) || s.area.offset+s.area.size > uint64(size) {
			return fmt.Errorf("key slot %d at %d, the one before ends at %d", s.number, s.area.offset, end)
		}
		end = s.area.offset + s.area.size
		if s.unusable == nil {
			if err := checkSlot(s); err != nil {
				return fmt.Errorf("key slot %d: %w", s.number, err)
			}
		}
	}
	if o := h.segment.offset; o != 0 && o < end {
		return fmt.Errorf("data at %d, key slots up to %d", o, end)
	}
	return checkTable(h, size)
}

func checkSlot(s slot) error {
	switch k := s.kdf; {
	case !slices.Contains(allowed, s.area.cipher.text):
		return fmt.Errorf("cipher %q", s.area.cipher.text)
	case uint64(s.keyBytes)*4000 > s.area.size:
		return fmt.Errorf("a key of %d bytes in %d", s.keyBytes, s.area.size)
	case !s.unbound && s.keyBytes != 32 && s.keyBytes != 64 || s.area.keyBytes != 32 && s.area.keyBytes != 64:
		return fmt.Errorf("keys of %d and %d bytes", s.keyBytes, s.area.keyBytes)
	case k.iterations < 1 || k.iterations >= 1<<31 || len(k.salt) != 32:
		return fmt.Errorf("kdf %+v", k)
	case k.kind != "pbkdf2" && (k.memory > 4<<20 || k.cpus > 16 || k.cpus < 1 || uint64(k.iterations)*uint64(k.memory) > 1<<30):
		return fmt.Errorf("kdf %+v", k)
	}
	return nil
}

// checkTable holds that a table never reaches beyond its device.
func checkTable(h *Header, size int64) error {
	for _, detached := range []bool{false, true} {
		t, err := h.Table(size, detached)
		if err == nil && (t.Sectors == 0 || (t.Offset+t.Sectors)*512 > uint64(size) || t.Offset == 0 && !detached) {
			return fmt.Errorf("table %+v of a device of %d bytes", t, size)
		}
	}
	return nil
}

// sparse is a device that holds head and then zeros.
type sparse struct {
	head []byte
	size int64
}

func (s sparse) ReadAt(b []byte, off int64) (int, error) {
	clear(b)
	if off < int64(len(s.head)) {
		copy(b, s.head[off:])
	}
	if left := s.size - off; left < int64(len(b)) {
		return int(max(left, 0)), io.EOF
	}
	return len(b), nil
}

const fuzzSize = 64 << 20

// fuzzBinary is the binary part of a header of 16 KiB.
func fuzzBinary() []byte {
	b := make([]byte, 512)
	copy(b, magicFirst)
	be.PutUint16(b[versionAt:], 2)
	be.PutUint64(b[v2Size:], minHeader)
	be.PutUint64(b[v2Sequence:], 3)
	copy(b[v2Label:], "root")
	copy(b[v2SumName:], "sha256")
	copy(b[uuidAt:], "b619b2bd-7881-4fa8-9969-634aca4903c3")
	return b
}

const fuzzSalt = `"salt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="`

// fuzzText is a JSON text with a slot of kdf.
func fuzzText(kdf, more string) string {
	return `{"keyslots":{"0":{"type":"luks2","key_size":64,"af":{"type":"luks1","stripes":4000,"hash":"sha256"},"area":{"type":"raw","offset":"32768","size":"258048","encryption":"aes-xts-plain64","key_size":64},"kdf":{` +
		kdf + `,` + fuzzSalt + `}}},"tokens":{},"segments":{"0":{"type":"crypt","offset":"548864","size":"dynamic","iv_tweak":"0","encryption":"aes-xts-plain64","sector_size":512}},` +
		`"digests":{"0":{"type":"pbkdf2","keyslots":["0"],"segments":["0"],"hash":"sha256","iterations":1000,` + fuzzSalt + `,"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}},` +
		`"config":{"json_size":"12288","keyslots_size":"516096"` + more + `}}`
}

// FuzzLUKS2 changes the parameters of a slot by themselves too, which would be a small part of the text.
func FuzzLUKS2(f *testing.F) {
	for _, c := range [][2]string{
		{`"type":"pbkdf2","hash":"sha256","iterations":2147483647`, ``},
		{`"type":"argon2id","time":1,"memory":4194304,"cpus":4`, `,"flags":["allow-discards"]`},
		{`"type":"argon2i","time":4,"memory":4194304,"cpus":4`, `,"requirements":{"mandatory":[]}`},
	} {
		if _, err := Read(sparse{header2(fuzzBinary(), []byte(fuzzText(c[0], c[1]))), fuzzSize}, fuzzSize); err != nil {
			f.Fatalf("a seed is not taken: %v", err)
		}
		f.Add(fuzzBinary(), []byte(c[0]), []byte(fuzzText("KDF", c[1])))
	}
	f.Fuzz(func(t *testing.T, binary, kdf, text []byte) {
		h, err := Read(sparse{header2(binary, bytes.Replace(text, []byte("KDF"), kdf, 1)), fuzzSize}, fuzzSize)
		checkOutcome(t, h, err)
	})
}

// header2 makes a first header of 16 KiB, whose checksum is right.
func header2(binary, text []byte) []byte {
	head := make([]byte, minHeader)
	copy(head[:512], binary)
	copy(head[v2Binary:], text)
	putSum(head)
	return head
}

func FuzzLUKS1(f *testing.F) {
	b := make([]byte, 592)
	copy(b, magicFirst)
	be.PutUint16(b[versionAt:], 1)
	copy(b[v1Cipher:], "aes")
	copy(b[v1Mode:], "xts-plain64")
	copy(b[v1Hash:], "sha256")
	be.PutUint32(b[v1Data:], 8+504*7+500) // where the slots end
	be.PutUint32(b[v1KeyBytes:], 64)
	be.PutUint32(b[v1Iterations:], 1000)
	copy(b[uuidAt:], "b619b2bd-7881-4fa8-9969-634aca4903c3")
	for i := range v1Count {
		s := b[v1Slots+i*v1SlotLen:]
		be.PutUint32(s, v1Enabled)
		be.PutUint32(s[v1SlotRounds:], 1<<31-1)
		be.PutUint32(s[v1SlotArea:], uint32(8+504*i))
		be.PutUint32(s[v1SlotSplit:], 4000)
	}
	if _, err := Read(sparse{b, fuzzSize}, fuzzSize); err != nil {
		f.Fatalf("the seed is not taken: %v", err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, head []byte) {
		h, err := Read(sparse{head, fuzzSize}, fuzzSize)
		checkOutcome(t, h, err)
	})
}

func checkOutcome(t *testing.T, h *Header, err error) {
	t.Helper()
	switch {
	case (h == nil) == (err == nil):
		t.Fatalf("%+v, %v", h, err)
	case err == nil:
		if bad := checkTaken(h, fuzzSize); bad != nil {
			t.Fatalf("taken: %v", bad)
		}
		if _, err := h.Unlock(canceled(), sparse{nil, fuzzSize}, nil, Options{}); err == nil {
			t.Fatal("opened by nothing")
		}
	case strings.ContainsAny(err.Error(), "\n\x00\x1b"):
		t.Fatalf("an error that is no line: %q", err)
	case kindOf(err) == 0 && !errors.Is(err, ErrNotLUKS):
		t.Fatalf("an error without a kind: %v", err)
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// mutations of a value of JSON.
var mutations = []any{
	"", "0", "1", "512", "4096", "16384", "32768", "548864", "dynamic", "18446744073709551615", "18446744073709551616", "-1", "aes-xts-plain64", "aes-cbc-essiv:sha256", "serpent-xts-plain64",
	"cipher_null-ecb", "aes-ecb", "sha256", "sha1", "sha512", "md5", "pbkdf2", "argon2i", "argon2id", "luks1", "luks2", "raw", "crypt", "linear", "reencrypt",
	0, 1, 2, 3, 32, 64, 128, 512, 1000, 4000, 4096, 65536, -1, 1.5, nil, true, []any{}, []any{"0"}, []any{"1"}, []any{0}, tree{}, tree{"0": tree{}},
}

// mutate changes, adds or takes away something below v.
func mutate(r *rand.Rand, v tree) {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if len(keys) == 0 || r.IntN(12) == 0 {
		v[[]string{"0", "1", "flags", "requirements", "integrity", "priority", "x"}[r.IntN(7)]] = mutations[r.IntN(len(mutations))]
		return
	}
	k := keys[r.IntN(len(keys))]
	if sub, ok := v[k].(tree); ok && r.IntN(8) > 0 {
		mutate(r, sub)
		return
	}
	if r.IntN(6) == 0 {
		delete(v, k)
		return
	}
	v[k] = mutations[r.IntN(len(mutations))]
}

// dumpable says whether cryptsetup takes a header, and whether the passphrase opens it.
func dumpable(t *testing.T, file string, image []byte, opens bool) (string, error) {
	t.Helper()
	if err := os.WriteFile(file, image, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := cryptsetup(t, "", "luksDump", file); err != nil {
		return out, err
	}
	if !opens {
		return "", nil
	}
	return cryptsetup(t, pass, "open", "--test-passphrase", "--key-file", "-", file)
}

// TestMutations: of changed headers whose checksum is right, cryptsetup takes each that we take, and opens each that we open (Z11). It repairs and writes
// what it reads: each gets its own copy.
func TestMutations(t *testing.T) {
	image := smallV2(t)
	file := filepath.Join(t.TempDir(), "mutant")
	r := rand.New(rand.NewPCG(7, 11))
	taken, opened, errs := 0, 0, 0
	for i := range *mutants {
		mutant := edit(t, image, func(tr tree) {
			for range 1 + r.IntN(2) {
				mutate(r, tr)
			}
			tr["tokens"] = tree{} // which we do not look at
		})
		h, err := read(mutant)
		if err != nil {
			errs++
			continue
		}
		if err := checkTaken(h, smallSize); err != nil {
			t.Errorf("%d: taken: %v", i, err)
		}
		taken++
		opens := false
		if c := h.Cost(); c.Iterations <= 100000 && c.Memory <= 65536 {
			_, err := h.Unlock(context.Background(), bytes.NewReader(mutant), []byte(pass), Options{})
			opens = err == nil
		}
		if opens {
			opened++
		}
		if out, err := dumpable(t, file, mutant, opens); err != nil {
			t.Errorf("%d: we take it, cryptsetup does not: %v: %s\n%s", i, err, out, bytes.TrimRight(mutant[v2Binary:minHeader], "\x00"))
		}
	}
	t.Logf("%d mutants: %d refused, %d taken, %d of them opened; cryptsetup agrees on all that are taken", *mutants, errs, taken, opened)
	if taken < *mutants/15 || errs < *mutants/3 || opened < *mutants/30 {
		t.Errorf("%d taken, %d refused, %d opened: the test tests little", taken, errs, opened)
	}
}

// TestMutationsV1 is the same of LUKS1 (Z12).
func TestMutationsV1(t *testing.T) {
	image := smallV1(t)
	file := filepath.Join(t.TempDir(), "mutant")
	r := rand.New(rand.NewPCG(7, 12))
	numbers := []uint32{0, 1, 2, 8, 16, 32, 48, 64, 504, 512, 1000, 4000, 4096, 65536, v1Enabled, v1Disabled, 1 << 31, 1<<32 - 1}
	taken, opened, errs := 0, 0, 0
	for i := range *mutants {
		mutant := bytes.Clone(image)
		if r.IntN(3) == 0 {
			mutant[r.IntN(592)] ^= 1 << r.IntN(8)
		} else {
			at := []int{v1Data, v1KeyBytes, v1Iterations, v1Slots + v1SlotLen*r.IntN(8) + []int{0, v1SlotRounds, v1SlotArea, v1SlotSplit}[r.IntN(4)]}[r.IntN(4)]
			be.PutUint32(mutant[at:], numbers[r.IntN(len(numbers))])
		}
		h, err := read(mutant)
		if err != nil {
			errs++
			continue
		}
		if err := checkTaken(h, int64(len(mutant))); err != nil {
			t.Errorf("%d: taken: %v", i, err)
		}
		taken++
		opens := false
		if h.Cost().Iterations <= 100000 && h.digest.kdf.iterations <= 100000 {
			_, err := h.Unlock(context.Background(), bytes.NewReader(mutant), []byte(pass), Options{})
			opens = err == nil
		}
		if opens {
			opened++
		}
		if out, err := dumpable(t, file, mutant, opens); err != nil {
			t.Errorf("%d: we take it, cryptsetup does not: %v: %s; %s", i, err, out, difference(image, mutant))
		}
	}
	t.Logf("%d mutants: %d refused, %d taken, %d of them opened; cryptsetup agrees on all that are taken", *mutants, errs, taken, opened)
	if taken < *mutants/15 || errs < *mutants/3 || opened < *mutants/30 {
		t.Errorf("%d taken, %d refused, %d opened: the test tests little", taken, errs, opened)
	}
}

// difference names the first byte that differs, and what stands around it.
func difference(a, b []byte) string {
	for i := range a {
		if a[i] != b[i] {
			return fmt.Sprintf("from byte %d: % x, now % x", i, a[i:i+4], b[i:i+4])
		}
	}
	return "no difference"
}
