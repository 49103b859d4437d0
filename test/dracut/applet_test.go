package dracut

import (
	"bytes"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/preroot/preroot/pkg/cmdline"
)

// said is all that a program says.
type said struct {
	Status      int
	Out, Errors string
}

// program runs a program in the root folder.
func (d *tool) program(t *testing.T, env []string, argv ...string) said {
	t.Helper()
	var out, errors bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = "/", append([]string{"LD_LIBRARY_PATH=/lib"}, env...)
	cmd.Stdout, cmd.Stderr = &out, &errors
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: d.root}
	namespace(cmd.SysProcAttr)
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return said{cmd.ProcessState.ExitCode(), out.String(), errors.String()}
}

// TestGetargPrograms compares our dracut-getarg and dracut-getargs with dracut's, called as programs: output, messages, exit status.
func TestGetargPrograms(t *testing.T) {
	init := buildInit(t)
	for _, suite := range []string{"bookworm", "trixie", "sid"} {
		d := newTool(t, suite)
		d.copy(t, init, "ours/dracut-getarg")
		d.copy(t, init, "ours/dracut-getargs")
		r := rand.New(rand.NewPCG(12, 12))
		same, died := 0, 0
		for range *calls * 4 {
			program := pick(r, []string{"dracut-getarg", "dracut-getargs"})
			line := text(r, r.IntN(14))
			env := []string{"CMDLINE=" + line}
			args := []string{asked(r)}
			switch r.IntN(20) {
			case 0:
				env = nil
			case 1:
				args = append(args, "x")
			case 2:
				args = nil
			}
			want := d.program(t, env, append([]string{"/bin/" + program}, args...)...)
			got := d.program(t, env, append([]string{"/ours/" + program}, args...)...)
			switch diff := cmp.Diff(want, got); {
			case diff == "":
				same++
			case want.Status < 0 && (loneQuote(line) || program == "dracut-getargs" && bare(line, args)):
				died++
			default:
				t.Errorf("dracut %s: CMDLINE=%+q %s %+q (-dracut +ours):\n%s", d.version, line, program, args, diff)
			}
		}
		t.Logf("dracut %s: %d same, %d where dracut's dies", d.version, same, died)
	}
}

// bare says whether a value is asked for of a word that has none: 059's dracut-getargs compares it with no string at all.
func bare(line string, args []string) bool {
	if len(args) == 0 {
		return false
	}
	key, _, asked := strings.Cut(args[0], "=")
	return asked && slices.ContainsFunc(cmdline.Split(line), func(w cmdline.Word) bool { return w.Key == key && !w.HasValue })
}

// TestApplets: what the other applets say of themselves.
func TestApplets(t *testing.T) {
	d := &tool{root: t.TempDir()}
	init := buildInit(t)
	d.copy(t, init, "netroot")
	d.copy(t, init, "unknown")
	if got := d.program(t, nil, "/netroot", "eth0"); got.Status != 1 || !strings.Contains(got.Errors, "netroot eth0: a root over the network") {
		t.Errorf("netroot: %+v", got)
	}
	if got := d.program(t, nil, "/unknown"); got.Status != 2 || !strings.Contains(got.Errors, "initqueue dracut-getarg dracut-getargs rdsosreport loginit netroot\n") {
		t.Errorf("unknown: %+v", got)
	}
}
