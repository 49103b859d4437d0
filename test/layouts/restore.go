package main

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

//go:embed poweroff/restore.sh
var restoreScript string

// restored tells which images the dracut-initramfs-restore of a version unpacks so that /shutdown is there: FORM and the tool that unpacks. docs/dracut.md
// has this table in words. 059 and 106 pass over an archive that is not compressed, since they take it for early microcode: they cannot unpack such an image
// of their own making either. 112 calls 3cpio if it is there, which refuses a folder that is not empty, as /run/initramfs never is (3cpio 0.14); without it 112 unpacks all, but wants nothing
// behind what one decompressor reads.
var restored = map[string]map[string]bool{
	"059": {"compressed-alone cpio": true, "compressed-and-ours cpio": true, "plain-alone cpio": false, "plain-and-ours cpio": false},
	"106": {"compressed-alone cpio": true, "compressed-and-ours cpio": true, "plain-alone cpio": false, "plain-and-ours cpio": false},
	"112": {
		"compressed-alone 3cpio": false, "compressed-and-ours 3cpio": false, "plain-alone 3cpio": false, "plain-and-ours 3cpio": false,
		"compressed-alone cpio": true, "compressed-and-ours cpio": false, "plain-alone cpio": true, "plain-and-ours cpio": true,
	},
}

// restores runs the tool of each version on images of one archive and of two.
func (b *box) restores(stock string, out io.Writer) (bad []string, err error) {
	dir := filepath.Join(b.work, "restore")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for from, name := range map[string]string{stock: "stock.img", b.o.init: "init"} {
		if err := vm.Clone(from, filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "restore.sh"), []byte(restoreScript), 0o755); err != nil {
		return nil, err
	}
	const forms = "cd /preroot/out && zstd -q -d stock.img -o plain.img && gzip -1 <plain.img >compressed.img" // gzip is in each system
	if said, err := b.system.Inside(map[string]string{"preroot/out": dir}, "sh", "-c", forms); err != nil {
		return nil, fmt.Errorf("%w: %s", err, said)
	}
	for _, d := range dracuts {
		wrong, err := b.restore(d, dir, out)
		if err != nil {
			return nil, err
		}
		bad = append(bad, wrong...)
	}
	return bad, nil
}

// restore runs the tool of one version.
func (b *box) restore(d Dracut, dir string, out io.Writer) ([]string, error) {
	t, err := b.tree(d, Layout{}, false)
	if err != nil {
		return nil, err
	}
	boot, run := filepath.Join(dir, "boot"), filepath.Join(dir, "run")
	for _, p := range []string{boot, run} {
		if err := os.MkdirAll(p, 0o755); err != nil {
			return nil, err
		}
	}
	said, err := t.Inside(map[string]string{"preroot/out": dir, "boot": boot, "run": run}, "bash", "/preroot/out/restore.sh")
	if err != nil {
		return nil, err
	}
	bad := judgeRestores(d.Version, said)
	word := "passed "
	if len(bad) > 0 {
		word = "FAILED "
	}
	fmt.Fprintf(out, "%s poweroff restore-%s %s\n", word, d.Version, strings.Join(bad, "\n          "))
	return bad, nil
}

// judgeRestores compares what a version did with the table.
func judgeRestores(version, said string) (bad []string) {
	got := map[string]bool{}
	for line := range strings.Lines(said) {
		if f := strings.Fields(line); len(f) == 5 && f[0] == "RESTORE" {
			got[f[1]+" "+f[2]] = f[3] == "restored"
		}
	}
	for _, form := range slices.Sorted(maps.Keys(restored[version])) {
		want := restored[version][form]
		if is, tried := got[form]; !tried || is != want {
			bad = append(bad, fmt.Sprintf("%s: %s: tried %v, restored %v; wanted %v", version, form, tried, is, want))
		}
	}
	return bad
}
