package main

import (
	"bytes"
	"os"
	"testing"
	"time"
)

// TestProgress: one line that is written over, not oftener than it can be read; nobody but a terminal sees it.
func TestProgress(t *testing.T) {
	var b bytes.Buffer
	p := &progress{w: &b}
	p.show("modules packed", 0, 3)
	p.show("modules packed", 1, 3)
	p.last = time.Now().Add(-progressPause)
	p.show("modules packed", 2, 3)
	p.show("packing by zstd", 0, 0)
	p.clear()
	p.clear()
	if want := "\r\x1b[Kmodules packed: 0 of 3\r\x1b[Kmodules packed: 2 of 3\r\x1b[Kpacking by zstd\r\x1b[K"; b.String() != want {
		t.Errorf("%q; want %q", b.String(), want)
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if newProgress(null, 3).w != nil || newProgress(&b, 3).w != nil {
		t.Error("shown where there is no terminal")
	}
}
