package uki

import (
	"bytes"
	"debug/pe"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// anExecutable is a small PE32+ file with one section, as a stub and a kernel are: alignments of systemd's stub in Debian 12 and of that in Debian 13.
func anExecutable(machine uint16, sectionAlignment uint32) []byte {
	const first = 0x400
	b := make([]byte, first+0x200)
	copy(b, "MZ")
	le.PutUint32(b[0x3c:], 0x80)
	copy(b[0x80:], "PE\x00\x00")
	coff, optional := 0x84, 0x98
	le.PutUint16(b[coff:], machine)
	le.PutUint16(b[coff+2:], 1)
	le.PutUint16(b[coff+16:], 0xf0)
	le.PutUint16(b[coff+18:], 0x206)
	le.PutUint16(b[optional:], 0x20b)
	le.PutUint32(b[optional+32:], sectionAlignment)
	le.PutUint32(b[optional+36:], 0x200)
	le.PutUint32(b[optional+56:], 0x4000+0x200)
	le.PutUint32(b[optional+60:], first)
	le.PutUint16(b[optional+68:], 10) // an UEFI application
	le.PutUint32(b[optional+108:], 16)
	s := b[optional+0xf0:]
	copy(s, ".text")
	le.PutUint32(s[8:], 0x1f0)
	le.PutUint32(s[12:], 0x4000)
	le.PutUint32(s[16:], 0x200)
	le.PutUint32(s[20:], first)
	le.PutUint32(s[36:], readable|executable|code)
	copy(b[first:], bytes.Repeat([]byte{0x90}, 0x1f0))
	return b
}

const amd64, arm64 = 0x8664, 0xaa64

func parts(alignment uint32) Parts {
	return Parts{Stub: anExecutable(amd64, alignment), Kernel: anExecutable(amd64, 0x1000), Initrd: []byte(strings.Repeat("070701", 1000)),
		Cmdline: "root=/dev/vda quiet", OSRelease: "ID=test\n", Release: "6.1"}
}

// wanted are the sections of an executable made of p.
func wanted(p Parts) map[string][]byte {
	return map[string][]byte{".osrel": []byte(p.OSRelease), ".cmdline": []byte(p.Cmdline), ".uname": []byte(p.Release), ".initrd": p.Initrd, ".linux": p.Kernel}
}

// TestAssemble: another reader of PE files finds the sections, in order, aligned, none over another, and the stub's own as it was.
func TestAssemble(t *testing.T) {
	for _, alignment := range []uint32{0x200, 0x1000} {
		p := parts(alignment)
		data, err := Assemble(p)
		if err != nil {
			t.Fatal(err)
		}
		checkSections(t, p, data)
	}
}

func checkSections(t *testing.T, p Parts, data []byte) {
	t.Helper()
	f, err := pe.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	h := f.OptionalHeader.(*pe.OptionalHeader64)
	want := wanted(p)
	end := uint64(0)
	for i, s := range f.Sections {
		if uint64(s.VirtualAddress) < end || s.VirtualAddress%h.SectionAlignment != 0 || s.Offset%h.FileAlignment != 0 {
			t.Errorf("section %s at %#x of memory, %#x of the file; the one before it ends at %#x", s.Name, s.VirtualAddress, s.Offset, end)
		}
		end = uint64(s.VirtualAddress) + uint64(s.VirtualSize)
		got, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if !bytes.Equal(got, p.Stub[0x400:0x600]) {
				t.Error("the stub's own section is another one")
			}
			continue
		}
		if !bytes.Equal(got[:s.VirtualSize], want[s.Name]) || len(want[s.Name]) == 0 {
			t.Errorf("section %s holds %d bytes, wanted %d", s.Name, s.VirtualSize, len(want[s.Name]))
		}
		delete(want, s.Name)
	}
	if len(want) > 0 {
		t.Errorf("missing sections: %v", want)
	}
	if uint64(h.SizeOfImage) < end || h.SizeOfImage%h.SectionAlignment != 0 {
		t.Errorf("the image has %#x bytes, its sections end at %#x", h.SizeOfImage, end)
	}
	if last := f.Sections[len(f.Sections)-1].Name; last != ".linux" {
		t.Errorf("the last section is %s", last)
	}
}

// TestObjcopy: binutils takes out of it what went in, also with the stubs that systemd ships.
func TestObjcopy(t *testing.T) {
	p := parts(0x1000)
	stub, err := os.ReadFile("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
	if err != nil {
		t.Fatalf("%v (package systemd-boot-efi)", err)
	}
	p.Stub = stub
	data, err := Assemble(p)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "uki.efi")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range wanted(p) {
		out := filepath.Join(dir, "section")
		if text, err := exec.Command("objcopy", "-O", "binary", "--only-section="+name, file, out).CombinedOutput(); err != nil {
			t.Fatalf("objcopy: %v: %s", err, text)
		}
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bytes.TrimRight(got, "\x00"), bytes.TrimRight(want, "\x00")) {
			t.Errorf("objcopy takes out %d bytes of %s, %d went in", len(got), name, len(want))
		}
	}
}

func TestAssembleErrors(t *testing.T) {
	change := func(f func(*Parts)) Parts { p := parts(0x1000); f(&p); return p }
	for _, tt := range []struct {
		what string
		p    Parts
		want string
	}{
		{"no kernel", change(func(p *Parts) { p.Kernel = nil }), "needs a kernel"},
		{"no initramfs", change(func(p *Parts) { p.Initrd = nil }), "an initramfs"},
		{"a text for a stub", change(func(p *Parts) { p.Stub = []byte(strings.Repeat("stub", 100)) }), "stub: no UEFI executable"},
		{"a gzip'ed kernel", change(func(p *Parts) { p.Kernel = append([]byte{0x1f, 0x8b}, p.Kernel...) }), "CONFIG_EFI_STUB"},
		{"another machine", change(func(p *Parts) { p.Kernel = anExecutable(arm64, 0x1000) }), "0xaa64"},
		{"32 bits", change(func(p *Parts) { le.PutUint16(p.Stub[0x98:], 0x10b) }), "64-bit"},
		{"a signature", change(func(p *Parts) { le.PutUint32(p.Stub[0x98+112+36:], 8) }), "signed"},
		{"headers without room", change(func(p *Parts) { le.PutUint32(p.Stub[0x98+60:], 0x1c8) }), "no room"},
		{"an executable that is whole", change(func(p *Parts) { p.Stub, _ = Assemble(*p) }), "already"},
	} {
		if _, err := Assemble(tt.p); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q in it", tt.what, err, tt.want)
		}
	}
}

// TestFindStub names the package that has it.
func TestFindStub(t *testing.T) {
	root := t.TempDir()
	if _, err := FindStub(root, anExecutable(amd64, 0x1000)); err == nil || !strings.Contains(err.Error(), "systemd-boot-efi") {
		t.Errorf("without a stub: %v", err)
	}
	file := filepath.Join(root, stubFolder, "linuxaa64.efi.stub")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := FindStub(root, anExecutable(arm64, 0x1000)); err != nil || got != file {
		t.Errorf("%q, %v; want %q", got, err, file)
	}
}

// FuzzAssemble: whatever calls itself a stub is refused, or becomes an executable that keeps what the stub had behind its headers.
func FuzzAssemble(f *testing.F) {
	f.Add(anExecutable(amd64, 0x200))
	f.Add(anExecutable(amd64, 0x1000))
	full := anExecutable(amd64, 0x200)
	le.PutUint32(full[0x98+0xf0+20:], 0x98+0xf0+sectionSize) // its section begins right behind the table
	f.Add(full)
	f.Fuzz(func(t *testing.T, stub []byte) {
		p := parts(0x1000)
		p.Stub = stub
		data, err := Assemble(p)
		if err != nil {
			return
		}
		old, err := parse(stub)
		if err != nil {
			t.Fatal(err)
		}
		for i := range old.count() {
			s := old.section(i)
			from, size := uint64(le.Uint32(s[20:])), uint64(le.Uint32(s[16:]))
			if end := from + size; from > uint64(old.sections) && end <= uint64(len(stub)) && !bytes.Equal(stub[from:end], data[from:end]) {
				t.Fatalf("section %d of the stub is another one", i)
			}
		}
		made, err := parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if made.count() != old.count()+5 {
			t.Fatalf("%d sections of %d", made.count(), old.count())
		}
	})
}
