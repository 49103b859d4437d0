package luks

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"runtime"
	"strings"
	"testing"

	xpbkdf2 "golang.org/x/crypto/pbkdf2"
)

// TestPBKDF2: RFC 6070 and the function of golang.org/x/crypto.
func TestPBKDF2(t *testing.T) {
	sha1, _ := parseHash("sha1")
	for _, c := range []struct {
		secret, salt string
		rounds       uint32
		want         string
	}{
		{"password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
		{"password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"},
		{"passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"},
	} {
		k := kdf{kind: "pbkdf2", hash: sha1, iterations: c.rounds, salt: []byte(c.salt)}
		got, err := k.derive(context.Background(), []byte(c.secret), len(c.want)/2)
		if err != nil || hex.EncodeToString(got) != c.want {
			t.Errorf("%+v: %x, %v", c, got, err)
		}
	}
	for _, h := range hashes {
		for _, n := range []int{1, 20, 32, 64, 65} {
			k := kdf{kind: "pbkdf2", hash: h, iterations: 3, salt: []byte("some salt")}
			got, err := k.derive(context.Background(), []byte("secret"), n)
			if want := xpbkdf2.Key([]byte("secret"), k.salt, 3, n, h.new); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, %d bytes: %x, want %x", h.name, n, got, want)
			}
		}
	}
}

// stopAfter is a context that ends at the n-th look.
type stopAfter struct {
	context.Context
	n *int
}

func (s stopAfter) Err() error {
	if *s.n--; *s.n < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// TestPBKDF2Stops: a deadline is kept within a slot.
func TestPBKDF2Stops(t *testing.T) {
	sha1, _ := parseHash("sha1")
	n := 2
	k := kdf{kind: "pbkdf2", hash: sha1, iterations: maxIterations, salt: []byte("salt")}
	if _, err := k.derive(stopAfter{context.Background(), &n}, nil, 64); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestMemory: slots that are tried one after the other need the memory of one.
func TestMemory(t *testing.T) {
	k := kdf{kind: "argon2id", iterations: 1, memory: 64 << 10, cpus: 1, salt: make([]byte, saltBytes)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 3 {
		if _, err := k.derive(context.Background(), []byte("secret"), 64); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.HeapSys - before.HeapSys; grown > 100<<20 {
		t.Errorf("3 slots of 64 MiB: %d MiB", grown>>20)
	}
}

func TestKeyFile(t *testing.T) {
	file := "0123456789\n"
	for _, c := range []struct {
		offset, length int64
		want, err      string
	}{
		{0, 0, file, ""},
		{3, 0, "3456789\n", ""},
		{3, 4, "3456", ""},
		{10, 1, "\n", ""},
		{11, 0, "", "nothing is left from byte 11 on"},
		{3, 9, "", "keyfile-size= wants 9 from byte 3 on"},
		{3, 1<<63 - 1, "", "keyfile-size= wants"},
		{1<<63 - 1, 1<<63 - 1, "", "nothing is left"},
		{-1, 0, "", "write numbers from 0 on"},
		{0, -1, "", "write numbers from 0 on"},
	} {
		got, err := ReadKeyFile(strings.NewReader(file), int64(len(file)), c.offset, c.length)
		if string(got) != c.want || (c.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%d, %d: %q, %v; want %q, %s", c.offset, c.length, got, err, c.want, c.err)
		}
	}
	big := sparse{nil, 10 << 30}
	if _, err := ReadKeyFile(big, big.size, 0, 0); err == nil || !strings.Contains(err.Error(), "more than 8388608") {
		t.Errorf("10 GiB: %v", err)
	}
	if b, err := ReadKeyFile(big, big.size, 9<<30, MaxKeyFile); err != nil || len(b) != MaxKeyFile {
		t.Errorf("8 MiB of 10 GiB: %d, %v", len(b), err)
	}
	var e *ReadError
	if _, err := ReadKeyFile(strings.NewReader(file), 100, 0, 0); !errors.As(err, &e) {
		t.Errorf("a file that got shorter: %v", err)
	}
	for in, want := range map[string]string{"a\n": "a", "a\nb\n": "a", "a": "a", "\n": "", "": "", "a\r\n": "a\r"} {
		if got := string(Line([]byte(in))); got != want {
			t.Errorf("Line(%q) = %q", in, got)
		}
	}
}

func TestDMUUID(t *testing.T) {
	h := &Header{Version: 2, UUID: "b619b2bd-7881-4fa8-9969-634aca4903c3"}
	if got := h.DMUUID("root"); got != "CRYPT-LUKS2-b619b2bd78814fa89969634aca4903c3-root" {
		t.Error(got)
	}
	if got := h.DMUUID(strings.Repeat("a", 127)); len(got) != 128 {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}
