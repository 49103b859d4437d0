package luks

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// crafted are headers that no honest volume has, or that are not opened here. Both copies have a right checksum.
var crafted = []struct {
	name   string
	kind   Kind
	err    string
	change func(tree)
}{
	// C1: the cipher
	{"null cipher of the data", Refused, "segment 0: cipher \"cipher_null-ecb\" encrypts nothing", func(t tree) { at(t, "segments", "0")["encryption"] = "cipher_null-ecb" }},
	{"null cipher of a slot", Refused, "key slot 0: area: cipher \"cipher_null-ecb\" encrypts nothing", func(t tree) { at(t, "keyslots", "0", "area")["encryption"] = "cipher_null-ecb" }},
	{"null cipher by its kernel name", Refused, "encrypts nothing", func(t tree) { at(t, "segments", "0")["encryption"] = "capi:ecb(cipher_null)-null" }},
	{"null cipher behind integrity", Refused, "encrypts nothing", func(t tree) {
		at(t, "segments", "0")["encryption"] = "cipher_null-ecb"
		at(t, "segments", "0")["integrity"] = tree{"type": "hmac(sha256)", "journal_encryption": "none", "journal_integrity": "none"}
	}},
	{"ecb", Refused, "shows which blocks are equal", func(t tree) { at(t, "segments", "0")["encryption"] = "aes-ecb" }},
	{"no cipher", Refused, "no cipher is named", func(t tree) { at(t, "segments", "0")["encryption"] = "" }},
	{"a name with a NUL", Damaged, "a text with a NUL", func(t tree) { at(t, "segments", "0")["encryption"] = "aes-xts-plain64\x00" }},
	{"short key of a slot", Refused, "area: a key of 8 bytes is none for aes-xts-plain64", func(t tree) { at(t, "keyslots", "0", "area")["key_size"] = 8 }},
	{"short volume key", Refused, "a key of 1 bytes is none", func(t tree) { at(t, "keyslots", "0")["key_size"] = 1 }},
	// C1: the segment
	{"plain segment", Refused, "type \"linear\" is not crypt", func(t tree) { at(t, "segments", "0")["type"] = "linear" }},
	{"the drive encrypts, says the header", Refused, "type \"hw-opal\" is not crypt", func(t tree) { at(t, "segments", "0")["type"] = "hw-opal" }},
	{"plain segment behind", Refused, "segment 1: its type \"linear\"", func(t tree) {
		at(t, "segments")["1"] = tree{"type": "linear", "offset": "1048576", "size": "dynamic"}
	}},
	{"two segments", Refused, "it has 2 segments", func(t tree) { at(t, "segments")["1"] = at(t, "segments", "0") }},
	{"no segment", Refused, "it has no segment", func(t tree) { t["segments"] = tree{} }},
	{"empty segment", Refused, "it has no bytes", func(t tree) { at(t, "segments", "0")["size"] = "0" }},
	{"segment in the slots", Refused, "in the key slots", func(t tree) { at(t, "segments", "0")["offset"] = "32768" }},
	{"segment within a sector", Refused, "between sectors", func(t tree) { at(t, "segments", "0")["offset"] = "548865" }},
	{"sectors of 8192", Refused, "8192 bytes are not", func(t tree) { at(t, "segments", "0")["sector_size"] = 8192 }},
	{"segment without a digest", Refused, "0 digests", func(t tree) { at(t, "digests", "0")["segments"] = []any{} }},
	{"segment twice in a digest", Refused, "2 digests", func(t tree) { at(t, "digests", "0")["segments"] = []any{"0", "0"} }},
	{"segment with another case", Refused, "its type \"linear\"", func(t tree) {
		at(t, "segments", "0")["Type"] = "crypt"
		at(t, "segments", "0")["type"] = "linear"
	}},
	// C2: reencryption
	{"online reencryption", Refused, "a reencryption is under way", func(t tree) { require(t, "online-reencrypt") }},
	{"online reencryption 2", Refused, "a reencryption is under way", func(t tree) { require(t, "online-reencrypt-v2") }},
	{"offline reencryption behind another", Refused, "a reencryption is under way", func(t tree) { require(t, "opal", "offline-reencrypt") }},
	{"slot of a reencryption", Refused, "key slot 0: a reencryption is under way", func(t tree) { at(t, "keyslots", "0")["type"] = "reencrypt" }},
	{"segment of a reencryption", Refused, "a reencryption is under way", func(t tree) { at(t, "segments", "0")["flags"] = []any{"in-reencryption"} }},
	{"unknown requirement", Refused, "\"trust-me\" is not known", func(t tree) { require(t, "trust-me") }},
	// C3 and L11: sizes and counts
	{"memory of 64 GiB", Refused, "argon2id wants 65536 MiB", func(t tree) { argon(t, 4, 64<<20, 1) }},
	{"passes without end", Refused, "argon2id wants 4294967295 passes", func(t tree) { argon(t, 1<<32-1, 1024, 1) }},
	{"a day of passes", Refused, "passes over 4096 MiB", func(t tree) { argon(t, 100000, 4<<20, 1) }},
	{"no passes", Refused, "0 passes", func(t tree) { argon(t, 0, 1024, 1) }},
	{"no threads", Refused, "0 threads", func(t tree) { argon(t, 4, 1024, 0) }},
	{"257 threads", Refused, "257 threads", func(t tree) { argon(t, 4, 1<<20, 257) }},
	{"memory for no thread", Refused, "4 KiB of memory", func(t tree) { argon(t, 4, 4, 1) }},
	{"memory beyond 32 bits", Damaged, "memory is not a whole number", func(t tree) { argon(t, 4, 1<<33, 1) }},
	{"iterations of 2^32-1", Refused, "4294967295 iterations", func(t tree) { at(t, "keyslots", "0", "kdf")["iterations"] = uint32(1<<32 - 1) }},
	{"digest of 2^31 iterations", Refused, "digest 0: 2147483648 iterations", func(t tree) { at(t, "digests", "0")["iterations"] = 1 << 31 }},
	{"no iterations", Refused, "0 iterations", func(t tree) { at(t, "keyslots", "0", "kdf")["iterations"] = 0 }},
	{"33 slots", Damaged, "keyslots \"32\" is not numbered", func(t tree) { at(t, "keyslots")["32"] = at(t, "keyslots", "0") }},
	{"a slot by the name of +1", Damaged, "is not numbered", func(t tree) { at(t, "keyslots")["+1"] = at(t, "keyslots", "0") }},
	{"300 segments", Damaged, "is not numbered from 0 to 31", func(t tree) {
		for i := range 300 {
			at(t, "segments")[itoa(i)] = tree{}
		}
	}},
	{"two stripes", Refused, "af: 2 stripes", func(t tree) { at(t, "keyslots", "0", "af")["stripes"] = 2 }},
	{"area in the header", Refused, "is not between", func(t tree) { at(t, "keyslots", "0", "area")["offset"] = "16384" }},
	{"area in the data", Refused, "is not between", func(t tree) { at(t, "keyslots", "0", "area")["offset"] = "548864" }},
	{"area of 2^64-1 bytes", Damaged, "size is not a whole number", func(t tree) { at(t, "keyslots", "0", "area")["size"] = "18446744073709551615" }},
	{"area of 2^63-1 bytes", Refused, "is not between", func(t tree) { at(t, "keyslots", "0", "area")["size"] = "9223372036854775807" }},
	{"area too small", Refused, "its key needs 256000", func(t tree) { at(t, "keyslots", "0", "area")["size"] = "4096" }},
	{"areas that overlap", Refused, "key slot 1: its area overlaps that of key slot 0", func(t tree) {
		at(t, "keyslots")["1"] = at(t, "keyslots", "0")
		at(t, "digests", "0")["keyslots"] = []any{"0", "1"}
	}},
	{"slots beyond 128 MiB", Refused, "keyslots_size", func(t tree) { at(t, "config")["keyslots_size"] = "1099511627776" }},
	{"slots beyond the device", Damaged, "the device at byte", func(t tree) { at(t, "config")["keyslots_size"] = "134217728" }},
	{"wrong size of the JSON area", Damaged, "json_size", func(t tree) { at(t, "config")["json_size"] = "4096" }},
	{"size as a number", Damaged, "keyslots_size is not a text", func(t tree) { at(t, "config")["keyslots_size"] = 516096 }},
	{"number as a text", Damaged, "key_size is not a whole number", func(t tree) { at(t, "keyslots", "0")["key_size"] = "64" }},
	{"negative number", Damaged, "key_size is not a whole number", func(t tree) { at(t, "keyslots", "0")["key_size"] = -64 }},
	{"slot without a digest", Refused, "key slot 0: no digest", func(t tree) { at(t, "digests", "0")["keyslots"] = []any{} }},
	{"digest of a slot that is not there", Refused, "digest 0: there is no key slot \"7\"", func(t tree) { at(t, "digests", "0")["keyslots"] = []any{"0", "7"} }},
	{"two digests of a slot", Refused, "key slot \"0\" has two digests", func(t tree) { at(t, "digests")["1"] = at(t, "digests", "0") }},
	{"short salt", Damaged, "salt is not base64", func(t tree) { at(t, "keyslots", "0", "kdf")["salt"] = "AAAA" }},
	{"short digest", Damaged, "digest is not base64", func(t tree) { at(t, "digests", "0")["digest"] = "AAAA" }},
	{"priority 3", Damaged, "priority is not", func(t tree) { at(t, "keyslots", "0")["priority"] = 3 }},
	{"40 levels", Refused, "levels deep", func(t tree) { t["tokens"] = nested(40) }},
	// Honest, and for cryptsetup.
	{"integrity", NeedsCryptsetup, "dm-integrity (\"hmac(sha256)\")", func(t tree) {
		at(t, "segments", "0")["integrity"] = tree{"type": "hmac(sha256)", "journal_encryption": "none", "journal_integrity": "none"}
	}},
	{"authenticated encryption", NeedsCryptsetup, "dm-integrity (\"aead\")", func(t tree) {
		at(t, "segments", "0")["encryption"] = "aes-gcm-random"
		at(t, "segments", "0")["integrity"] = tree{"type": "aead", "journal_encryption": "none", "journal_integrity": "none"}
	}},
	{"another cipher", NeedsCryptsetup, "cipher \"xchacha12,aes-adiantum-plain64\"", func(t tree) { at(t, "segments", "0")["encryption"] = "xchacha12,aes-adiantum-plain64" }},
	{"Opal below dm-crypt", NeedsCryptsetup, "requirement \"opal\"", func(t tree) { require(t, "opal") }},
	{"another digest", NeedsCryptsetup, "digest 0: type \"blake\"", func(t tree) { at(t, "digests", "0")["type"] = "blake" }},
}

func itoa(i int) string {
	return string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
}

func require(t tree, names ...any) {
	at(t, "config")["requirements"] = tree{"mandatory": names}
}

func argon(t tree, time, memory, cpus int) {
	at(t, "keyslots", "0")["kdf"] = tree{"type": "argon2id", "time": time, "memory": memory, "cpus": cpus, "salt": strings.Repeat("A", 43) + "="}
}

func nested(depth int) any {
	v := any(1)
	for range depth {
		v = tree{"a": v}
	}
	return v
}

func TestCrafted(t *testing.T) {
	image := smallV2(t)
	for _, c := range crafted {
		start := time.Now()
		h, err := read(edit(t, image, c.change))
		switch {
		case err == nil:
			t.Errorf("%s: taken: %+v", c.name, h)
		case kindOf(err) != c.kind && !(c.kind == Damaged && isDamaged(err)) || !strings.Contains(err.Error(), c.err):
			t.Errorf("%s: %v, %v; want %v, %s", c.name, kindOf(err), err, c.kind, c.err)
		case strings.Contains(err.Error(), "\n") || len(err.Error()) > 400:
			t.Errorf("%s: not one short line: %s", c.name, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: took %v", c.name, d)
		}
	}
}

// TestCraftedText: what is no tree of another text.
func TestCraftedText(t *testing.T) {
	image := smallV2(t)
	text, _, _ := bytes.Cut(image[v2Binary:], []byte{0})
	good := string(text)
	for name, c := range map[string]struct{ text, err string }{
		"nothing":           {"", "does not begin with {"},
		"an array":          {"[]", "does not begin with {"},
		"a blank before":    {" " + good, "does not begin with {"},
		"a blank behind":    {good + " ", "something behind the JSON object"},
		"a second object":   {good + "{}", "something behind the JSON object"},
		"rubbish behind":    {good + "\x00\x00x", "something behind the JSON text"},
		"cut":               {good[:len(good)/2], "JSON text, byte"},
		"no end":            {good + strings.Repeat(" ", minHeader-v2Binary-len(good)), "has no end"},
		"not UTF-8":         {strings.Replace(good, "dynamic", "dyn\xff", 1), "not UTF-8"},
		"a key twice":       {strings.Replace(good, `"type":"crypt"`, `"type":"linear","type":"crypt"`, 1), `the key "type" stands twice`},
		"a key twice by \\": {strings.Replace(good, `"type":"crypt"`, `"type":"linear","\u0074ype":"crypt"`, 1), `the key "type" stands twice`},
		"a comment":         {"{/* */" + good[1:], "JSON text, byte"},
		"a fraction":        {strings.Replace(good, `"key_size":64`, `"key_size":64.0`, 1), "key_size is not"},
		"an exponent":       {strings.Replace(good, `"key_size":64`, `"key_size":64e0`, 1), "key_size is not"},
		"deep arrays":       {`{"a":` + strings.Repeat("[", 11000), "levels deep"},
		"many values":       {`{"a":[` + strings.Repeat("1,", 5900) + "1]}", "config is not an object"},
	} {
		if _, err := read(putText(image, []byte(c.text))); err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %s", name, err, c.err)
		}
	}
	if _, err := parseJSON([]byte(`{"a":[` + strings.Repeat("1,", maxValues) + "1]}\x00")); kindOf(err) != Refused {
		t.Errorf("values without end: %v", err)
	}
}

// TestTokens: what is wrong with tokens is no reason to keep the passphrase away (L21).
func TestTokens(t *testing.T) {
	image := smallV2(t)
	for name, tokens := range map[string]any{
		"of another type": 7, "none": nil, "of no slot": tree{"0": tree{"type": "x", "keyslots": []any{"9"}}}, "no number": tree{"x": tree{}},
	} {
		if _, err := read(edit(t, image, func(tr tree) { tr["tokens"] = tokens })); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSlotsForCryptsetup: a slot of a kind that is not opened here takes no other one away, and alone it says what it needs.
func TestSlotsForCryptsetup(t *testing.T) {
	image := edit(t, smallV2(t), func(tr tree) { at(tr, "keyslots", "0", "kdf")["hash"] = "whirlpool" })
	h, err := read(image)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Unlock(context.Background(), bytes.NewReader(image), []byte(pass), Options{})
	var e *Error
	if !errors.As(err, &e) || e.Kind != NeedsCryptsetup || len(h.Notes) != 1 || h.Slots()[0].Err == nil {
		t.Errorf("%v, notes %q", err, h.Notes)
	}
}

// TestCopies is L09 and L10: damaged copies, older copies, at every place of the second.
func TestCopies(t *testing.T) {
	good := smallV2(t)
	other := edit(t, good, func(tr tree) { at(tr, "config")["flags"] = []any{"allow-discards"} }) // tells which copy was taken
	mixed := func(a, b uint64) []byte {
		m := bytes.Clone(good)
		copy(m[minHeader:2*minHeader], other[minHeader:2*minHeader])
		setSequence(m, 0, a)
		setSequence(m, minHeader, b)
		return m
	}
	spoil := func(b []byte, at int) []byte { b[at] ^= 1; return b }
	for name, c := range map[string]struct {
		image  []byte
		second bool // is taken
		note   string
		err    string
	}{
		"first newer":              {mixed(9, 8), false, "the second LUKS2 header is older", ""},
		"second newer":             {mixed(8, 9), true, "the first LUKS2 header is older", ""},
		"equal":                    {mixed(8, 8), false, "have the same sequence number", ""},
		"first spoilt":             {spoil(mixed(9, 8), 5000), true, "the first LUKS2 header is not used: its checksum is wrong", ""},
		"second newer and spoilt":  {spoil(mixed(8, 9), minHeader+5000), false, "the second LUKS2 header is not used: its checksum is wrong", ""},
		"magic of the first":       {spoil(mixed(8, 8), 0), true, "the first LUKS2 header is not used: it is not there", ""},
		"magic of the second":      {spoil(mixed(8, 9), minHeader), false, "the second LUKS2 header is not used: it is not there", ""},
		"size of the first":        {spoil(mixed(8, 8), v2Size+7), true, "its size", ""},
		"both spoilt":              {spoil(spoil(mixed(8, 8), 5000), minHeader+5000), false, "", "LUKS2 header, both copies: its checksum is wrong"},
		"both magics":              {spoil(spoil(mixed(8, 8), 0), minHeader), false, "", ErrNotLUKS.Error()},
		"version 3":                {spoil(mixed(8, 8), 7), false, "", "version 3"},
		"newer refused":            {hostile(t, good, 0, 9), false, "", "encrypts nothing"},
		"newer refused, second":    {hostile(t, good, minHeader, 9), false, "", "encrypts nothing"},
		"older refused":            {hostile(t, good, minHeader, 0), false, "the second LUKS2 header is not used: refused", ""},
		"newer without structure":  {broken(t, good), false, "config is not an object", ""},
		"cut behind the first":     {good[:minHeader+100], false, "", "the key slots end"},
		"nothing":                  {make([]byte, 5<<20), false, "", ErrNotLUKS.Error()},
		"too short for any header": {good[:4095], false, "", ErrNotLUKS.Error()},
	} {
		h, err := read(c.image)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %s", name, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case (len(h.Flags) == 1) != c.second || len(h.Notes) != 1 || !strings.Contains(h.Notes[0], c.note):
			t.Errorf("%s: flags %q, notes %q", name, h.Flags, h.Notes)
		}
	}
}

// hostile makes the copy at off one with a null cipher.
func hostile(t *testing.T, image []byte, off int, sequence uint64) []byte {
	bad := edit(t, image, func(tr tree) { at(tr, "segments", "0")["encryption"] = "cipher_null-ecb" })
	m := bytes.Clone(image)
	copy(m[off:off+minHeader], bad[off:off+minHeader])
	setSequence(m, off, sequence)
	return m
}

// broken makes the second copy a newer one that is no LUKS2 JSON.
func broken(t *testing.T, image []byte) []byte {
	m := bytes.Clone(image)
	bad := putText(image, []byte("{}"))
	copy(m[minHeader:2*minHeader], bad[minHeader:2*minHeader])
	setSequence(m, minHeader, 99)
	return m
}

// TestSecondPlaces: without a first header the second one is found wherever it may lie.
func TestSecondPlaces(t *testing.T) {
	for _, size := range []string{"16k", "32k", "64k", "128k", "256k", "512k", "1m", "2m", "4m"} {
		file := newImage(t, 24<<20, join([]string{"--type", "luks2", "--luks2-metadata-size", size}, cheapPBKDF2)...)
		f, n := openFile(t, file)
		h, err := Read(blind{f}, n)
		if err != nil {
			t.Errorf("%s: %v", size, err)
			continue
		}
		if len(h.Notes) != 1 || !strings.Contains(h.Notes[0], "the first LUKS2 header is not used") {
			t.Errorf("%s: notes %q", size, h.Notes)
		}
	}
}

// blind cannot read the first sector.
type blind struct{ io.ReaderAt }

func (b blind) ReadAt(p []byte, off int64) (int, error) {
	if off < 512 {
		return 0, errors.New("bad sector")
	}
	return b.ReaderAt.ReadAt(p, off)
}

func TestReadErrors(t *testing.T) {
	var e *ReadError
	if _, err := Read(blind{bytes.NewReader(make([]byte, 1<<20))}, 1<<20); !errors.As(err, &e) {
		t.Errorf("no second header: %v", err)
	}
	image := smallV2(t)
	h, err := read(image)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Unlock(context.Background(), bytes.NewReader(image[:40000]), []byte(pass), Options{}); !errors.As(err, &e) {
		t.Errorf("a slot that cannot be read: %v", err)
	}
}

// TestOnlyOnce: no byte of the header is read twice, and none by Unlock (C1).
func TestOnlyOnce(t *testing.T) {
	for name, image := range map[string][]byte{"luks1": smallV1(t), "luks2": smallV2(t)} {
		c := &counter{Reader: bytes.NewReader(image), seen: map[int64]int{}}
		h, err := Read(c, int64(len(image)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Unlock(context.Background(), c, []byte(pass), Options{}); err != nil {
			t.Fatal(err)
		}
		for off, n := range c.seen {
			if n != 1 {
				t.Errorf("%s: sector %d was read %d times", name, off, n)
			}
		}
	}
}

type counter struct {
	*bytes.Reader
	seen map[int64]int
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	for s := off / 512; s < (off+int64(len(p))+511)/512; s++ {
		c.seen[s]++
	}
	return c.Reader.ReadAt(p, off)
}

// TestTableErrors: the data against its device.
func TestTableErrors(t *testing.T) {
	image := smallV2(t)
	whole := smallSize - 548864
	for _, c := range []struct {
		segment string
		size    int64
		kind    Kind
	}{
		{"dynamic", smallSize, 0},
		{itoa6(whole), smallSize, 0},
		{itoa6(whole), smallSize - 512, Refused},
		{itoa6(whole - 4096), smallSize, NeedsCryptsetup},
		{"dynamic", 548864, Refused},
		{"dynamic", 0, Refused},
		{"dynamic", -1, Refused},
		{"dynamic", smallSize - 512, Damaged},
		{"dynamic", smallSize - 1, Damaged},
		{"9223372036854771712", smallSize, Refused},
	} {
		h, err := read(edit(t, image, func(tr tree) { at(tr, "segments", "0")["size"] = c.segment }))
		if err != nil {
			t.Fatal(err)
		}
		table, err := h.Table(c.size, false)
		if kindOf(err) != c.kind || err == nil && (table.Offset != 1072 || table.Sectors != uint64(whole)/512) {
			t.Errorf("%s on %d bytes: %+v, %v", c.segment, c.size, table, err)
		}
	}
}

func itoa6(n int) string { return itoa(n/1000) + itoa(n%1000) }

var crafted1 = []struct {
	name   string
	kind   Kind
	err    string
	change func([]byte)
}{
	{"null cipher", Refused, "encrypts nothing", func(b []byte) { copy(b[v1Cipher:], "cipher_null\x00"); copy(b[v1Mode:], "ecb\x00") }},
	{"ecb", Refused, "shows which blocks", func(b []byte) { copy(b[v1Mode:], "ecb\x00") }},
	{"another cipher", NeedsCryptsetup, "cipher \"cast5-", func(b []byte) { copy(b[v1Cipher:], "cast5\x00") }},
	{"another hash", NeedsCryptsetup, "hash \"whirlpool\"", func(b []byte) { copy(b[v1Hash:], "whirlpool\x00") }},
	{"name without an end", Damaged, "has no end", func(b []byte) { copy(b[v1Cipher:], strings.Repeat("a", 32)) }},
	{"key of 0 bytes", Refused, "a key of 0 bytes", func(b []byte) { be.PutUint32(b[v1KeyBytes:], 0) }},
	{"key of 2^32-1 bytes", Refused, "4294967295 bytes", func(b []byte) { be.PutUint32(b[v1KeyBytes:], 1<<32-1) }},
	{"key of 128 bits", NeedsCryptsetup, "128 bits", func(b []byte) { be.PutUint32(b[v1KeyBytes:], 16) }},
	{"iterations of the digest", Refused, "digest: 4294967295 iterations", func(b []byte) { be.PutUint32(b[v1Iterations:], 1<<32-1) }},
	{"iterations of a slot", Refused, "key slot 0: 2147483648 iterations", func(b []byte) { be.PutUint32(b[v1Slots+v1SlotRounds:], 1<<31) }},
	{"no stripes", Refused, "key slot 0: 0 stripes", func(b []byte) { be.PutUint32(b[v1Slots+v1SlotSplit:], 0) }},
	{"2^32-1 stripes", Refused, "4294967295 stripes", func(b []byte) { be.PutUint32(b[v1Slots+v1SlotSplit:], 1<<32-1) }},
	{"area in the header", Refused, "is not between", func(b []byte) { be.PutUint32(b[v1Slots+v1SlotArea:], 1) }},
	{"area behind the device", Damaged, "the device at byte", func(b []byte) { be.PutUint32(b[v1Slots+v1SlotArea:], 1<<32-1) }},
	{"areas that overlap", Refused, "overlaps", func(b []byte) { be.PutUint32(b[v1Slots+v1SlotArea:], be.Uint32(b[v1Slots+v1SlotLen+v1SlotArea:])) }},
	{"data in the slots", Refused, "in the key slots", func(b []byte) { be.PutUint32(b[v1Data:], 64) }},
	{"state of a slot", Damaged, "neither used nor unused", func(b []byte) { b[v1Slots] ^= 1 }},
	{"UUID", Refused, "UUID", func(b []byte) { b[uuidAt] = '/' }},
	{"UUID without an end", Refused, "UUID", func(b []byte) { copy(b[uuidAt:], strings.Repeat("a", 40)) }},
	{"reencryption", Refused, "a reencryption was begun", func(b []byte) { copy(b, magicReencrypt) }},
	{"version 0", Damaged, "version 0", func(b []byte) { b[7] = 0 }},
}

func TestCraftedV1(t *testing.T) {
	image := smallV1(t)
	for _, c := range crafted1 {
		b := bytes.Clone(image)
		c.change(b)
		if _, err := read(b); kindOf(err) != c.kind || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %v, %s", c.name, err, c.kind, c.err)
		}
	}
}
