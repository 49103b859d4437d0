package timeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRecorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(2 * time.Second)
		outer := r.Start("stage", "mount")
		time.Sleep(time.Second)
		inner := r.Start("mount", "/sysroot\nx")
		time.Sleep(time.Millisecond)
		inner(errors.New("refused"))
		outer(nil)
		want := "# preroot timeline 1: start_us length_us kind name\n" +
			"2000000 1001000 stage mount\n" +
			"3000000 1000 mount! /sysroot?x\n"
		if diff := cmp.Diff(want, r.Text()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestHarmlessNames: a name is foreign text, and the record is read on terminals.
func TestHarmlessNames(t *testing.T) {
	for name, want := range map[string]string{"a\x1b[2Jb": "a?[2Jb", "\u0080\x7f": "??", "\xff\u00e9": "?\u00e9", "\u202ea\u2066\u200b": "?a??", "a\n0 0 x y": "a?0 0 x y"} {
		if got := oneLine(name); got != want {
			t.Errorf("%+q: %+q, want %+q", name, got, want)
		}
	}
}

func TestRecorderBound(t *testing.T) {
	r := New(0)
	for i := range maxSpans + 10 {
		r.Add(Span{Kind: "probe", Name: fmt.Sprint(i)})
	}
	if n := len(r.Spans()); n != maxSpans {
		t.Errorf("%d spans are kept", n)
	}
}

func TestParseErrors(t *testing.T) {
	for _, text := range []string{"x", "1 2 stage", "one 2 stage a", "1 two stage a"} {
		if _, err := Parse("# comment\n" + text); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzRoundTrip: a record that was written reads the same again.
func FuzzRoundTrip(f *testing.F) {
	f.Add("module", "virtio_blk", int64(10), int64(20), false)
	f.Add("wait", "UUID=1 2\t3", int64(0), int64(0), true)
	f.Fuzz(func(t *testing.T, kind, name string, start, length int64, failed bool) {
		if kind == "" || strings.ContainsAny(kind, " \n!#") || name != oneLine(name) || start < 0 || length < 0 ||
			start > 1<<40 || length > 1<<40 || kind != oneLine(kind) {
			return
		}
		r := New(0)
		in := Span{kind, name, time.Duration(start) * time.Microsecond, time.Duration(length) * time.Microsecond, failed}
		r.Add(in)
		out, err := Parse(r.Text())
		if err != nil || !slices.Equal(out, []Span{in}) {
			t.Errorf("%+v: %+v, %v", in, out, err)
		}
	})
}
