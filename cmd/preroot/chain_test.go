package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostOnlyOptions: an image for a system elsewhere takes its modules from there.
func TestHostOnlyOptions(t *testing.T) {
	o, err := options(t, "--host-only", "--include-keys", "--sysroot", "/mnt", "--kver", "6.1", "img")
	if err != nil || !o.HostOnly || !o.Keys || o.Sysroot != "/mnt" || o.ModulesDir != "/mnt/lib/modules/6.1" {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestChain: what "preroot chain" says to whoever asks in vain.
func TestChain(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"chain", "-h"}, 0, "--sysroot"},
		{[]string{"chain", "--none"}, 2, "none"},
		{[]string{"chain", "word"}, 2, "one word too many"},
		{[]string{"chain", "--sysroot", root}, 1, "say --generic"},
		{[]string{"chain", "--sysroot", root + "/none"}, 1, "no such file"},
	} {
		var out, errs bytes.Buffer
		if got := run(tt.args, &out, &errs); got != tt.status || !strings.Contains(strings.ReplaceAll(errs.String(), "  -", "  --"), tt.says) {
			t.Errorf("%v: %d, %s%s", tt.args, got, out.String(), errs.String())
		}
	}
}
