package kmod

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLoadOrderAgainstModprobe compares the load order of every module of every kernel with what
// "modprobe --show-depends" prints: the same modules, the asked one and its needs in an order that works.
func TestLoadOrderAgainstModprobe(t *testing.T) {
	conf := emptyConf(t)
	for _, k := range kernels(t) {
		t.Run(k.version, func(t *testing.T) {
			t.Parallel()
			ix := k.index(t)
			entries := DepEntries(k.read(t, "modules.dep"))
			same := 0
			for batch := range slices.Chunk(entries, 64) {
				same += compareOrders(t, k, ix, conf, batch)
			}
			if err := ix.Err(); err != nil {
				t.Error(err)
			}
			t.Logf("%d modules, for %d the very order of modprobe", len(entries), same)
		})
	}
}

// compareOrders compares some modules, all at once when modprobe prints just what we say (it starts slowly), else
// by halves. It returns for how many the order is the very same.
func compareOrders(t *testing.T, k testKernel, ix *Index, conf string, entries []Entry) (same int) {
	var names, all []string
	for _, e := range entries {
		order, unknown := LoadOrder(ix, nil, e.Key)
		if len(unknown) > 0 {
			t.Errorf("%s: unknown %v", e.Key, unknown)
		}
		checkOrder(t, ix, e.Key, order)
		names, all = append(names, e.Key), append(all, order...)
	}
	printed := showDepends(t, k, conf, names...)
	if slices.Equal(all, printed) {
		return len(entries)
	}
	if half := len(entries) / 2; half > 0 {
		return compareOrders(t, k, ix, conf, entries[:half]) + compareOrders(t, k, ix, conf, entries[half:])
	}
	var want []string
	for _, name := range printed {
		if !slices.Contains(want, name) { // modprobe may name one twice
			want = append(want, name)
		}
	}
	if slices.Equal(all, want) {
		return 1
	}
	if !slices.Equal(slices.Sorted(slices.Values(all)), slices.Sorted(slices.Values(want))) {
		t.Errorf("%s:\n got  %v\n want %v", names[0], all, want)
	}
	return 0
}

// showDepends returns the names that modprobe would load for some modules.
func showDepends(t *testing.T, k testKernel, conf string, names ...string) []string {
	t.Helper()
	args := append([]string{"-S", k.version, "-d", k.dir, "-a", "--show-depends"}, names...)
	lines, err := modprobe(t, conf, args...)
	if err != nil {
		t.Errorf("modprobe --show-depends %v: %v", names, err)
	}
	var loads []string
	for _, line := range lines {
		if w := strings.Fields(line); len(w) >= 2 && w[0] == "insmod" {
			loads = append(loads, NameOf(w[1]))
		}
	}
	return loads
}

// checkOrder says that each module comes after all that it needs, and once.
func checkOrder(t *testing.T, ix *Index, asked string, order []string) {
	t.Helper()
	for i, name := range order {
		for _, dep := range ix.Deps(name) {
			if j := slices.Index(order, dep); j < 0 || j > i {
				t.Errorf("%s: %s is not before %s in %v", asked, dep, name, order)
			}
		}
		if slices.Index(order, name) != i {
			t.Errorf("%s: %s twice in %v", asked, name, order)
		}
	}
}

// TestResolveAgainstModprobe compares with "modprobe -R": the modaliases of the devices of this machine, and one
// made from every few patterns of modules.alias.
func TestResolveAgainstModprobe(t *testing.T) {
	conf := emptyConf(t)
	mine := hostModaliases(t)
	for _, k := range kernels(t) {
		t.Run(k.version, func(t *testing.T) {
			t.Parallel()
			ix := k.index(t)
			words := slices.Clone(mine)
			patterns := AliasEntries(k.read(t, "modules.alias"))
			every := max(len(patterns)/250, 1)
			for i := 0; i < len(patterns); i += every {
				words = append(words, sample(patterns[i].Key))
			}
			words = append(words, "ext4", "fs-ext4", "crc32c", "crypto-crc32c", "nls_iso8859-1", "nls-iso8859_1", "no-such-module",
				"virtio:d00000002v00001AF4", "a]b", "cpu:type:x86,ven0000fam0006mod0055:feature:,0000,0094,0099")
			hits := 0
			for _, w := range words {
				want, _ := modprobe(t, conf, "-S", k.version, "-d", k.dir, "-R", w)
				got := ix.Resolve(w)
				if len(got) > 0 {
					hits++
				}
				if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Compact(slices.Sorted(slices.Values(want)))) {
					t.Errorf("%s:\n got  %v\n want %v", w, got, want)
				}
			}
			if err := ix.Err(); err != nil {
				t.Error(err)
			}
			t.Logf("%d words, %d of them of this machine; %d resolve", len(words), len(mine), hits)
		})
	}
}

// sample makes a modalias that a pattern matches.
func sample(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			b.WriteString("1X")
		case '?':
			b.WriteByte('7')
		case '[':
			end := strings.IndexByte(pattern[i:], ']')
			b.WriteByte(pattern[i+1])
			i += end
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// hostModaliases returns the modaliases of the devices of this machine.
func hostModaliases(t *testing.T) []string {
	t.Helper()
	var all []string
	filepath.WalkDir("/sys/devices", func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Name() == "modalias" {
			if b, err := os.ReadFile(path); err == nil {
				if s := strings.TrimSpace(string(b)); s != "" && !slices.Contains(all, s) {
					all = append(all, s)
				}
			}
		}
		return nil
	})
	return all
}
