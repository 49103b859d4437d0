package switchroot

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeRoot is a new root in memory.
type fakeRoot struct {
	files  map[string]fakeFile
	noexec bool
	opened int
}

type fakeFile struct {
	data []byte
	mode fs.FileMode
	err  error // of opening it
	name string
}

func (r *fakeRoot) Open(p string) (File, error) {
	r.opened++
	f, ok := r.files[path.Clean("/"+p)]
	if !ok {
		f.err = syscall.ENOENT
	}
	if f.err != nil {
		return nil, &fs.PathError{Op: "open", Path: p, Err: f.err}
	}
	f.name = p
	return &openFake{bytes.NewReader(f.data), f}, nil
}

func (r *fakeRoot) NoExec(File) bool { return r.noexec }

type openFake struct {
	*bytes.Reader
	f fakeFile
}

func (o *openFake) Close() error               { return nil }
func (o *openFake) Stat() (fs.FileInfo, error) { return o, nil }
func (o *openFake) Name() string               { return o.f.name }
func (o *openFake) Size() int64                { return int64(len(o.f.data)) }
func (o *openFake) Mode() fs.FileMode          { return o.f.mode }
func (o *openFake) ModTime() time.Time         { return time.Time{} }
func (o *openFake) IsDir() bool                { return o.f.mode.IsDir() }
func (o *openFake) Sys() any                   { return nil }

func program(data []byte) fakeFile { return fakeFile{data: data, mode: 0o755} }

// TestProve is faults S01 to S06: what each layout of a new root is worth, and what is said of it.
func TestProve(t *testing.T) {
	good := tinyELF(tiny{})
	dynamic := tinyELF(tiny{interp: "/lib/ld.so"})
	script := func(line string) fakeFile { return program([]byte(line)) }
	tests := []struct {
		name   string
		init   string
		shell  bool
		noexec bool
		files  map[string]fakeFile
		want   string // proved
		say    string // what the last refusal says, in part
		is     error
	}{
		{name: "sbin init", files: map[string]fakeFile{"/sbin/init": program(good)}, want: "/sbin/init"},
		{name: "init given", init: "/opt/init", files: map[string]fakeFile{"/opt/init": program(good), "/sbin/init": program(good)}, want: "/opt/init"},
		{name: "given one missing", init: "/opt/init", files: map[string]fakeFile{"/sbin/init": program(good)}, want: "/sbin/init", say: "/opt/init is not there", is: fs.ErrNotExist},
		{name: "kernel's order", files: map[string]fakeFile{"/bin/init": program(good), "/bin/sh": program(good)}, want: "/bin/init", say: "/etc/init is not there", is: fs.ErrNotExist},
		{name: "shell allowed", shell: true, files: map[string]fakeFile{"/bin/sh": program(good)}, want: "/bin/sh", say: "/bin/init", is: fs.ErrNotExist},
		{name: "shell not allowed", files: map[string]fakeFile{"/bin/sh": program(good)}, say: "/bin/init", is: fs.ErrNotExist},
		{name: "empty root", say: "is not there", is: fs.ErrNotExist},
		{name: "directory", init: "/sbin", files: map[string]fakeFile{"/sbin": {mode: fs.ModeDir | 0o755}}, say: "is a directory"},
		{name: "not executable", init: "/i", files: map[string]fakeFile{"/i": {data: good, mode: 0o644}}, say: "is not executable", is: syscall.EACCES},
		{name: "device", init: "/dev/sda", files: map[string]fakeFile{"/dev/sda": {mode: fs.ModeDevice | 0o777}}, say: "no regular file"},
		{name: "noexec", init: "/i", noexec: true, files: map[string]fakeFile{"/i": program(good)}, say: "mounted noexec"},
		{name: "link loop", init: "/i", files: map[string]fakeFile{"/i": {err: syscall.ELOOP}}, say: "goes round in a circle", is: syscall.ELOOP},
		{name: "file as directory", init: "/i/x", files: map[string]fakeFile{"/i/x": {err: syscall.ENOTDIR}}, say: "a file where its path needs a directory"},
		{name: "disk error", init: "/i", files: map[string]fakeFile{"/i": {err: syscall.EIO}}, say: "cannot be opened (input/output error)", is: syscall.EIO},
		{name: "empty file", init: "/i", files: map[string]fakeFile{"/i": program(nil)}, say: "is empty"},
		{name: "text", init: "/i", files: map[string]fakeFile{"/i": program([]byte("exec /bin/sh\n"))}, say: "neither an ELF program nor a script"},
		{name: "foreign", init: "/i", files: map[string]fakeFile{"/i": program(tinyELF(tiny{machine: emAArch64}))}, say: "for another kind of machine (aarch64, this is x86-64)"},
		{name: "object file", init: "/i", files: map[string]fakeFile{"/i": program(tinyELF(tiny{kind: 1}))}, say: "no program (type 1)"},
		{name: "truncated header", init: "/i", files: map[string]fakeFile{"/i": program(good[:60])}, say: "cut off in its ELF header"},
		{name: "truncated headers", init: "/i", files: map[string]fakeFile{"/i": program(good[:100])}, say: "cut off before its program headers"},
		{name: "truncated body", init: "/i", files: map[string]fakeFile{"/i": program(good[:len(good)-1])}, say: "is cut off"},
		{name: "loader missing", init: "/i", files: map[string]fakeFile{"/i": program(dynamic)}, say: "its loader /lib/ld.so is not there"},
		{name: "loader foreign", init: "/i", files: map[string]fakeFile{"/i": program(dynamic), "/lib/ld.so": program(tinyELF(tiny{machine: em386}))}, say: "its loader /lib/ld.so is for another kind of machine (i386, this is x86-64)"},
		{name: "loader a script", init: "/i", files: map[string]fakeFile{"/i": program(dynamic), "/lib/ld.so": script("#!/bin/sh\n"), "/bin/sh": program(good)}, say: "its loader /lib/ld.so is neither"},
		{name: "loader there", init: "/i", files: map[string]fakeFile{"/i": program(dynamic), "/lib/ld.so": program(good)}, want: "/i"},
		{name: "script", init: "/i", files: map[string]fakeFile{"/i": script("#! /bin/sh -e\nexit\n"), "/bin/sh": program(good)}, want: "/i"},
		{name: "script's interpreter missing", init: "/i", files: map[string]fakeFile{"/i": script("#!/bin/bash\n")}, say: "cannot run, its interpreter /bin/bash is not there", is: fs.ErrNotExist},
		{name: "script's loader missing", init: "/i", files: map[string]fakeFile{"/i": script("#!/bin/sh\n"), "/bin/sh": program(dynamic)}, say: "its interpreter's loader /lib/ld.so is not there"},
		{name: "script of itself", init: "/i", files: map[string]fakeFile{"/i": script("#!/i\n")}, say: "more than 5 scripts", is: syscall.ELOOP},
		{name: "script without a path", init: "/i", files: map[string]fakeFile{"/i": script("#!  \n")}, say: "without a whole interpreter"},
		{name: "script with carriage return", init: "/i", files: map[string]fakeFile{"/i": script("#!/bin/sh\r\n"), "/bin/sh": program(good)}, say: `its interpreter "/bin/sh\r" is not there`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := &fakeRoot{files: tt.files, noexec: tt.noexec}
			p, err := Prove(root, Candidates(tt.init, tt.shell), emX86_64)
			if p.Init != tt.want || (err == nil) != (tt.want != "") {
				t.Fatalf("Prove = %q, %v; want %q", p.Init, err, tt.want)
			}
			if !refusedSo(p.Refused, tt.say, tt.is) {
				t.Errorf("refused %v; want one with %q and %v", p.Refused, tt.say, tt.is)
			}
		})
	}
}

// refusedSo says whether a refusal has the words and the cause.
func refusedSo(refused []error, words string, cause error) bool {
	for _, err := range refused {
		if strings.Contains(err.Error(), words) && (cause == nil || errors.Is(err, cause)) {
			return true
		}
	}
	return words == ""
}

func TestNoInitError(t *testing.T) {
	_, err := Prove(&fakeRoot{}, Candidates("", true), emX86_64)
	var none *NoInitError
	if !errors.As(err, &none) || !errors.Is(err, fs.ErrNotExist) || len(none.Refused) != 4 {
		t.Fatalf("Prove in an empty root: %v", err)
	}
	if !strings.Contains(err.Error(), "s it the root file system") {
		t.Errorf("the error of an empty root does not ask for the root: %v", err)
	}
	_, err = Prove(&fakeRoot{files: map[string]fakeFile{"/sbin/init": {mode: 0o644}}}, Candidates("", false), emX86_64)
	if strings.Contains(err.Error(), "s it the root file system") {
		t.Errorf("a broken init is taken for an empty root: %v", err)
	}
}

func TestCandidates(t *testing.T) {
	for _, tt := range []struct {
		init  string
		shell bool
		want  string
	}{
		{"", false, "/sbin/init /etc/init /bin/init"},
		{"", true, "/sbin/init /etc/init /bin/init /bin/sh"},
		{"/bin/bash", false, "/bin/bash /sbin/init /etc/init /bin/init"},
		{"/bin/init", true, "/bin/init /sbin/init /etc/init /bin/sh"},
		{"/bin/sh", false, "/bin/sh /sbin/init /etc/init /bin/init"},
	} {
		if got := strings.Join(Candidates(tt.init, tt.shell), " "); got != tt.want {
			t.Errorf("Candidates(%q, %v) = %s; want %s", tt.init, tt.shell, got, tt.want)
		}
	}
}

// TestInterpreter holds the corners of fs/binfmt_script.c; TestKernelAgrees asks the kernel about the same lines.
func TestInterpreter(t *testing.T) {
	for _, tt := range scriptLines() {
		head := make([]byte, scriptHead)
		copy(head, tt.text)
		if got := interpreter(head); got != tt.want {
			t.Errorf("%s: interpreter = %q; want %q", tt.name, got, tt.want)
		}
	}
}

type scriptLine struct{ name, text, want string }

func scriptLines() []scriptLine {
	const sh = "/bin/program"
	blanks := func(n int) string { return strings.Repeat(" ", n) }
	long := "/" + strings.Repeat("./", 200) + "bin/program"
	return []scriptLine{
		{"plain", "#!" + sh + "\n", sh},
		{"argument", "#! " + sh + " -e -u\nexit", sh},
		{"tabs", "#!\t" + sh + "\t\n", sh},
		{"no newline, short", "#!" + sh, sh},
		{"nothing", "#!", ""},
		{"only newline", "#!\n", ""},
		{"only blanks", "#!  \t\n" + sh, ""},
		{"blanks to the end", "#!" + blanks(254), ""},
		{"blanks past the end", "#!" + blanks(300) + sh, ""},
		{"NUL in the path", "#!" + sh + "\x00more\n", sh},
		{"NUL first", "#!\x00" + sh + "\n", ""},
		{"newline as byte 256", "#!" + sh + blanks(253-len(sh)) + "\n", sh},
		{"path ends with byte 255", "#!" + blanks(253-len(sh)) + sh + "\n", sh},
		{"path ends with byte 255, then a blank", "#!" + blanks(253-len(sh)) + sh + " x", sh},
		{"path ends with byte 256", "#!" + blanks(254-len(sh)) + sh + "\n", ""},
		{"path longer than the head", "#!" + long + "\n", ""},
		{"argument longer than the head", "#!" + sh + " " + strings.Repeat("x", 300) + "\n", sh},
	}
}

// FuzzProve is fuzz target Z26: no file, as init or as its loader, makes Prove panic or go round for ever.
func FuzzProve(f *testing.F) {
	for _, t := range elfCorpus() {
		f.Add(t.data)
	}
	for _, l := range scriptLines() {
		f.Add([]byte(l.text))
	}
	good := tinyELF(tiny{})
	f.Fuzz(func(t *testing.T, data []byte) {
		root := &fakeRoot{files: map[string]fakeFile{"/sbin/init": program(data), "/bin/sh": program(good), "/lib/ld.so": program(data)}}
		p, err := Prove(root, Candidates("", false), emX86_64)
		if (err == nil) != (p.Init != "") {
			t.Fatalf("Prove = %q, %v", p.Init, err)
		}
		if root.opened > 3*(maxScripts+2) {
			t.Fatalf("%d files opened", root.opened)
		}
	})
}
