package linux

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestSacrifice raises the score of a process and puts it back; one that was set by somebody else stays.
func TestSacrifice(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal("sleep of Debian's coreutils: ", err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	path := "/proc/" + strconv.Itoa(cmd.Process.Pid) + "/oom_score_adj"
	score := func() string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text))
	}
	Sacrifice(cmd.Process.Pid)
	if got := score(); got != "1000" {
		t.Errorf("sacrificed: %s", got)
	}
	Absolve(cmd.Process.Pid)
	if got := score(); got != "0" {
		t.Errorf("absolved: %s", got)
	}
	if err := os.WriteFile(path, []byte("17"), 0); err != nil {
		t.Fatal(err)
	}
	Absolve(cmd.Process.Pid)
	if got := score(); got != "17" {
		t.Errorf("another value: %s", got)
	}
}
