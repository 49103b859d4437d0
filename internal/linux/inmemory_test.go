package linux

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const probe = `package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

var initialised, zero = []int{1, 2, 3}, [100000]byte{}

func main() {
	maps, _ := os.ReadFile("/proc/self/maps")
	exe, _ := os.Readlink("/proc/self/exe")
	input, _ := io.ReadAll(os.NewFile(5, "feed"))
	fmt.Println(os.Args, os.Environ(), initialised, zero[99999], strings.Contains(string(maps), os.Getenv("FILE")), strings.Contains(exe, "memfd:loader"), string(input))
	c := make(chan int)
	go func() { c <- 1 }()
	<-c
}
`

func TestStartInMemory(t *testing.T) { startProbe(t, 4) }

// TestStartInMemoryDescriptors: the loader is found whatever descriptors the program gets. One of them took the place of the loader's, when that was a low one: now and then a boot
// loaded all modules before the real init, and said "permission denied".
func TestStartInMemoryDescriptors(t *testing.T) { startProbe(t, 200) }

func buildProbe(t *testing.T) (program string) {
	t.Helper()
	dir := t.TempDir()
	source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, []byte(probe), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", program, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// startProbe starts a program with so many descriptors.
func startProbe(t *testing.T, descriptors int) {
	program := buildProbe(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	files := make([]uintptr, descriptors)
	files[1], files[2] = w.Fd(), w.Fd()
	p, err := StartInMemory(program, []string{"@name", "word"}, []string{"FILE=" + program}, files...)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Feed.WriteString("fed"); err != nil {
		t.Error(err)
	}
	p.Feed.Close()
	if err := p.Copied(time.Minute); err != nil {
		t.Error(err)
	}
	var said strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		said.Write(buf[:n])
		if err != nil {
			break
		}
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(p.PID, &status, 0, nil); err != nil || status != 0 {
		t.Errorf("%v, status %v", err, status)
	}
	if want := "[@name word] [FILE=" + program + "] [1 2 3] 0 false true fed\n"; said.String() != want {
		t.Errorf("said %q, want %q", said.String(), want)
	}
}

// TestStartInMemoryCutOff: a program whose file ends too early is not taken for one that is in memory.
func TestStartInMemoryCutOff(t *testing.T) {
	whole, err := os.ReadFile(buildProbe(t))
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut")
	if err := os.WriteFile(cut, whole[:len(whole)/4], 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := StartInMemory(cut, []string{"x"}, nil, 0, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Feed.Close()
	if err := p.Copied(time.Minute); err == nil {
		t.Error("half a program is in memory")
	}
	_, _ = syscall.Wait4(p.PID, nil, 0, nil)
}

func TestStartInMemoryRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "", "script": "#!/bin/sh\n", "short": "\x7fELF\x02\x01", "endless": "\x7fELF\x02\x01" + strings.Repeat("\xff", 5000)} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := StartInMemory(file, []string{"x"}, nil, 0, 0, 0); err == nil {
			t.Errorf("%s: started", name)
		}
	}
	if _, err := StartInMemory("/bin/sh", []string{"sh"}, nil, 0, 0, 0); err == nil {
		t.Error("a program with a dynamic loader is started")
	}
}
