package qemu

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

// cipherModules give programs the ciphers of the kernel, and dm-crypt.
const cipherModules = "dm_mod dm_zero dm_crypt algif_skcipher xts cbc essiv aes_generic serpent_generic twofish_generic"

// TestGuest runs the tests of packages that need a kernel with device-mapper and AF_ALG (tag guest) as a hook of a boot.
func TestGuest(t *testing.T) {
	tests := map[string]string{"internal/linux": "TestGuest|TestCipher|TestWithLogonKey", "pkg/luks": "TestKernel"}
	for _, name := range []string{"6.1-cloud", "6.12-cloud"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := kernel(t, name)
			hook, extra := "", []vm.Entry(nil)
			for dir, run := range tests {
				program := "test-" + filepath.Base(dir)
				extra = append(extra, testProgram(t, dir, program))
				hook += fmt.Sprintf("/%s -test.v -test.run '%s'; warn \"%s: status $?\"\n", program, run, program)
			}
			extra = append(extra, nativeHooks(t, map[string]string{"pre-mount/10-guest.sh": hook})...)
			r := boot(t, machine(t, k, image{drivers: known + " " + cipherModules, extra: extra}.build(t, k), serial))
			if !r.Reached() {
				fail(t, r, "root was not reached")
			}
			mustSay(t, r, "--- PASS: TestGuestMapper", "--- PASS: TestCipher", "--- PASS: TestWithLogonKey", "--- PASS: TestKernel", "test-linux: status 0", "test-luks: status 0")
		})
	}
}

// testProgram is the tests of a package, as a program in an image.
func testProgram(t *testing.T, dir, name string) vm.Entry {
	t.Helper()
	path := makeOnce(t, name, func(path string) error {
		cmd := exec.Command("go", "test", "-c", "-tags", "guest", "-ldflags", "-s -w", "-o", path, "./"+dir)
		cmd.Dir, cmd.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
	e, err := vm.ReadEntry(name, path)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
