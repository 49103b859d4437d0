package switchroot

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var record = Record{Root: "/sysroot", Device: "/dev/vda2", Init: "/usr/lib/systemd/systemd", Mounts: []string{"/dev", "/proc", "/sys", "/run"}, Discard: []string{"/tmp"},
	OwnArgs: true, Args: []string{"single"}, Drop: []int{16, 40}}

func TestRecord(t *testing.T) {
	for _, r := range []Record{record, {}, {OwnArgs: true}, {Drop: []int{0}}, {Discard: []string{"-", "1"}, OwnArgs: true, Args: []string{""}}, {Root: "/\x00\xff", Init: "", Mounts: []string{"", ""}}} {
		got, err := DecodeRecord(r.Encode())
		if diff := cmp.Diff(r, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	}
}

// TestRecordDamaged: every byte that changes and every byte that lacks is seen.
func TestRecordDamaged(t *testing.T) {
	whole := record.Encode()
	for i := range whole {
		if _, err := DecodeRecord(whole[:i]); !errors.Is(err, ErrRecord) {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
		bad := bytes.Clone(whole)
		bad[i] ^= 0x20
		if _, err := DecodeRecord(bad); !errors.Is(err, ErrRecord) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	if _, err := DecodeRecord(append(whole, 0)); !errors.Is(err, ErrRecord) {
		t.Errorf("a byte more: %v", err)
	}
	if _, err := DecodeRecord(Record{}.Encode()[:len(recordMagic)+8]); !errors.Is(err, ErrRecord) {
		t.Errorf("no strings: %v", err)
	}
}

// FuzzDecodeRecord: what decodes encodes to the same bytes.
func FuzzDecodeRecord(f *testing.F) {
	f.Add(record.Encode())
	f.Add([]byte(recordMagic + "\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		// The fuzzer's slices have room behind their ends, where a read too far would do no harm.
		msg = slices.Clip(msg)
		r, err := DecodeRecord(msg)
		if err == nil && !bytes.Equal(r.Encode(), msg) {
			t.Errorf("%x decodes to %+v, which encodes otherwise", msg, r)
		}
	})
}

// FuzzDecodeStrings has no checksum in its way.
func FuzzDecodeStrings(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00a\x00\x00\x00\x00"))
	f.Add([]byte("\xff\xff\xff\xffa"))
	f.Fuzz(func(t *testing.T, body []byte) {
		// The fuzzer's slices have room behind their ends, where a read too far would do no harm.
		body = slices.Clip(body)
		words, err := decodeStrings(body)
		n := 0
		for _, w := range words {
			n += 4 + len(w)
		}
		if err == nil && n != len(body) {
			t.Errorf("%d of %d bytes are read", n, len(body))
		}
	})
}
