package boot_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/preroot/preroot/internal/linuxtest"
)

var update = flag.Bool("update", false, "write the journals of the boots into testdata/boot; read them afterwards")

// patience is when a boot that goes on counts as one that waits for ever.
const patience = time.Hour

// TestBoot runs whole boots on the fake machine: testdata/boot/*.txtar, described at linuxtest.Case.
func TestBoot(t *testing.T) {
	names, err := filepath.Glob("testdata/boot/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			c := linuxtest.ParseCase(string(text))
			synctest.Test(t, func(t *testing.T) { runCase(t, &c) })
			if *update && !t.Failed() {
				if err := os.WriteFile(name, []byte(c.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func runCase(t *testing.T, c *linuxtest.Case) {
	m, err := linuxtest.New(c)
	if err != nil {
		t.Fatal(err)
	}
	m.Run(patience)
	if *update {
		c.Set("want", m.Journal())
	}
	if diff := cmp.Diff(c.Section("want"), m.Journal()); diff != "" {
		t.Errorf("journal (-want +got):\n%s\nlog:\n%s", diff, m.Messages())
	}
	for _, line := range strings.Split(strings.TrimSpace(c.Section("log")), "\n") {
		if !strings.Contains(m.Messages(), line) {
			t.Errorf("not in the log: %s\nlog:\n%s", line, m.Messages())
		}
	}
}
