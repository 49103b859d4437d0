package qemu

import (
	"fmt"
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/pkg/rescue"
)

// talk starts a machine, and types each text when the line before it was seen.
func talk(t *testing.T, s vm.Spec, steps ...[2]string) vm.Result {
	t.Helper()
	m, err := vm.Start(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if _, err = m.Await(step[0]); err == nil {
			err = m.Type(step[1])
		}
		if err != nil {
			m.Kill()
			fail(t, m.Wait(), "%v", err)
		}
	}
	r := m.Wait()
	if err := r.Err(); err != nil {
		fail(t, r, "%v", err)
	}
	return r
}

// withoutRoot is the usual machine whose root= names nothing.
func withoutRoot(t *testing.T) vm.Spec {
	t.Helper()
	s := plain(t, image{}, serial+" rd.retry=1 rd.preroot.unattended=60")
	s.Cmdline += " root=LABEL=nothing"
	return s
}

// TestBuiltinPrompt: a person at a serial line looks round in an image without a shell, mounts, unmounts, and gives another root.
func TestBuiltinPrompt(t *testing.T) {
	t.Parallel()
	r := talk(t, withoutRoot(t),
		[2]string{"end: HELD: prompt on", "\r"},
		[2]string{rescue.Greeting, "rep\t\r"},
		[2]string{"reason: ", "lsmo\x7f\x7fmod\r"},
		[2]string{"virtio_blk ", "blkid\r"},
		[2]string{"/dev/vda (ext4", "mkdir /look\rmount -o ro UUID=" + vm.RootUUID + " /look\rmount\r"},
		[2]string{"/dev/vda on /look type ext4 (ro", "ls -l /look\r"},
		[2]string{" init", "umount /look\rmount -t nosuchfs /dev/vda /look\r"},
		[2]string{"mount: ", "dmesg\r"},
		[2]string{"Linux version ", "cat /dev/zero\r"},
		[2]string{`\x00\x00`, "\x03"},
		[2]string{"^C", "modprobe nothing\r"},
		[2]string{"modprobe: ", "ps\r"},
		[2]string{"preroot-prompt", "timeline\r"},
		[2]string{"start s", strings.Repeat("x", 600) + "\r"},
		[2]string{"nothing was done", "root=UUID=" + vm.RootUUID + " rw\r"},
	)
	if !r.Reached() {
		fail(t, r, "root was not reached by the words of the prompt")
	}
}

// TestBuiltinPromptEnds: the words that end the machine's run.
func TestBuiltinPromptEnds(t *testing.T) {
	for word, end := range map[string]string{"reboot": "REBOOTED", "poweroff": "POWERED OFF"} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			r := talk(t, withoutRoot(t), [2]string{"end: HELD: prompt on", "\r"}, [2]string{rescue.Greeting, fmt.Sprintln(word)})
			mustSay(t, r, "preroot: end: "+end)
		})
	}
}

// TestAsk: rd.cmdline=ask takes parameters at a serial line before anything is looked for.
func TestAsk(t *testing.T) {
	t.Parallel()
	s := plain(t, image{}, serial+" rd.retry=1 rd.cmdline=ask")
	s.Cmdline = strings.ReplaceAll(s.Cmdline, "root=UUID="+vm.RootUUID, "")
	r := talk(t, s,
		[2]string{"end: HELD: prompt on", "x"}, // the key is not part of the first word
		[2]string{"a line with one dot", "root=UUID=" + vm.RootUUID + " quiet\r"},
		[2]string{"> ", ".\r"},
	)
	if !r.Reached() {
		fail(t, r, "root was not reached")
	}
	mustSay(t, r, "from rd.cmdline=ask: root=UUID="+vm.RootUUID+" quiet")
}
