package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"strings"

	"github.com/preroot/preroot/pkg/archive"
	unpacker "github.com/preroot/preroot/pkg/unpack"
)

// compression is the suffix of a compressed module.
func compression(name string) string {
	for _, s := range []string{".gz", ".xz", ".zst"} {
		if strings.HasSuffix(name, ".ko"+s) {
			return s
		}
	}
	return ""
}

func isModule(e archive.Entry) bool {
	return e.Kind == archive.Regular && strings.HasSuffix(strings.TrimSuffix(e.Name, compression(e.Name)), ".ko")
}

// moduleChanges compares two modules, unpacked, and what modinfo(8) would say of their versions.
func moduleChanges(a, b archive.Entry) (what []string) {
	if x, y := compression(a.Name), compression(b.Name); x != y {
		what = append(what, fmt.Sprintf("form .ko%s -> .ko%s", x, y))
	}
	old, now := moduleData(a), moduleData(b)
	if bytes.Equal(old, now) {
		return what
	}
	was, is := modinfo(old), modinfo(now)
	for _, field := range []string{"version", "srcversion", "vermagic"} {
		if was[field] != is[field] {
			what = append(what, fmt.Sprintf("%s %q -> %q", field, was[field], is[field]))
		}
	}
	return append(what, sizes(len(old), len(now)))
}

// moduleLimit bounds an unpacked module, in bytes; the largest of Debian has about 20 MB.
const moduleLimit = 512 << 20

// moduleData is a module unpacked, or as it lies there if that cannot be.
func moduleData(e archive.Entry) []byte {
	if compression(e.Name) == "" {
		return e.Data
	}
	z, err := unpacker.NewReader(bytes.NewReader(e.Data))
	if err != nil {
		return e.Data
	}
	data, err := io.ReadAll(io.LimitReader(z, moduleLimit))
	if err != nil {
		return e.Data
	}
	return data
}

// modinfo reads the fields of the section .modinfo, NAME=VALUE with a NUL behind each.
func modinfo(data []byte) map[string]string {
	fields := map[string]string{}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return fields
	}
	s := f.Section(".modinfo")
	if s == nil {
		return fields
	}
	text, _ := s.Data()
	for field := range strings.SplitSeq(string(text), "\x00") {
		if name, value, ok := strings.Cut(field, "="); ok {
			fields[name] = strings.TrimSpace(value)
		}
	}
	return fields
}
