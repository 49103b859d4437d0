package dynlink

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sysroot is a made up root: "path = text" is a file, "path -> target" a link, "path : NAME needs A B [flags ...]" an ELF file
// made by the C compiler, a program if its path has a bin in it. ARM before the name takes that of another machine.
func sysroot(t *testing.T, lines ...string) *Root {
	t.Helper()
	dir := t.TempDir()
	for _, line := range lines {
		words := strings.Fields(line)
		file := filepath.Join(dir, words[0])
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		switch words[1] {
		case "=":
			text := strings.ReplaceAll(strings.Join(words[2:], " "), `\n`, "\n")
			if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		case "->":
			if err := os.Symlink(words[2], file); err != nil {
				t.Fatal(err)
			}
		case ":":
			compile(t, file, words[2:])
		}
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compile makes an ELF file: [ARM] [needs LIBRARY...] [FLAG...].
func compile(t *testing.T, file string, words []string) {
	t.Helper()
	work := t.TempDir()
	source := filepath.Join(work, "a.c")
	text := "int _start(void) { return 0; }\n"
	cc := "gcc"
	args := []string{"-nostdlib", "-fPIC", "-Wl,--no-as-needed", "-o", file, source}
	if !strings.Contains(file, "/bin/") {
		args = append(args, "-shared", "-Wl,-soname,"+filepath.Base(file))
	}
	for _, w := range words {
		switch {
		case w == "ARM":
			cc = "aarch64-linux-gnu-gcc"
		case strings.HasPrefix(w, "note:"):
			assembly := fmt.Sprintf(".section .note.dlopen,\"a\"\n.balign 4\n.long 4,2f-1f,0x407c0c0a\n.asciz \"FDO\"\n1: .asciz %q\n2: .balign 4\n.section .note.GNU-stack,\"\"\n", w[5:])
			if err := os.WriteFile(source+".s", []byte(assembly), 0o644); err != nil {
				t.Fatal(err)
			}
			args = append(args, source+".s")
		case strings.HasPrefix(w, "call:"):
			text += fmt.Sprintf("int %s(void); int g(void) { return %s(); }\n", w[5:], w[5:])
		case strings.HasPrefix(w, "-"):
			args = append(args, w)
		default: // a library to need: an empty one of that name stands in for it
			stub := filepath.Join(work, w)
			out, err := exec.Command(cc, "-nostdlib", "-shared", "-Wl,-soname,"+w, "-x", "c", "/dev/null", "-o", stub).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			args = append(args, stub)
		}
	}
	args = append(args, "-Wl,--unresolved-symbols=ignore-all")
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s\n%s", cc, args, err, out, text)
	}
}

const glibc = "-Wl,--dynamic-linker=/lib64/ld-linux-x86-64.so.2"

// TestRules has one small root for each rule; the program is /usr/bin/p.
func TestRules(t *testing.T) {
	usrmerge := []string{"lib -> usr/lib", "lib64 -> usr/lib64", "usr/lib64/ld-linux-x86-64.so.2 : -s"}
	for _, tt := range []struct {
		name string
		root []string
		want string // paths and links of the closure, without those of usrmerge and the program
	}{
		{"rpath of the loader counts, and goes before ld.so.conf",
			[]string{"usr/bin/p : " + glibc + " liba.so -Wl,--disable-new-dtags,-rpath,/opt/x", "opt/x/liba.so : libb.so", "opt/x/libb.so : -s", "etc/ld.so.conf = /opt/y", "opt/y/libb.so : -s"},
			"/opt/x/liba.so /opt/x/libb.so"},
		{"runpath is for the object alone",
			[]string{"usr/bin/p : " + glibc + " liba.so -Wl,--enable-new-dtags,-rpath,/opt/x", "opt/x/liba.so : libb.so", "opt/x/libb.so : -s", "etc/ld.so.conf = /opt/y", "opt/y/libb.so : -s"},
			"/opt/x/liba.so /opt/y/libb.so"},
		{"a runpath switches the rpaths above it off",
			[]string{"usr/bin/p : " + glibc + " liba.so -Wl,--disable-new-dtags,-rpath,/opt/x", "opt/x/liba.so : libb.so -Wl,--enable-new-dtags,-rpath,/opt/z", "opt/x/libb.so : -s", "usr/lib/libb.so : -s"},
			"/opt/x/liba.so /usr/lib/libb.so"},
		{"$ORIGIN of the program's true place, $LIB and $PLATFORM",
			[]string{"usr/bin/p -> ../../opt/bin/p", "opt/bin/p : " + glibc + " liba.so -Wl,-rpath,$ORIGIN/../${LIB}/$PLATFORM", "opt/lib64/x86_64/liba.so : -s"},
			"/usr/bin/p->../../opt/bin/p /opt/bin/p /opt/lib64/x86_64/liba.so"},
		{"includes in the order of their names, comments",
			[]string{"usr/bin/p : " + glibc + " liba.so", `etc/ld.so.conf = # first\ninclude ld.so.conf.d/*.conf\n/opt/c`, "etc/ld.so.conf.d/2.conf = /opt/b", "etc/ld.so.conf.d/1.conf = /opt/a # here", "etc/ld.so.conf.d/no = /opt/no",
				"opt/b/liba.so : -s", "opt/c/liba.so : -s", "opt/no/liba.so : -s"},
			"/opt/b/liba.so"},
		{"what is of another machine is passed over",
			[]string{"usr/bin/p : " + glibc + " liba.so", "usr/lib/x86_64-linux-gnu/liba.so : ARM", "usr/lib64/liba.so : -s"},
			"/usr/lib64/liba.so"},
		{"the base library, not that of a processor",
			[]string{"usr/bin/p : " + glibc + " liba.so", "usr/lib64/glibc-hwcaps/x86-64-v2/liba.so : -s", "usr/lib64/liba.so : -s"},
			"/usr/lib64/liba.so"},
		{"a circle, and a chain of links",
			[]string{"usr/bin/p : " + glibc + " liba.so", "usr/lib/liba.so -> liba.so.1", "usr/lib/liba.so.1 -> liba.so.1.2", "usr/lib/liba.so.1.2 : libb.so", "usr/lib/libb.so : liba.so"},
			"/usr/lib/liba.so->liba.so.1 /usr/lib/liba.so.1->liba.so.1.2 /usr/lib/liba.so.1.2 /usr/lib/libb.so"},
		{"musl: its file of folders, its own names, rpath of the loader",
			[]string{"usr/bin/p : -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1 liba.so libpthread.so -Wl,--enable-new-dtags,-rpath,/opt/x", "usr/lib/ld-musl-x86_64.so.1 : -s",
				"opt/x/liba.so : libb.so libc.so", "opt/x/libb.so : libd.so", `etc/ld-musl-x86_64.path = /opt/m\n/opt/n`, "opt/n/libd.so : -s", "usr/lib/libd.so : -s"},
			"/usr/lib/ld-musl-x86_64.so.1 /opt/x/liba.so /opt/x/libb.so /opt/n/libd.so"},
		{"a script by env, whose interpreter is a script",
			[]string{`usr/bin/p = #!/usr/bin/env -S tool -x\n`, "usr/bin/env = x", `usr/bin/tool = #! /bin/sh -e\n`, "bin -> usr/bin", "usr/bin/sh -> dash", "usr/bin/dash = x"},
			"/usr/bin/env /usr/bin/tool /bin->usr/bin /usr/bin/sh->dash /usr/bin/dash"},
		{"notes of dlopen: required, recommended and there, the first name of several",
			[]string{`usr/bin/p : ` + glibc + ` note:[{"soname":["liba.so.2","liba.so.1"],"priority":"required"},{"soname":["libb.so"],"priority":"recommended"},{"soname":["libno.so"]},{"soname":["libs.so"],"priority":"suggested"}]`,
				"usr/lib/liba.so.1 : libd.so", "usr/lib/libb.so : -s", "usr/lib/libs.so : -s", "usr/lib/libd.so : -s"},
			"/usr/lib/liba.so.1 /usr/lib/libb.so /usr/lib/libd.so"},
		{"what the C library opens for a thread that ends",
			[]string{"usr/bin/p : " + glibc + " liba.so", "usr/lib/liba.so : call:pthread_exit", "usr/lib/libgcc_s.so.1 : -s"},
			"/usr/lib/liba.so /usr/lib/libgcc_s.so.1"},
		{"old C libraries open those of nss(5), if they are there",
			[]string{"usr/bin/p : " + glibc + " liba.so", "usr/lib/liba.so : call:getaddrinfo", "usr/lib/libnss_files.so.2 : -s"},
			"/usr/lib/liba.so /usr/lib/libnss_files.so.2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := sysroot(t, append(slices.Clone(usrmerge), tt.root...)...)
			items, err := r.Closure(Options{Dlopen: true}, "/usr/bin/p")
			if err != nil {
				t.Error(err)
			}
			var got []string
			for _, i := range items {
				switch {
				case i.Path == "/usr/bin/p" && i.Target == "" || i.Path == "/lib" || strings.HasSuffix(i.Path, "lib64") || strings.HasSuffix(i.Path, "x86-64.so.2"):
				case i.Target != "":
					got = append(got, i.Path+"->"+i.Target)
				default:
					got = append(got, i.Path)
				}
			}
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("found %s\nwanted %s", text, tt.want)
			}
		})
	}
}

func TestLinksOfFolders(t *testing.T) {
	r := sysroot(t, "usr/bin/p : "+glibc, "lib64 -> usr/lib64", "usr/lib64/ld-linux-x86-64.so.2 : -s", "bin -> usr/bin")
	items, err := r.Closure(Options{}, "/bin/p", "/usr/bin/p")
	want := []Item{{"/bin", "usr/bin", ""}, {"/usr/bin/p", "", ""}, {"/lib64", "usr/lib64", "/usr/bin/p"}, {"/usr/lib64/ld-linux-x86-64.so.2", "", "/usr/bin/p"}}
	if err != nil || !slices.Equal(items, want) {
		t.Errorf("%q, %v", items, err)
	}
}

// TestHas: an interpreter that is there is not looked into.
func TestHas(t *testing.T) {
	r := sysroot(t, "usr/bin/p = #!/bin/sh", "bin -> usr/bin", "usr/bin/sh = x")
	items, err := r.Closure(Options{Has: func(p string) bool { return p == "/bin/sh" }}, "/usr/bin/p")
	if err != nil || len(items) != 1 {
		t.Errorf("%q, %v", items, err)
	}
}

func TestMissing(t *testing.T) {
	r := sysroot(t, "usr/bin/p : "+glibc+` liba.so libno.so note:[{"soname":["x.so","y.so"],"priority":"required"}]`, "usr/lib64/liba.so : libno.so", "usr/bin/s = #!/bin/nosh", "usr/bin/loop -> loop", "usr/bin/dangling -> nothing")
	for _, tt := range []struct{ name, want string }{
		{"p", "/usr/bin/p needs /lib64/ld-linux-x86-64.so.2, which is nowhere to be found: install its package|/usr/bin/p needs libno.so,|/usr/bin/p needs x.so or y.so,|/usr/lib64/liba.so needs libno.so,"},
		{"s", "/usr/bin/s needs /bin/nosh,"},
		{"loop", "more than 40 symbolic links, the last one is /usr/bin/loop"},
		{"dangling", "/usr/bin/dangling: "},
	} {
		_, err := r.Closure(Options{Dlopen: true}, "/usr/bin/"+tt.name)
		if err == nil {
			t.Errorf("%s: no error", tt.name)
			continue
		}
		for want := range strings.SplitSeq(tt.want, "|") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q lacks %q", tt.name, err, want)
			}
		}
	}
	_, err := r.Closure(Options{}, "/usr/bin/s")
	if m := (*MissingError)(nil); !errors.As(err, &m) || m.Name != "/bin/nosh" || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := r.Program("none"); err == nil || !strings.Contains(err.Error(), "program none is in none of /usr/local/sbin") {
		t.Error(err)
	}
}

// TestLinksStayInside: a link of the root to an absolute path, or upwards out of it, leads to nothing of this machine.
func TestLinksStayInside(t *testing.T) {
	r := sysroot(t, "usr/bin/a -> /etc/passwd", "usr/bin/b -> ../../../../../../../../etc/passwd")
	for _, name := range []string{"/usr/bin/a", "/usr/bin/b", "/../../etc/passwd"} {
		if real, _, err := r.Resolve(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %s, %v", name, real, err)
		}
	}
}

func TestCryptsetupEndsThreads(t *testing.T) {
	r, err := Open("/")
	if err != nil {
		t.Fatal(err)
	}
	items, err := r.Closure(Options{Dlopen: true}, "/usr/sbin/cryptsetup")
	if err != nil || !slices.ContainsFunc(items, func(i Item) bool { return strings.HasSuffix(i.Path, "/libgcc_s.so.1") }) {
		t.Errorf("%q, %v", items, err)
	}
}
