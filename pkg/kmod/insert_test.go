package kmod

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
)

// file1 stands for a module file that is there.
var file1 = &fstest.MapFile{Data: []byte("\x7fELF")}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCompression(t *testing.T) {
	module := bytes.Repeat([]byte("module "), 50_000)
	packed := gzipped(t, module)
	lying := append(bytes.Clone(packed[:len(packed)-4]), 0xff, 0xff, 0xff, 0xff)
	for _, c := range []struct {
		name, file, kernel string
		data               []byte
		want               string // what the kernel was given
		err                string
	}{
		{"plain", "a.ko", "", module, "a p=1", ""},
		{"kernel unpacks gzip", "a.ko.gz", "gzip\n", packed, "a p=1 (compressed)", ""},
		{"kernel unpacks xz", "a.ko.xz", "xz", module, "a p=1 (compressed)", ""},
		{"kernel unpacks zstd", "a.ko.zst", "zstd", module, "a p=1 (compressed)", ""},
		{"we unpack", "a.ko.gz", "", packed, "image of 350000 bytes p=1", ""},
		{"we unpack beside xz", "a.ko.gz", "xz", packed, "image of 350000 bytes p=1", ""},
		{"nobody unpacks xz", "a.ko.xz", "zstd", module, "", "packed with xz, and this kernel unpacks zstd"},
		{"nobody unpacks zstd", "a.ko.zst", "", module, "", "packed with zstd, and this kernel unpacks none"},
		{"cut", "a.ko.gz", "", packed[:len(packed)/2], "", "damaged gzip file"},
		{"no gzip", "a.ko.gz", "", module, "", "damaged gzip file"},
		{"wrong size", "a.ko.gz", "", lying, "", "damaged gzip file"},
		{"empty", "a.ko.gz", "", nil, "", "damaged gzip file"},
		{"absent", "a.ko.gz", "", []byte("absent"), "", ErrNoFile.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			ix, files := testIndex(t, c.file+":\n", "", "", "")
			if string(c.data) != "absent" {
				files[testDir+"/"+c.file] = &fstest.MapFile{Data: c.data}
			}
			k := &fakeKernel{}
			p := Policy{Options: map[string]string{"a": "p=1"}}
			err := NewLoader(ix, p, k, Options{Decompresses: c.kernel}).Load("a")
			if got := k.journal(t); got != c.want {
				t.Errorf("the kernel got %q, want %q", got, c.want)
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("err = %v, want %q", err, c.err)
			}
		})
	}
}

func TestParametersWithNUL(t *testing.T) {
	k := &fakeKernel{}
	l := sampleLoader(t, Policy{Options: map[string]string{"virtio": "a=\x00b"}}, k, Options{})
	if err := l.Load("virtio"); err == nil || !strings.Contains(err.Error(), "NUL") || len(k.tries) != 0 {
		t.Errorf("err = %v, tries %v", err, k.tries)
	}
}

func TestErrorsInWords(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{
		syscall.ENOENT:       "symbol",
		syscall.ENOEXEC:      "not a module of this kernel",
		syscall.EKEYREJECTED: "refuses its signature, lockdown=integrity, module.sig_enforce=1",
		syscall.ENOKEY:       "refuses its signature",
		syscall.EPERM:        "does not allow it, lockdown=integrity",
		syscall.ENODEV:       "no device",
		syscall.EINVAL:       "parameters",
		syscall.EIO:          "input/output error",
	} {
		ix, files := testIndex(t, "a.ko:\n", "alias pci:x a\n", "", "")
		files[testDir+"/a.ko"] = file1
		files["sys/kernel/security/lockdown"] = &fstest.MapFile{Data: []byte("none [integrity] confidentiality\n")}
		files["sys/module/module/parameters/sig_enforce"] = &fstest.MapFile{Data: []byte("Y\n")}
		k := &fakeKernel{fail: map[string]error{"a": fmt.Errorf("finit_module: %w", errno)}}
		err := NewLoader(ix, Policy{}, k, Options{}).Load("pci:x")
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, errno) {
			t.Errorf("%v: %v", errno, err)
			continue
		}
		if s := err.Error(); !strings.HasPrefix(s, "module a (for pci:x): ") || !strings.HasSuffix(s, "[/"+testDir+"/a.ko]") {
			t.Errorf("the error does not name its thing: %s", s)
		}
	}
}
