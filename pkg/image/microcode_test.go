package image

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/pkg/archive"
)

// intelUpdate makes an update of Intel's form with n bytes of data.
func intelUpdate(n int) []byte {
	total := (n + 48 + 1023) / 1024 * 1024
	b := make([]byte, total)
	for at, v := range map[int]uint32{0: 1, 4: 0x42, 8: 0x04192024, 12: 0x706a1, 20: 1, 24: 1, 28: uint32(n), 32: uint32(total)} {
		binary.LittleEndian.PutUint32(b[at:], v)
	}
	var sum uint32
	for at := 0; at < n+48; at += 4 {
		sum += word32(b, at)
	}
	binary.LittleEndian.PutUint32(b[16:], -sum)
	return b
}

// amdContainer makes a container of AMD's form with one patch of n bytes.
func amdContainer(n int) []byte {
	b := []byte("DMA\x00")
	for _, v := range []uint32{0, 16, 0x870f10, 0, 0x8710, 0, 1, uint32(n)} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return append(b, make([]byte, n)...)
}

// ucodeRoot is a root with files of microcode, some of them no microcode.
func ucodeRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, data := range map[string][]byte{
		"intel-ucode/06-7a-01":                   intelUpdate(2000),
		"intel-ucode/06-8e-0a":                   intelUpdate(400),
		"intel-ucode/06-8e-0a.initramfs":         append(intelUpdate(976), intelUpdate(2000)...),
		"amd-ucode/microcode_amd_fam17h.bin":     append(amdContainer(100), amdContainer(7)...),
		"amd-ucode/microcode_amd_fam17h.bin.asc": []byte("signature"),
		"amd-ucode/README":                       []byte("text"),
	} {
		file := filepath.Join(root, "lib/firmware", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestMicrocodeLayout: which files, and where their data lie.
func TestMicrocodeLayout(t *testing.T) {
	root := ucodeRoot(t)
	dirs := (&Options{Sysroot: root}).firmwareDirs("1.0")
	for _, tt := range []struct {
		cpu  *cpu
		want []string
	}{
		{nil, []string{"microcode_amd_fam17h.bin", "06-7a-01", "06-8e-0a.initramfs"}},
		{&cpu{"GenuineIntel", 6, 0x7a, 1}, []string{"06-7a-01"}},
		{&cpu{"GenuineIntel", 6, 0x8e, 10}, []string{"06-8e-0a.initramfs"}},
		{&cpu{"GenuineIntel", 6, 0x8e, 11}, nil},
		{&cpu{"AuthenticAMD", 0x17, 1, 1}, []string{"microcode_amd_fam17h.bin"}},
		{&cpu{"AuthenticAMD", 0x10, 1, 1}, nil},
		{&cpu{"HygonGenuine", 0x18, 1, 1}, nil},
	} {
		var s Summary
		l, err := microcodeLayout(dirs, tt.cpu, &s)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range s.Microcode {
			names = append(names, filepath.Base(f))
		}
		if diff := cmp.Diff(tt.want, names); diff != "" || len(s.Warnings) > 0 {
			t.Errorf("%+v (-want +got):\n%s%q", tt.cpu, diff, s.Warnings)
		}
		if len(names) == 0 {
			continue
		}
		data, err := l.archive(512)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range ucodeVendors {
			if e, ok := l.entries["kernel/x86/microcode/"+v.id+".bin"]; ok && bytes.Index(data, e.Data)%ucodeAlign != 0 {
				t.Errorf("%s begins at %d", v.id, bytes.Index(data, e.Data))
			}
		}
		image, err := archive.Parse(data, archive.DefaultLimits())
		if err != nil || !slices.ContainsFunc(image.Segments[0].Entries, func(e Entry) bool { return strings.HasSuffix(e.Name, ".bin") }) {
			t.Errorf("read back: %v", err)
		}
		cmd := exec.Command("cpio", "-it", "--quiet")
		cmd.Stdin = bytes.NewReader(data)
		if out, err := cmd.Output(); err != nil || !strings.HasPrefix(string(out), "kernel\nkernel/x86\nkernel/x86/microcode\nkernel/x86/microcode/") {
			t.Errorf("cpio: %q, %v", out, err)
		}
	}
}

func TestMicrocodeChecks(t *testing.T) {
	spoil := func(data []byte, at int) []byte {
		data = bytes.Clone(data)
		data[at] ^= 0x40
		return data
	}
	intel, amd := intelUpdate(976), amdContainer(40)
	for _, tt := range []struct {
		name string
		err  error
		good bool
	}{
		{"intel", checkIntel(slices.Concat(intel, intelUpdate(2000))), true},
		{"intel: other header", checkIntel(spoil(intel, 0)), false},
		{"intel: a bit in the data", checkIntel(spoil(intel, 500)), false},
		{"intel: size", checkIntel(spoil(intel, 33)), false},
		{"intel: cut", checkIntel(intel[:len(intel)-1]), false},
		{"intel: AMD's", checkIntel(amd), false},
		{"amd", checkAMD(slices.Concat(amd, amd)), true},
		{"amd: other magic", checkAMD(spoil(amd, 0)), false},
		{"amd: size", checkAMD(spoil(amd, 9)), false},
		{"amd: cut", checkAMD(amd[:len(amd)-1]), false},
		{"amd: another section", checkAMD(spoil(amd, 28)), false},
		{"amd: nothing", checkAMD(nil), false},
	} {
		if (tt.err == nil) != tt.good {
			t.Errorf("%s: %v", tt.name, tt.err)
		}
	}
}

func TestParseCPU(t *testing.T) {
	got := parseCPU("processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 142\nmodel name\t: Intel(R)\nstepping\t: 10\n\nprocessor\t: 1\nmodel\t\t: 3\n")
	if want := (cpu{"GenuineIntel", 6, 142, 10}); got != want || intelFile(got) != "06-8e-0a" {
		t.Errorf("%+v; want %+v", got, want)
	}
}
