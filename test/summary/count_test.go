package main

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

const log = `{"Action":"run","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/sub"}
{"Action":"output","Package":"p","Test":"A/sub","Output":"why\n"}
{"Action":"fail","Package":"p","Test":"A/sub"}
{"Action":"skip","Package":"p","Test":"B"}
{"Action":"fail","Package":"p"}
{"Action":"skip","Package":"empty"}
{"Action":"run","Package":"torn","Test":"Crash"}
{"Action":"output","Package":"torn","Test":"Crash","Output":"panic: x\n"}
{"Action":"fail","Package":"torn"}
{"Action":"build-output","ImportPath":"broken","Output":"syntax error\n"}
{"Action":"fail","Package":"broken"}
`

func TestCount(t *testing.T) {
	c := newCount()
	c.read(strings.NewReader(log), io.Discard)
	if err := c.save(filepath.Join(t.TempDir(), "x")); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := c.save(filepath.Join(dir, "unit.json")); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if status := total(dir, &out, &errs); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last, want := lines[len(lines)-1], "1 passed, 3 failed, 1 skipped"; last != want {
		t.Errorf("last line %q, want %q", last, want)
	}
	for _, want := range []string{"p A/sub\nwhy", "torn Crash\npanic: x", "FAILED: broken\nsyntax error"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

func TestNothingIsAFailure(t *testing.T) {
	if status := total(t.TempDir(), io.Discard, io.Discard); status != 1 {
		t.Errorf("status %d for no results, want 1", status)
	}
}
