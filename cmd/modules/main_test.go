package main

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestParse(t *testing.T) {
	got := parse([]byte("g/a.ko.gz\x00\x00i/b.ko\x00one=1 two=2\x00"))
	want := []module{{how: 'g', path: "/a.ko.gz", params: []byte{0}}, {how: 'i', path: "/b.ko", params: []byte("one=1 two=2\x00")}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := parse(nil); len(got) != 0 {
		t.Errorf("%q of nothing", got)
	}
	for _, cut := range []string{"g", "g/a", "g/a\x00", "g/a\x00x", "g/a\x00\x00i"} { // it must end
		parse([]byte(cut))
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"module": "some bytes", "empty": ""} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := string(readFile(file)); got != text {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := readFile(filepath.Join(dir, "none")); got != nil {
		t.Errorf("%q", got)
	}
	if err := (&module{how: 'i', path: "/none"}).load(); err == nil {
		t.Error("a module without a file is loaded")
	}
}
