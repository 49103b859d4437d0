package image

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ucodeVendor is a maker of x86 processors whose microcode the kernel loads before it does anything else: from the first,
// uncompressed archive of the initramfs (Documentation/arch/x86/microcode.rst).
type ucodeVendor struct {
	id     string // vendor_id in /proc/cpuinfo; the file in the image is called so
	folder string // of firmware
	check  func([]byte) error
	file   func(cpu) string // that is for a processor
}

var ucodeVendors = []ucodeVendor{
	{"AuthenticAMD", "amd-ucode", checkAMD, amdFile},
	{"GenuineIntel", "intel-ucode", checkIntel, intelFile},
}

// cpu is what a processor's microcode is chosen by.
type cpu struct {
	vendor                  string
	family, model, stepping int
}

// ucodeFolder is where the kernel looks for microcode.
const ucodeFolder = "kernel/x86/microcode/"

// ucodeAlign is where microcode begins, in bytes: Intel's processors want it so (Software Developer's Manual, volume 3, 9.11.6).
const ucodeAlign = 16

// microcode is the first archive of the image, nil for none: of a host-only image the microcode for this processor,
// otherwise all that there is, which an image for known hardware gets only when it is asked for: Debian's has 21 MB.
func microcode(o *Options, c *choice, init []byte, s *Summary) ([]byte, error) {
	if o.EarlyMicrocode == Off || o.EarlyMicrocode == Auto && !o.Generic && !o.HostOnly || !isX86(init) {
		return nil, nil
	}
	config := c.tree.kernelConfig()
	if config != "" && !setInConfig(config, "CONFIG_MICROCODE") {
		if o.EarlyMicrocode == On {
			s.Warnings = append(s.Warnings, fmt.Sprintf("--early-microcode: kernel %s loads none (CONFIG_MICROCODE is not set)", c.tree.kver))
		}
		return nil, nil
	}
	var only *cpu
	if o.HostOnly {
		text, err := os.ReadFile("/proc/cpuinfo")
		if err != nil {
			return nil, err
		}
		only = new(parseCPU(string(text)))
	}
	l, err := microcodeLayout(o.firmwareDirs(c.tree.kver), only, s)
	if err != nil || len(l.entries) == 0 {
		if err == nil && o.EarlyMicrocode == On {
			s.Warnings = append(s.Warnings, "--early-microcode: no microcode in "+strings.Join(o.firmwareDirs(c.tree.kver), ", "))
		}
		return nil, err
	}
	return l.archive(512)
}

// isX86 says whether a program is for a processor of that kind.
func isX86(program []byte) bool {
	f, err := elf.NewFile(bytes.NewReader(program))
	return err == nil && (f.Machine == elf.EM_X86_64 || f.Machine == elf.EM_386)
}

// firmwareDirs are the folders of firmware, in the kernel's order (Documentation/driver-api/firmware/fw_search_path.rst).
func (o *Options) firmwareDirs(kver string) []string {
	if len(o.FirmwareDirs) > 0 {
		return o.FirmwareDirs
	}
	base := filepath.Join("/", o.Sysroot, "lib/firmware")
	if o.Sysroot != "" {
		base = filepath.Join(o.Sysroot, "lib/firmware")
	}
	return []string{base + "/updates/" + kver, base + "/updates", base + "/" + kver, base}
}

// microcodeLayout collects the microcode of each vendor, or of one processor.
func microcodeLayout(dirs []string, only *cpu, s *Summary) (*layout, error) {
	l := newLayout()
	for _, v := range ucodeVendors {
		if only != nil && only.vendor != v.id {
			continue
		}
		files := v.files(dirs, only)
		var data []byte
		for _, file := range files {
			part, err := v.read(file)
			if err != nil {
				s.Warnings = append(s.Warnings, fmt.Sprintf("microcode %s: %v: left out", file, err))
				continue
			}
			data = append(data, part...)
			s.Microcode = append(s.Microcode, file)
		}
		if len(data) == 0 {
			continue
		}
		if err := l.add(Entry{Name: ucodeFolder + v.id + ".bin", Kind: Regular, Perm: 0o644, Data: data, Align: ucodeAlign}); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// ucodeKinds are what Debian and others append to the name of a file that may be loaded early alone; it wins.
var ucodeKinds = []string{".early", ".initramfs", ""}

// files lists the files of microcode, each of the first folder that has it.
func (v ucodeVendor) files(dirs []string, only *cpu) (list []string) {
	found := map[string]string{} // by the name without what is appended
	for _, dir := range dirs {
		entries, _ := os.ReadDir(filepath.Join(dir, v.folder))
		for _, e := range entries {
			if base := ucodeBase(e.Name()); base != "" && (only == nil || base == v.file(*only)) {
				file := filepath.Join(dir, v.folder, e.Name())
				if old := found[base]; old == "" || filepath.Dir(old) == filepath.Dir(file) && rank(file) < rank(old) {
					found[base] = file
				}
			}
		}
	}
	for _, file := range found {
		list = append(list, file)
	}
	slices.SortFunc(list, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	return list
}

// ucodeBase is the name of a file of microcode without what is appended to it; "" for signatures and papers.
func ucodeBase(name string) string {
	if strings.HasPrefix(name, "README") || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".asc") || strings.HasPrefix(name, "LICENSE") {
		return ""
	}
	name = strings.TrimSuffix(name, compression(name))
	return strings.TrimSuffix(strings.TrimSuffix(name, ".early"), ".initramfs")
}

// rank is the place of a file's kind in ucodeKinds.
func rank(file string) int {
	file = strings.TrimSuffix(file, compression(file))
	return slices.IndexFunc(ucodeKinds, func(kind string) bool { return strings.HasSuffix(file, kind) })
}

// ucodeLimit bounds a file of microcode; the largest have 300 kB.
const ucodeLimit = 16 << 20

// read reads a file, unpacks it and looks whether it is what it should be.
func (v ucodeVendor) read(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, errors.Unwrap(err)
	case info.Mode().Type()&fs.ModeType != 0 || info.Size() > ucodeLimit:
		return nil, fmt.Errorf("no plain file of at most %d bytes", ucodeLimit)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if data, err = decompress(data, compression(file)); err != nil {
		return nil, err
	}
	return data, v.check(data)
}

// parseCPU reads the first processor of /proc/cpuinfo.
func parseCPU(text string) (c cpu) {
	first, _, _ := strings.Cut(text, "\n\n")
	for line := range strings.Lines(first) {
		name, v, _ := strings.Cut(line, ":")
		v = strings.TrimSpace(v)
		switch strings.TrimSpace(name) {
		case "vendor_id":
			c.vendor = v
		case "cpu family":
			fmt.Sscan(v, &c.family)
		case "model":
			fmt.Sscan(v, &c.model)
		case "stepping":
			fmt.Sscan(v, &c.stepping)
		}
	}
	return c
}

// intelFile is the name that Intel gives the microcode of a processor.
func intelFile(c cpu) string { return fmt.Sprintf("%02x-%02x-%02x", c.family, c.model, c.stepping) }

// amdFile is the name that the kernel's driver has for the microcode of a family (arch/x86/kernel/cpu/microcode/amd.c).
func amdFile(c cpu) string {
	if c.family >= 0x15 {
		return fmt.Sprintf("microcode_amd_fam%02xh.bin", c.family)
	}
	return "microcode_amd.bin"
}

var errUcode = errors.New("no microcode of this maker")

// checkIntel looks at the updates in a file: header version and loader version 1, sizes, and a sum of 0 (Software Developer's Manual, volume 3, 9.11.1).
func checkIntel(data []byte) error {
	for len(data) > 0 {
		if len(data) < 48 || word32(data, 0) != 1 || word32(data, 20) != 1 {
			return errUcode
		}
		body, total := uint64(word32(data, 28)), uint64(word32(data, 32))
		if body == 0 {
			body, total = 2000, 2048
		}
		if body%4 != 0 || total%1024 != 0 || body+48 > total || total > uint64(len(data)) {
			return errors.New("the sizes of an update in it are wrong")
		}
		var sum uint32
		for at := 0; at < int(body)+48; at += 4 {
			sum += word32(data, at)
		}
		if sum != 0 {
			return errors.New("the checksum of an update in it is wrong")
		}
		data = data[total:]
	}
	return nil
}

// checkAMD looks at the containers in a file: each a magic number, a table of processors and patches, all of them with their length.
func checkAMD(data []byte) error {
	const magic, table, patch = 0x00414d44, 0, 1
	if len(data) < 12 || word32(data, 0) != magic {
		return errUcode
	}
	for want := uint32(table); len(data) > 0; want = patch {
		if len(data) >= 12 && word32(data, 0) == magic {
			data, want = data[4:], table
		}
		if len(data) < 8 || word32(data, 0) != want || uint64(word32(data, 4))+8 > uint64(len(data)) {
			return errors.New("a section of it is cut off or of an unknown kind")
		}
		data = data[8+word32(data, 4):]
	}
	return nil
}

func word32(data []byte, at int) uint32 { return binary.LittleEndian.Uint32(data[at:]) }
