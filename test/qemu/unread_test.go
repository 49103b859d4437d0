package qemu

import (
	"os"
	"testing"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// TestUnreadLine boots with a serial line that is connected and no longer read
// once /init runs, full but for a few hundred bytes when it starts, and with
// everything logged to it. The kernel needs 10 ms for
// each byte then; preroot must not wait for any of them.
func TestUnreadLine(t *testing.T) {
	t.Parallel()
	s := plain(t, image{launcher: []string{"fill 36"}}, serial+" loglevel=7 rd.debug")
	s.Console, s.Limit = vm.ConsoleUnread, 240*time.Second
	s, disk := writable(t, s)
	m, err := vm.Start(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	reached := pollReached(t, disk, s.Limit)
	waiting, err := m.Stalled()
	m.Kill() // a real init that prints to this line never ends
	r := m.Wait()
	if err != nil || waiting < os.Getpagesize() {
		fail(t, r, "the line has not stalled: %d bytes wait in it (%v)", waiting, err)
	}
	if !reached {
		fail(t, r, "root was not reached within %s", s.Limit)
	}
	t.Logf("root reached after %.1f s", time.Since(started).Seconds())
}

// pollReached looks into the image of a running machine, whose init has called
// sync after it left its mark.
func pollReached(t *testing.T, disk string, limit time.Duration) bool {
	t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(time.Second) {
		if there, err := vm.FileInRoot(disk, "/reached"); err == nil && there {
			return true
		}
	}
	return false
}
