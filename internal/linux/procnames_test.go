package linux

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// What the test program is called when it becomes /linuxrc, and when it answers for what that has left.
const (
	starterName  = "linuxrc-starter"
	answererName = "linuxrc-answerer"
)

// inNamespace says that the test program runs with mounts of its own.
const inNamespace = "PREROOT_TEST_NAMESPACE"

func TestMain(m *testing.M) {
	if os.Args[0] == starterName {
		_ = BecomeLinuxrc(os.Args[1], os.Args[2])
		os.Exit(127)
	}
	if os.Args[0] == answererName {
		AnswerMounts()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// privately runs a test once more in a mount namespace of its own.
func privately(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if os.Getenv(inNamespace) != "" {
		if err := MakePrivate(); err != nil {
			t.Fatal(err)
		}
		f(t)
		return
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, out)
	}
}

// linuxrcRoot is a root directory with busybox, mounted like a RAM disk.
func linuxrcRoot(t *testing.T, script string) string {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := MountPlain("none", root, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = Detach(root) })
	for _, dir := range []string{"proc", "bin", "elsewhere"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.ReadFile(busybox)
	if err == nil {
		err = os.WriteFile(filepath.Join(root, "bin/busybox"), program, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(root, "linuxrc"), []byte("#!/bin/busybox sh\nPATH=/bin\n"+script), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, applet := range []string{"sh", "mount", "umount", "cat", "ls", "echo"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", applet)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// runLinuxrc runs a script as /linuxrc over files of ours and gives its status and what it has written to /out.
func runLinuxrc(t *testing.T, script string, files map[string]string) (p *ProcNames, root string, status int, out string) {
	t.Helper()
	root = linuxrcRoot(t, script)
	p, err := MakeProcNames(filepath.Join(t.TempDir(), "kernel"), files)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Forget)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, err := StartLinuxrc(self, []string{starterName, root, "/linuxrc"}, "/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	if l.Listener() == nil {
		t.Fatal("no listener: this kernel has no seccomp")
	}
	served := make(chan struct{})
	go func() { p.Serve(l.Listener()); close(served) }()
	status, err = l.Wait()
	if err != nil {
		t.Fatal(err)
	}
	<-served // nobody is left who could ask
	l.Listener().Close()
	text, _ := os.ReadFile(filepath.Join(root, "out"))
	return p, root, status, string(text)
}

// TestProcNames: a /proc that /linuxrc mounts itself has the missing files from the first moment on, and is taken off like any other.
func TestProcNames(t *testing.T) {
	privately(t, func(t *testing.T) {
		p, root, status, out := runLinuxrc(t, `set -e
exec >/out 2>&1
mount -t proc none /proc
read -r ostype </proc/sys/kernel/ostype
read -r name </proc/sys/kernel/preroot-test-name
echo "$ostype $name"
ls /proc/sys/kernel | while read -r f; do [ "$f" != preroot-test-name ] || echo listed; done
echo 0x365 >/proc/sys/kernel/preroot-test-dev
cd bin
mount -t proc again ../elsewhere
read -r dev </elsewhere/sys/kernel/preroot-test-dev
echo "$dev"
cd /
umount /elsewhere
umount /proc
[ ! -e /proc/self ]
mount -t proc none /proc
exit 3
`, map[string]string{"preroot-test-name": "/srv/root", "preroot-test-dev": "0"})
		if want := "Linux /srv/root\nlisted\n0x365\n"; status != 3 || out != want {
			t.Errorf("status %d, %q; want 3, %q", status, out, want)
		}
		if got := p.Read("preroot-test-dev"); got != "0x365\n" {
			t.Errorf("read back: %q", got)
		}
		p.Remove()
		if _, err := os.Stat(root + "/proc/sys/kernel/preroot-test-name"); err == nil {
			t.Error("the cover is still there after Remove")
		}
		if _, err := os.Stat(root + "/proc/sys/kernel/ostype"); err != nil {
			t.Errorf("the kernel's own files are not there after Remove: %v", err)
		}
		below := MountsBelow(root)
		if want := []string{root, root + "/proc"}; !slices.Equal(below, want) {
			t.Errorf("mounted: %q, want %q", below, want)
		}
	})
}

// TestProcNamesErrors: what fails for the kernel fails for /linuxrc in the same words, and other mounts are none of our business.
func TestProcNamesErrors(t *testing.T) {
	privately(t, func(t *testing.T) {
		_, _, status, out := runLinuxrc(t, `exec >/out 2>&1
mount -t proc none /nowhere
mount -t proc none /bin/busybox
mount -t tmpfs none /elsewhere && echo tmpfs
umount /elsewhere && echo off
umount /proc
mount -t proc none /proc
cd /proc/sys
umount /proc
cd /
[ -e /proc/sys/kernel/preroot-test-name ] && echo still covered
umount -l /proc && echo detached
[ -e /proc/self ] || echo gone
`, map[string]string{"preroot-test-name": ""})
		for _, want := range []string{"/nowhere failed: No such file or directory\n", "/bin/busybox failed: Not a directory\n", "\ntmpfs\noff\n", "still covered\ndetached\ngone\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("status %d: %q lacks %q", status, out, want)
			}
		}
		if n := strings.Count(out, "umount: can't unmount /proc"); n != 2 {
			t.Errorf("%d umounts are refused, want 2: %q", n, out)
		}
	})
}

// TestProcNamesOwn: a file that the kernel has gets the text, and is read back from there.
func TestProcNamesOwn(t *testing.T) {
	privately(t, func(t *testing.T) {
		const name = "hostname"
		runtime.LockOSThread() // a UTS namespace is the thread's
		old, err := os.Hostname()
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Unshare(unix.CLONE_NEWUTS); err != nil {
			t.Fatal(err)
		}
		p, _, status, _ := runLinuxrc(t, "mount -t proc none /proc && echo idefix >/proc/sys/kernel/"+name, map[string]string{name: old})
		if got := p.Read(name); status != 0 || got != "idefix\n" {
			t.Errorf("status %d, %q", status, got)
		}
	})
}

func TestStartLinuxrcRefused(t *testing.T) {
	privately(t, func(t *testing.T) {
		root := linuxrcRoot(t, "")
		self, _ := os.Executable()
		for text, want := range map[string]syscall.Errno{"\x7fELF": unix.ENOEXEC, "#!/none\n": unix.ENOENT} {
			if err := os.WriteFile(root+"/linuxrc", []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
			if _, err := StartLinuxrc(self, []string{starterName, root, "/linuxrc"}, "/dev/null"); err != want {
				t.Errorf("%q: %v, want %v", text, err, want)
			}
		}
	})
}

// TestAnswerMounts: a process that /linuxrc has left can still mount when nobody waits for /linuxrc any more; without the answerer the kernel would refuse it.
func TestAnswerMounts(t *testing.T) {
	privately(t, func(t *testing.T) {
		for _, answered := range []bool{true, false} {
			root := linuxrcRoot(t, `(
read -r go </fifo
mount -t tmpfs none /elsewhere && echo mounted >/out || echo refused >/out
echo over >/fifo
) >/dev/null 2>&1 </dev/null &
`)
			if err := unix.Mkfifo(root+"/fifo", 0o600); err != nil {
				t.Fatal(err)
			}
			_ = os.Mkdir(root+"/dev", 0o755)
			_ = os.WriteFile(root+"/dev/null", nil, 0o666)
			self, _ := os.Executable()
			l, err := StartLinuxrc(self, []string{starterName, root, "/linuxrc"}, "/dev/null")
			if err != nil {
				t.Fatal(err)
			}
			if status, err := l.Wait(); status != 0 || err != nil {
				t.Fatal(status, err)
			}
			if answered {
				if err := StartAnswerer(self, answererName, l.Listener()); err != nil {
					t.Fatal(err)
				}
			}
			l.Listener().Close()
			if err := os.WriteFile(root+"/fifo", []byte("go\n"), 0); err != nil {
				t.Fatal(err)
			}
			_, _ = os.ReadFile(root + "/fifo")
			out, _ := os.ReadFile(root + "/out")
			if want := map[bool]string{true: "mounted\n", false: "refused\n"}[answered]; string(out) != want {
				t.Errorf("answered %v: %q, want %q", answered, out, want)
			}
			if answered {
				_ = Detach(root + "/elsewhere")
			}
		}
	})
}
