package cmdline

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text), Mode: 0o644} }

func TestReadOrder(t *testing.T) {
	sources, ignored := Read(fstest.MapFS{
		"etc/cmdline.d/20-b.conf":            file("k=2\n"),
		"etc/cmdline.d/10-a.conf":            file("k=1"),
		"etc/cmdline.d/.hidden.conf":         file("k=hidden"),
		"etc/cmdline.d/README":               file("k=readme"),
		"etc/cmdline":                        file("k=3\n"),
		"proc/cmdline":                       file("k=4\n"),
		"run/initramfs/cmdline.d/0.conf":     file("k=5\n"),
		"run/initramfs/cmdline.d/.conf":      file("k=hidden"),
		"run/initramfs/cmdline.d/x.conf~":    file("k=backup"),
		"run/initramfs/cmdline.d/dir.conf/x": file("k=dir"),
	})
	want := []Word{
		{"k", "1", true, "/etc/cmdline.d/10-a.conf"},
		{"k", "2", true, "/etc/cmdline.d/20-b.conf"},
		{"k", "3", true, "/etc/cmdline"},
		{"k", "4", true, "/proc/cmdline"},
		{"k", "5", true, "/run/initramfs/cmdline.d/0.conf"},
	}
	if diff := cmp.Diff(want, sources.Params().Words()); diff != "" {
		t.Error(diff)
	}
	wantIgnored := []Ignored{{"/run/initramfs/cmdline.d/dir.conf", "it is no regular file"}}
	if diff := cmp.Diff(wantIgnored, ignored); diff != "" {
		t.Error(diff)
	}
}

func TestReadNothing(t *testing.T) {
	sources, ignored := Read(fstest.MapFS{})
	if len(sources) != 0 || len(ignored) != 0 || len(sources.Params().Words()) != 0 {
		t.Errorf("Read of nothing: %v, %v", sources, ignored)
	}
}

// touchFS counts what a plain boot opens.
type touchFS struct {
	fstest.MapFS
	touched []string
}

func (f *touchFS) Open(name string) (fs.File, error) {
	file, err := f.MapFS.Open(name)
	if err == nil {
		f.touched = append(f.touched, name)
	}
	return file, err
}

func TestReadTouchesOnlyWhatExists(t *testing.T) {
	f := &touchFS{MapFS: fstest.MapFS{"proc/cmdline": file("root=/dev/vda\n")}}
	Read(f)
	for _, name := range f.touched {
		if name != "proc/cmdline" {
			t.Errorf("touched %s", name)
		}
	}
}

func TestReadJunk(t *testing.T) {
	m := fstest.MapFS{
		"etc/cmdline.d/big.conf":  file(strings.Repeat("x", MaxFile+1)),
		"etc/cmdline.d/elf.conf":  file("\x7fELF\x02\x00k=junk"),
		"etc/cmdline.d/full.conf": file(strings.Repeat(" ", MaxFile-3) + "k=1"),
		"etc/cmdline.d/pipe.conf": {Mode: fs.ModeNamedPipe},
		"proc/cmdline":            file("k=kernel\n"),
	}
	sources, ignored := Read(m)
	if got := sources.Params().All("k"); !cmp.Equal(got, []string{"1", "kernel"}) {
		t.Errorf("values %q", got)
	}
	want := []Ignored{
		{"/etc/cmdline.d/big.conf", "it is larger than 64 kB"},
		{"/etc/cmdline.d/elf.conf", "it holds a zero byte and is no text"},
		{"/etc/cmdline.d/pipe.conf", "it is no regular file"},
	}
	if diff := cmp.Diff(want, ignored); diff != "" {
		t.Error(diff)
	}
	if got := ignored[1].String(); got != "/etc/cmdline.d/elf.conf: it holds a zero byte and is no text; ignoring it" {
		t.Error(got)
	}
}

// Five thousand files, together over the limit, do not push the kernel's line out and are not named one by one.
func TestReadFlood(t *testing.T) {
	m := fstest.MapFS{"proc/cmdline": file(strings.Repeat("x", 4000) + " k=kernel\n")}
	for i := range 5000 {
		m[fmt.Sprintf("etc/cmdline.d/%04d.conf", i)] = file("k=" + strings.Repeat("v", 1000) + "\n")
	}
	sources, ignored := Read(m)
	total := 0
	for _, s := range sources {
		total += len(s.Text)
	}
	if limit := MaxTotal + 4096; total > limit {
		t.Errorf("%d bytes, more than %d", total, limit)
	}
	if v, _ := sources.Params().Get("k"); v != "kernel" {
		t.Errorf("k=%.20q", v)
	}
	if len(ignored) != maxNotes+1 || !strings.Contains(ignored[maxNotes].Name, "more files") {
		t.Errorf("%d notes, the last %v", len(ignored), ignored[len(ignored)-1])
	}
}

func TestWithoutImage(t *testing.T) {
	sources := Sources{
		{"/etc/cmdline.d/10.conf", "a"}, {"/etc/cmdline.d/99-cmdline-ask.conf", "b"},
		{"/etc/cmdline", "c"}, {"/proc/cmdline", "d"}, {"/run/initramfs/cmdline.d/x.conf", "e"},
	}
	var got []string
	for _, w := range sources.WithoutImage().Params().Words() {
		got = append(got, w.Key)
	}
	if diff := cmp.Diff([]string{"b", "d", "e"}, got); diff != "" {
		t.Error(diff)
	}
}

// An open quote runs on into the next source, over the blanks that dracut puts between them.
func TestJoinBlanks(t *testing.T) {
	for _, tt := range []struct {
		sources Sources
		want    string
	}{
		{Sources{{"/proc/cmdline", `k="a`}}, "a "},
		{Sources{{"/proc/cmdline", `k="a  ` + "\n"}}, "a "},
		{Sources{{"/proc/cmdline", `k="a` + "\n\n \n"}}, "a   "},
		{Sources{{"/etc/cmdline.d/a.conf", `k="a`}, {"/etc/cmdline.d/b.conf", `b`}}, "a b   "},
		{Sources{{"/etc/cmdline.d/a.conf", `k="a`}, {"/etc/cmdline", `b`}}, "a  b  "},
		{Sources{{"/etc/cmdline.d/a.conf", `k="a`}, {"/proc/cmdline", `b`}}, "a   b "},
		{Sources{{"/etc/cmdline", `k="a`}, {"/run/initramfs/cmdline.d/r.conf", "b\n\tc\t\r\n"}}, "a   b c\t\r"},
	} {
		if got, _ := Join(tt.sources...).Get("k"); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.sources, got, tt.want)
		}
	}
}

// FuzzJoin: joined sources are the words of the text that dracut's getcmdline would print, and each word
// names the source in which it begins.
func FuzzJoin(f *testing.F) {
	f.Add("a=1\n", "b=2", "root=/dev/vda ro\n", "c\n")
	f.Add(`a="`, `"b`, "\n\n", " \t")
	f.Add("a", "", `x="`, "y z")
	f.Fuzz(func(t *testing.T, d, etc, proc, run string) {
		sources := Sources{{"/etc/cmdline.d/1.conf", d}, {"/etc/cmdline", etc}, {"/proc/cmdline", proc},
			{"/run/initramfs/cmdline.d/1.conf", run}}
		text := shellLines(d) + " " + shellLines(etc) + " " + shellLines(proc) + " " + shellLines(run)
		want := Split(text)
		got := Join(sources...).Words()
		if len(want) != len(got) {
			t.Fatalf("%q: %d words, want %d: %q", text, len(got), len(want), got)
		}
		at := 0
		for i, w := range got {
			for sources[at].Name != w.Source {
				if at++; at == len(sources) {
					t.Fatalf("word %d of %q: source %q is unknown or out of order", i, text, w.Source)
				}
			}
			w.Source = ""
			if w != want[i] {
				t.Fatalf("word %d of %q: %+v, want %+v", i, text, w, want[i])
			}
		}
	})
}

// shellLines is the loop `while read -r line || [ -n "$line" ]; do all="$all $line"; done`.
func shellLines(text string) string {
	all := ""
	lines := strings.SplitAfter(text, "\n")
	for _, l := range lines {
		trimmed := strings.Trim(l, " \t\n")
		if strings.HasSuffix(l, "\n") || trimmed != "" {
			all += " " + trimmed
		}
	}
	return all
}

// A file in the place of the folder, and a folder in the place of a file, are named and cost nothing else.
func TestReadWrongKind(t *testing.T) {
	sources, ignored := Read(fstest.MapFS{
		"etc/cmdline.d":   file("k=1"),
		"etc/cmdline/dir": file("k=2"),
		"proc/cmdline":    file("k=3"),
	})
	if v, _ := sources.Params().Get("k"); v != "3" || len(sources) != 1 {
		t.Errorf("k=%s from %d sources", v, len(sources))
	}
	if len(ignored) != 2 || ignored[0].Name != "/etc/cmdline.d" || ignored[1].Name != "/etc/cmdline" {
		t.Errorf("ignored %v", ignored)
	}
	if strings.Contains(ignored[0].Reason, "etc") {
		t.Errorf("the reason %q names the file again", ignored[0].Reason)
	}
}
