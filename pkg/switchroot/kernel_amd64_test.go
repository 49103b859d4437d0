package switchroot

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/preroot/preroot/internal/linux"
)

// verdict is the kernel's answer about a program.
type verdict int

const (
	refusedByExec verdict = iota // execve(2) failed
	died                         // execve succeeded, and the program ended by a signal or another status than 0
	ran
)

func (v verdict) String() string { return [...]string{"refused", "died", "ran"}[v] }

// askKernel executes a program inside root, as the boot would do it: with / and the working directory there.
func askKernel(t *testing.T, root, program string) (verdict, error) {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Path = program // exec.Command looks it up outside
	cmd.Err = nil
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return ran, nil
	case errors.As(err, &exit):
		return died, err
	}
	return refusedByExec, err
}

// corpusRoot is a directory with the files that the corpus names, and the host's own dynamic programs.
func corpusRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	put(t, root, "bin/program", tinyELF(tiny{}), 0o755)
	put(t, root, "bin/script", []byte("#!/bin/program\n"), 0o755)
	put(t, root, "lib/ld.so", tinyELF(tiny{}), 0o755)
	put(t, root, "lib/plain.so", tinyELF(tiny{}), 0o644)
	return root
}

func put(t *testing.T, root, name string, data []byte, mode fs.FileMode) {
	t.Helper()
	file := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	os.Remove(file)
	if err := os.WriteFile(file, data, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
}

// compare asks the kernel and Prove about one program in root. What the kernel refuses, Prove must refuse; what runs,
// Prove must accept, unless a part of it that is to be loaded is not in the file: the kernel maps what there is, and
// the tiny programs do not need the rest. What dies may be either, but is counted.
func compare(t *testing.T, root, name, program string, counts *[3]int) {
	t.Helper()
	v, answer := askKernel(t, root, program)
	r, err := linux.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = Prove(InRoot(r), []string{program}, HostMachine())
	counts[v]++
	if v == refusedByExec && err == nil {
		t.Errorf("%s: proved, but the kernel says %v", name, answer)
	}
	if v == ran && err != nil && !strings.Contains(err.Error(), "is cut off: it has") && !strings.Contains(err.Error(), "nothing to load") {
		t.Errorf("%s: it runs, but Prove says %v", name, err)
	}
}

// TestKernelAgrees is the differential half of fuzz target Z26.
func TestKernelAgrees(t *testing.T) {
	root := corpusRoot(t)
	var counts [3]int
	one := func(name string, data []byte, mode fs.FileMode) {
		put(t, root, "sbin/init", data, mode)
		compare(t, root, name, "/sbin/init", &counts)
	}
	for _, c := range elfCorpus() {
		one(c.name, c.data, 0o755)
	}
	for _, l := range scriptLines() {
		one(l.name, []byte(l.text), 0o755)
	}
	for n := 1; n <= maxScripts+2; n++ { // init -> s1 -> ... -> program, n scripts in all
		for i := 1; i < n; i++ {
			next := "/bin/s" + string(rune('0'+i+1))
			if i == n-1 {
				next = "/bin/program"
			}
			put(t, root, "bin/s"+string(rune('0'+i)), []byte("#!"+next+"\n"), 0o755)
		}
		first := "#!/bin/s1\n"
		if n == 1 {
			first = "#!/bin/program\n"
		}
		one("scripts in a row", []byte(first), 0o755)
	}
	one("script of itself", []byte("#!/sbin/init\n"), 0o755)
	one("relative interpreter", []byte("#!bin/program\n"), 0o755)
	one("interpreter a directory", []byte("#!/bin\n"), 0o755)
	one("interpreter not executable", []byte("#!/lib/plain.so\n"), 0o755)
	one("interpreter with a slash behind", []byte("#!/bin/program/\n"), 0o755)
	for _, mode := range []fs.FileMode{0o644, 0o600, 0o100, 0o010, 0o001, 0o111, 0o000} {
		one("mode "+mode.String(), tinyELF(tiny{}), mode)
	}
	t.Logf("%d refused, %d died, %d ran", counts[refusedByExec], counts[died], counts[ran])
	if counts[refusedByExec] < 30 || counts[ran] < 15 {
		t.Errorf("the corpus is one-sided: %v", counts)
	}
}

// TestKernelAgreesOnLinks has the links of fault S04, which RESOLVE_IN_ROOT must follow as a chroot does.
func TestKernelAgreesOnLinks(t *testing.T) {
	root := corpusRoot(t)
	var counts [3]int
	links := []struct{ name, target string }{
		{"absolute", "/bin/program"},
		{"relative", "bin/program"},
		{"out of the root", "../../../../bin/program"},
		{"host", "/etc/hostname"},
		{"dangling", "/usr/lib/systemd/systemd"},
		{"itself", "itself"},
		{"two", "absolute"},
		{"directory", "/bin"},
		{"script", "/bin/script"},
	}
	for _, l := range links {
		if err := os.Symlink(l.target, filepath.Join(root, l.name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range links {
		compare(t, root, l.name, "/"+l.name, &counts)
	}
	t.Logf("%d refused, %d died, %d ran", counts[refusedByExec], counts[died], counts[ran])
	if counts[ran] != 5 {
		t.Errorf("%d of the links led to a program; want 5", counts[ran])
	}
}

// TestKernelAgreesOnDamage changes bytes of the two tiny programs' headers, and cuts real programs of this machine.
func TestKernelAgreesOnDamage(t *testing.T) {
	root := corpusRoot(t)
	copyProgram(t, root, "/bin/true")
	random := rand.New(rand.NewPCG(1, 2))
	var counts [3]int
	for i := range 600 {
		data := tinyELF(tiny{interp: []string{"", "/lib/ld.so"}[i%2]})
		for range 1 + random.IntN(2) {
			data[random.IntN(min(len(data), 64+56*2))] = byte(random.IntN(256)) >> random.IntN(8)
		}
		put(t, root, "sbin/init", data, 0o755)
		compare(t, root, "damaged header", "/sbin/init", &counts)
	}
	whole, err := os.ReadFile(filepath.Join(root, "bin/true"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, root, "sbin/init", whole, 0o755)
	if v, err := askKernel(t, root, "/sbin/init"); v != ran {
		t.Fatalf("the copy of /bin/true %v: %v", v, err)
	}
	for cut := 0; cut < len(whole); cut += 997 {
		put(t, root, "sbin/init", whole[:len(whole)-cut], 0o755)
		compare(t, root, "cut program", "/sbin/init", &counts)
	}
	t.Logf("%d refused, %d died, %d ran", counts[refusedByExec], counts[died], counts[ran])
	if slices.Min(counts[:]) < 10 {
		t.Errorf("the damage is one-sided: %v", counts)
	}
}

// TestProvesHostPrograms: every program in the host's /usr/sbin and /usr/bin runs here, so it must be proved.
func TestProvesHostPrograms(t *testing.T) {
	r, err := linux.OpenRoot("/")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	proved := 0
	for _, dir := range []string{"/usr/bin", "/usr/sbin"} {
		names, err := r.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			program := dir + "/" + name
			_, err := Prove(InRoot(r), []string{program}, HostMachine())
			if err == nil {
				proved++
			} else if complaint := kernelComplains(program); complaint == nil {
				t.Errorf("%s: %v", program, err)
			}
		}
	}
	t.Logf("%d programs proved", proved)
	if proved < 100 {
		t.Errorf("only %d programs proved", proved)
	}
}

// kernelComplains looks for a reason why a host program could not run, without running it: scripts without "#!" and
// links that lead nowhere do lie about.
func kernelComplains(program string) error {
	st, err := os.Stat(program)
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() || st.Mode()&0o111 == 0 {
		return fs.ErrPermission
	}
	f, err := os.Open(program)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := f.Read(head)
	if path, ok := bytes.CutPrefix(head[:n], []byte("#!")); ok {
		line, _, _ := strings.Cut(string(path), "\n")
		if words := strings.Fields(line); len(words) > 0 {
			_, err := os.Stat(words[0])
			return err
		}
	}
	if n < 4 || string(head[:4]) != "\x7fELF" {
		return syscall.ENOEXEC
	}
	return nil
}

// copyProgram copies a program of the host with what ldd finds for it.
func copyProgram(t *testing.T, root, program string) {
	t.Helper()
	out, err := exec.Command("ldd", program).Output()
	if err != nil {
		t.Fatalf("ldd %s: %v (Debian package libc-bin)", program, err)
	}
	files := []string{program}
	for _, w := range strings.Fields(string(out)) {
		if strings.HasPrefix(w, "/") {
			files = append(files, w)
		}
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		put(t, root, file, data, 0o755)
	}
}
