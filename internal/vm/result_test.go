package vm

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResultErr(t *testing.T) {
	crash := []string{"boot", "[    1.2] preroot: engine: goroutine 1 [running]:"}
	for _, c := range []struct {
		name   string
		result Result
		want   string
	}{
		{"good", Result{Lines: []string{"boot"}}, ""},
		{"silent", Result{}, ErrSilent.Error()},
		{"silence wanted", Result{Spec: Spec{Silent: true}}, ""},
		{"no line", Result{Spec: Spec{Console: ConsoleNone}}, ""},
		{"limit", Result{Expired: true, Lines: []string{"boot"}}, "killed at its limit"},
		{"qemu", Result{Exit: errors.New("no such device")}, "no such device"},
		{"kernel panic", Result{Lines: []string{"Kernel panic - not syncing"}}, "crash: Kernel panic"},
		{"engine crash", Result{Lines: crash}, "crash: "},
		{"engine crash wanted", Result{Spec: Spec{EngineCrash: true}, Lines: crash}, ""},
		{"raw crash never wanted", Result{Spec: Spec{EngineCrash: true}, Lines: []string{"goroutine 1 [running]:"}}, "crash: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.result.Err()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("Err() = %v, want %q", err, c.want)
			}
		})
	}
}

func TestBenchLines(t *testing.T) {
	r := Result{Lines: []string{
		"", "BENCH init_s=0.351720 total_s=1.800084 left_kB=20 fds=3 processes=1",
		"BENCH argv [/sbin/init] [a b]", "BENCH env HOME=/", "BENCH env X=a=b",
		"BENCH span # preroot timeline 1: start_us length_us kind name",
		"BENCH span 2072665 325903 wait LABEL=a b", "BENCH done",
	}}
	got, err := r.Bench()
	if err != nil {
		t.Fatal(err)
	}
	want := Bench{0.351720, 1.800084, 20, 3, 1, "[/sbin/init] [a b]", []string{"HOME=/", "X=a=b"},
		[]Span{{2072665, 325903, "wait", "LABEL=a b"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := (Result{Lines: []string{"BENCH init_s=torn"}}).Bench(); err == nil {
		t.Error("a torn line is no error")
	}
}

func TestUntilInit(t *testing.T) {
	u := &untilInit{in: strings.NewReader("one\nRun /init as init process\nunread\n")}
	got, err := io.ReadAll(u)
	if want := "one\nRun /init as init process\n"; err != nil || string(got) != want {
		t.Errorf("read %q, %v; want %q", got, err, want)
	}
}
