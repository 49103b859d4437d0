package udevd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// programs notes what is run; one of them may fail.
type programs struct {
	ran  []string
	fail string
}

func (p *programs) Run(program string, args ...string) (int, string, error) {
	line := strings.Join(append([]string{program}, args...), " ")
	p.ran = append(p.ran, line)
	switch {
	case p.fail == "":
		return 0, "", nil
	case strings.Contains(line, p.fail):
		return 1, "Failed to connect\n", nil
	}
	return 0, "", errors.New("not reached")
}

func image(names ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for _, n := range names {
		files[n] = &fstest.MapFile{Mode: 0o755}
	}
	return files
}

func TestFind(t *testing.T) {
	for i, c := range []struct {
		files []string
		want  string
	}{
		{[]string{"usr/lib/systemd/systemd-udevd", "usr/bin/udevadm"}, "/usr/lib/systemd/systemd-udevd /usr/bin/udevadm"},
		{[]string{"lib/systemd/systemd-udevd", "bin/udevadm"}, "/lib/systemd/systemd-udevd /bin/udevadm"},
		{[]string{"usr/lib/systemd/systemd-udevd"}, ""},
		{[]string{"usr/bin/udevadm"}, ""},
		{nil, ""},
	} {
		got := ""
		if d := Find(image(c.files...), nil); d != nil {
			got = d.Path + " " + d.Admin
		}
		if got != c.want {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
}

func TestCallsInitqueue(t *testing.T) {
	rule := func(name, text string) fstest.MapFS { return fstest.MapFS{name: {Data: []byte(text)}} }
	for want, list := range map[bool][]fstest.MapFS{
		true: {
			rule("etc/udev/rules.d/70-luks.rules", `RUN+="/sbin/initqueue --unique x"`),
			rule("usr/lib/udev/rules.d/64-lvm.rules", `RUN+="/usr/sbin/initqueue x"`),
			rule("lib/udev/rules.d/64-lvm.rules", `PROGRAM="/sbin/initqueue x"`),
		},
		false: {
			rule("etc/udev/rules.d/70-luks.rules.bak", `RUN+="/sbin/initqueue"`),
			rule("etc/udev/rules.d/60-x.rules", `RUN+="/sbin/other"`),
			rule("etc/x.rules", `RUN+="/sbin/initqueue"`),
		},
	} {
		for i, files := range list {
			if got := CallsInitqueue(files); got != want {
				t.Errorf("%v %d: %v", want, i, got)
			}
		}
	}
}

// TestDrive holds the words that are said to udevd.
func TestDrive(t *testing.T) {
	p := &programs{}
	d := Find(image("usr/lib/systemd/systemd-udevd", "usr/bin/udevadm"), p)
	err := errors.Join(d.Start(), d.Property("hookdir", "/lib/dracut/hooks"), d.Reload(), d.Trigger(), d.Stop())
	want := []string{
		"/usr/lib/systemd/systemd-udevd --daemon --resolve-names=never",
		"/usr/bin/udevadm control --property=hookdir=/lib/dracut/hooks",
		"/usr/bin/udevadm control --reload",
		"/usr/bin/udevadm trigger --type=subsystems --action=add",
		"/usr/bin/udevadm trigger --type=devices --action=add",
		"/usr/bin/udevadm control --exit",
		"/usr/bin/udevadm info --cleanup-db",
	}
	if err != nil || !slices.Equal(p.ran, want) {
		t.Errorf("%v\n%s", err, strings.Join(p.ran, "\n"))
	}
}

// TestNothingHoldsUp: what fails keeps what comes after it away neither at the trigger nor at the end.
func TestNothingHoldsUp(t *testing.T) {
	for fail, do := range map[string]func(*Daemon) error{"trigger": (*Daemon).Trigger, "control": (*Daemon).Stop} {
		p := &programs{fail: fail}
		err := do(Find(image("usr/lib/systemd/systemd-udevd", "usr/bin/udevadm"), p))
		if len(p.ran) != 2 || !strings.HasPrefix(fmt.Sprint(err), "udevadm "+fail+": status 1: Failed to connect") {
			t.Errorf("%q: %v", p.ran, err)
		}
	}
}
