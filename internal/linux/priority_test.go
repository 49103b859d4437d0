package linux

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestUrgent: the process goes before others, its children do not, and afterwards neither does it.
func TestUrgent(t *testing.T) {
	nice := func(stat []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')'):]))[17]
	}
	for _, step := range []struct {
		urgent bool
		want   string
	}{{false, "0"}, {true, "-20"}, {false, "0"}} {
		Urgent(step.urgent)
		if got := nice(os.ReadFile("/proc/self/stat")); got != step.want {
			t.Errorf("urgent %v: the nice value is %s", step.urgent, got)
		}
		if got := nice(exec.Command("cat", "/proc/self/stat").Output()); got != "0" {
			t.Errorf("urgent %v: a child has nice value %s", step.urgent, got)
		}
	}
}
