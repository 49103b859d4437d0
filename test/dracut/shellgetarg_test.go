package dracut

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/dracut/lib"
	"github.com/preroot/preroot/pkg/cmdline"
)

var linesForShells = flag.Int("shelllines", 300, "command lines to compare getarg of our hook library with, in each shell")

// TestShellGetarg compares the shell functions with those of the newest dracut.
func TestShellGetarg(t *testing.T) {
	theirs := newTool(t, "sid")
	var own []*tool
	counts := map[*tool]*count{}
	for _, shell := range shellNames() {
		d := ownTool(t, shell)
		d.env = []string{"LANG=C.UTF-8"}
		own = append(own, d)
		counts[d] = &count{}
	}
	for at := 0; at < *linesForShells; at += batch {
		cases := generateFrom(at, min(at+batch, *linesForShells))
		want := theirs.ask(t, cases)
		for _, d := range own {
			counts[d].compareAnswers(t, d, cases, want, d.ask(t, cases))
			if counts[d].lines%(10*batch) == 0 {
				t.Logf("%s: so far %v", d.version, counts[d])
			}
		}
	}
	for _, d := range own {
		t.Logf("%s: %v", d.version, counts[d])
		if counts[d].questions == 0 || counts[d].different > 0 {
			t.Errorf("%s: %v", d.version, counts[d])
		}
	}
}

func (n *count) compareAnswers(t *testing.T, d *tool, cases []testCase, want, got [][]answer) {
	for i, c := range cases {
		n.lines++
		p := cmdline.Join(c.sources()...)
		for k, q := range c.questions {
			n.questions++
			switch w := want[i][k]; {
			case stopsShell(p, q) && w.out == "" && w.status != "0":
				n.stopped++
			case cmp.Equal(w, got[i][k], cmp.AllowUnexported(answer{})):
				n.same++
			default:
				if n.different++; n.different <= 5 {
					t.Errorf("%s: %q\n%s\ndracut: %+q\nours:   %+q", d.version, c.texts, q.shell(), w, got[i][k])
				}
			}
		}
	}
}

// TestShellGetargAfterSourcing: what a hook does to the sources and to the shell.
func TestShellGetargAfterSourcing(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"a file appears", `getarg a; echo a=1 >/etc/cmdline.d/z.conf; getarg a; rm /etc/cmdline.d/z.conf; getarg a || echo none`, "1\nnone\n"},
		{"late file wins", `echo a=1 >/etc/cmdline; echo a=2 >/run/initramfs/cmdline.d/z.conf; getarg a`, "2\n"},
		{"in a substitution", `echo a=1 >/etc/cmdline; x=$(getarg a); y=$(getargs a=1); echo "$x$y"`, "11\n"},
		{"set -eu", `set -eu; echo a=1 >/etc/cmdline; getarg a; getargbool 0 b || getargbool 1 b; getargnum 4 0 9 c; getargs a; preroot_cmdline; echo end`, "1\n4\n1\nend\n"},
		{"set -f stays", `set -f; echo a=1 >/etc/cmdline.d/q.conf; getarg a; echo *`, "1\n*\n"},
		{"IFS stays", `IFS=a; echo xay=1 >/etc/cmdline; getarg xay; printf '%s\n' "$IFS"`, "1\na\n"},
		{"a star is a star", `cd /; echo 'a=* *' >/etc/cmdline; getarg a; getargs a`, "*\n*\n"},
		{"bytes", "printf 'a=\\001\\177\\201\\210\\377\\305 b=1' >/etc/cmdline; [ \"$(getarg a)\" = \"$(printf '\\001\\177\\201\\210\\377\\305')\" ] && getarg b", "1\n"},
		{"not executed", `echo 'a=$(echo>/X)` + "`echo>/X`" + `;echo>/X' >/etc/cmdline; getarg a >/dev/null; getargs a >/dev/null; [ ! -e /X ] && echo fine`, "fine\n"},
		{"key with a newline", "echo 'a b' >/etc/cmdline; getarg 'a\nb' || echo none; getargs 'a\nb' || echo none", "none\nnone\n"},
		{"CMDLINE", `echo a=1 >/etc/cmdline; getarg a; printf '<%s>\n' "$CMDLINE"; /bin/sh -c 'printf "<%s>\n" "$CMDLINE"'`, "1\n<  a=1  >\n<  a=1  >\n"},
		{"getcmdline", `echo 'a=1  b' >/etc/cmdline; getcmdline`, "  a=1  b  "},
		{"warn that asks", `warn() { getargbool 0 b; getargs c; }; echo 'a=1 b c=3' >/etc/cmdline; getarg x -d a; echo $?`, "3\n1\n0\n"},
		{"no trace", `set -x; getarg a || :; case $- in *x*) echo on ;; esac`, "on\n"},
		{"large", `i=0; while [ $i -lt 400 ]; do printf 'k%d="v %d" ' $i $i; i=$((i+1)); done >/etc/cmdline; getarg k399; getarg k0`, "v 399\nv 0\n"},
		{"too many digits", `echo 'a=99999999999999999999 b=9223372036854775808 c=9223372036854775807 d=0777777777777777777777' >/etc/cmdline; for k in a b c d; do getargnum 1 0 9223372036854775807 $k; done`,
			strings.Repeat("9223372036854775807\n", 4)},
	}
	for _, shell := range shellNames() {
		for _, test := range tests {
			t.Run(shell+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				d := ownTool(t, shell)
				if got, _ := d.shell(t, d.load+test.script+"\n"); got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
			})
		}
	}
}

// TestShellGetargForks: in a namespace of its own the kernel counts the processes of the shell alone.
func TestShellGetargForks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "getarg.sh")
	if err := os.WriteFile(file, []byte(lib.Getarg), 0o644); err != nil {
		t.Fatal(err)
	}
	script := `. ` + quote(file) + `
read -r a b c d before </proc/loadavg
for k in root quiet a b c; do getarg $k; getargbool 0 $k; getargs $k; getargnum 1 0 5 $k; done >/dev/null
read -r a b c d after </proc/loadavg
(:)
read -r a b c d control </proc/loadavg
echo $((after - before)) $((control - after))`
	for _, shell := range shellNames() {
		argv := shells[shell]
		cmd := &exec.Cmd{Path: argv[0], Args: append(argv[1:len(argv):len(argv)], "-c", script)}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
		namespace(cmd.SysProcAttr)
		out, err := cmd.Output()
		if got := string(out); err != nil || got != "0 1\n" {
			t.Errorf("%s: processes made by 20 calls and by a subshell: %q, want 0 and 1 (%v)", shell, got, err)
		}
	}
}

// BenchmarkGetarg measures one call: ours in each shell, and dracut's own.
func BenchmarkGetarg(b *testing.B) {
	const line = "BOOT_IMAGE=/boot/vmlinuz-6.1.0 root=UUID=0a1b2c3d-0000-1111-2222-333344445555 ro rd.luks.uuid=luks-1 rd.lvm.lv=vg/root console=tty0 console=ttyS0,115200 quiet splash"
	const calls = 500
	script := fmt.Sprintf("i=0; while [ $i -lt %d ]; do i=$((i+1)); getarg rd.lvm.lv=; getargbool 0 rd.absent; done >/dev/null; true\n", calls/2)
	measure := func(name string, makeTool func(testing.TB) *tool) {
		b.Run(name, func(b *testing.B) {
			d := makeTool(b)
			d.write(b, "proc/cmdline", line)
			for b.Loop() {
				d.shell(b, d.load+script)
			}
			b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N)/calls, "ms/getarg")
		})
	}
	measure("dracut 112, dash", func(t testing.TB) *tool { return newTool(t, "sid") })
	for _, shell := range shellNames() {
		measure("ours, "+shell, func(t testing.TB) *tool { return ownTool(t, shell) })
	}
}
