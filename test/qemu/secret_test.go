package qemu

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/preroot/preroot/internal/vm"
)

// Wrong passphrases, which are nowhere else in the machine. The first is typed at the virtual terminal, the second at the serial line.
const (
	canaryVT     = "xqvwalnutzk"
	canarySerial = "jbpricotwqx"
)

// encodings are the forms in which a secret is searched for.
var encodings = map[string]func(string) []byte{
	"text": func(s string) []byte { return []byte(s) },
	"UTF-16": func(s string) []byte {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return b
	},
	"hexadecimal": func(s string) []byte { return fmt.Appendf(nil, "%x", s) },
}

const secretMemory = 512 // MiB

// copies counts the secrets in all of the machine's memory.
func copies(t *testing.T, m *vm.Machine, when string, secrets ...string) (n int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "memory")
	if err := m.DumpMemory(path, secretMemory<<20); err != nil {
		t.Fatal(err)
	}
	memory, err := os.ReadFile(path)
	os.Remove(path)
	if err != nil || len(memory) != secretMemory<<20 {
		t.Fatalf("%d bytes of memory, %v", len(memory), err)
	}
	for _, secret := range secrets {
		for name, encode := range encodings {
			k := bytes.Count(memory, encode(secret))
			n += k
			t.Logf("%s: %d copies of %s (%s)", when, k, secret, name)
		}
	}
	return n
}

// typeSecrets boots, types two wrong passphrases and the right one, and counts what is left of them at the third prompt, in a break shell, and behind the hand-over.
func typeSecrets(t *testing.T, extra []vm.Entry) (atPrompt, inShell, after int) {
	t.Helper()
	k := kernel(t, "6.1-cloud")
	shell, err := vm.ReadEntry("bin/sh", busybox(t))
	if err != nil {
		t.Fatal(err)
	}
	initrd := image{drivers: known, luks: true, extra: append([]vm.Entry{shell}, extra...)}.build(t, k)
	s := machine(t, k, initrd, "console=tty0 console=ttyS0 "+named+" rd.break=pre-mount init=/bin/sh")
	s.MemoryMiB, s.Disks, s.Limit = secretMemory, []vm.Disk{lockedDisk(t, "pbkdf2")}, 3*patience
	m := start(t, s)
	await(t, m, "Passphrase for")
	if err := m.Press(keysOf(canaryVT)...); err != nil {
		t.Fatal(err)
	}
	typeAt(t, m, "(1 wrong) Passphrase", canarySerial+"\n")
	await(t, m, "(2 wrong) Passphrase")
	atPrompt = copies(t, m, "at the third prompt", canaryVT, canarySerial)
	typeAt(t, m, "(2 wrong) Passphrase", passphrase+"\n")
	typeAt(t, m, "press a key for a prompt", "\r")
	typeAt(t, m, "preroot: prompt: /bin/sh", "echo in the sh''ell\n")
	await(t, m, "in the shell")
	inShell = copies(t, m, "in a shell", canaryVT, canarySerial, passphrase)
	typeAt(t, m, "in the shell", "exit\n")
	typeAt(t, m, "switching root to", "echo in ro''ot\n")
	await(t, m, "in root")
	return atPrompt, inShell, copies(t, m, "in the real root", canaryVT, canarySerial, passphrase)
}

func typeAt(t *testing.T, m *vm.Machine, said, text string) {
	t.Helper()
	await(t, m, said)
	if err := m.Type(text); err != nil {
		t.Fatal(err)
	}
}

// TestSecretLeavesNothing: no passphrase, right or wrong, is anywhere in the machine's memory when it has been used.
func TestSecretLeavesNothing(t *testing.T) {
	t.Parallel()
	if prompt, shell, root := typeSecrets(t, nil); prompt+shell+root > 0 {
		t.Errorf("copies: %d at the prompt, %d in a shell, %d in the real root", prompt, shell, root)
	}
}

// TestSecretControl: the same search finds one when nothing is wiped. Later on the kernel has given the memory to somebody else, or has filled it with zeros (init_on_alloc of Debian's kernels).
func TestSecretControl(t *testing.T) {
	t.Parallel()
	if prompt, shell, root := typeSecrets(t, leaky(t)); prompt == 0 {
		t.Errorf("copies: %d at the prompt, %d in a shell, %d in the real root", prompt, shell, root)
	}
}

// leaky are /init and the helper, built with nothing that wipes.
func leaky(t *testing.T) (list []vm.Entry) {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for name, change := range map[string][2]string{
		"secretmem.go": {"func (m *SecretMemory) Wipe() {\n\tclear(m.pages)\n", "func (m *SecretMemory) Wipe() {\n"},
		"erase.go":     {"func overwrite(pid int) (bytes int64, err error) {\n", "func overwrite(pid int) (bytes int64, err error) {\n\tif pid > 0 {\n\t\treturn 1, nil\n\t}\n"},
	} {
		from, err := filepath.Abs("../../internal/linux/" + name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(from)
		if err != nil || !strings.Contains(string(text), change[0]) {
			t.Fatalf("%s is not as it was: %v", name, err)
		}
		replace[from] = filepath.Join(dir, name)
		if err := os.WriteFile(replace[from], []byte(strings.Replace(string(text), change[0], change[1], 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	overlay := filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, text, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, pkg := range map[string]string{"init": "cmd/init", "usr/lib/preroot/unlock": "cmd/unlock"} {
		path := filepath.Join(dir, filepath.Base(pkg))
		cmd := exec.Command("go", "build", "-overlay", overlay, "-ldflags", "-s -w", "-o", path, "./"+pkg)
		cmd.Dir, cmd.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		e, err := vm.ReadEntry(name, path)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}
