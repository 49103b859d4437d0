package linux

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const eraseChild = "PREROOT_ERASE_CHILD"

// TestEraseChild is no test: it is the program that the others start, which reads a secret, spreads it over its memory and stops.
func TestEraseChild(t *testing.T) {
	if os.Getenv(eraseChild) == "" {
		return
	}
	secret := make([]byte, 64)
	if _, err := io.ReadFull(os.Stdin, secret); err != nil {
		t.Fatal(err)
	}
	var stack [64]byte
	copy(stack[:], secret)
	text := ""
	for _, c := range secret { // a string that grows leaves its copies behind
		text += string(rune(c))
	}
	buffers := make([][]byte, 50)
	for i := range buffers {
		buffers[i] = append(make([]byte, i*100), secret...)
	}
	closed := func() []byte { return append([]byte("x"), secret...) }
	inOther := make(chan []byte)
	go func() {
		own := bytes.Clone(secret)
		inOther <- own
		<-inOther
	}()
	other := <-inOther
	memory, err := NewSecretMemory(64)
	if err != nil || !memory.Append(secret) {
		t.Fatal(err)
	}
	big := append(make([]byte, 32<<20), secret...)
	runtime.GC()
	StopSelf()
	runtime.KeepAlive([]any{&stack, text, buffers, closed, other, memory, big})
}

// startErased starts the child and waits until it has stopped.
func startErased(t *testing.T, secret []byte) int {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestEraseChild$")
	cmd.Env = append(os.Environ(), eraseChild+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(secret); err != nil {
		t.Fatal(err)
	}
	in.Close()
	var status unix.WaitStatus
	if _, err := unix.Wait4(cmd.Process.Pid, &status, unix.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the child did not stop: %v, %x", err, status)
	}
	return cmd.Process.Pid
}

// copies counts the places in the memory of a process where a text stands.
func copies(t *testing.T, pid int, secret []byte) (n int) {
	t.Helper()
	maps, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/maps")
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open("/proc/" + strconv.Itoa(pid) + "/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	buf := make([]byte, 1<<20)
	for line := range strings.SplitSeq(string(maps), "\n") {
		span, rest, _ := strings.Cut(line, " ")
		a, b, ok := strings.Cut(span, "-")
		if !ok || !strings.HasPrefix(rest, "r") || strings.Contains(rest, "[v") {
			continue
		}
		start, _ := strconv.ParseInt(a, 16, 64)
		end, _ := strconv.ParseInt(b, 16, 64)
		for at := start; at < end; at += int64(len(buf) - 64) {
			k, _ := mem.ReadAt(buf[:min(int64(len(buf)), end-at)], at)
			n += bytes.Count(buf[:k], secret)
		}
	}
	return n
}

// canary makes a secret that stands nowhere else: not in the program, not in its arguments.
func canary() []byte {
	secret := make([]byte, 64)
	for i := range secret {
		secret[i] = byte('a' + (i*i*7+i*3+i/5)%26)
	}
	return secret
}

func TestErase(t *testing.T) {
	secret := canary()
	pid := startErased(t, secret)
	before := copies(t, pid, secret)
	if before < 50 {
		t.Errorf("only %d copies before: the test finds nothing", before)
	}
	after := -1
	n, err := erase(pid, func() { after = copies(t, pid, secret) })
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d copies before, %d after %d bytes", before, after, n)
	if after != 0 || n < 32<<20 {
		t.Errorf("%d copies after %d bytes were overwritten", after, n)
	}
	if _, err := os.Stat("/proc/" + strconv.Itoa(pid)); err == nil {
		t.Error("the child is still there")
	}
}

// A child that goes on running is stopped first, and one whose memory cannot be overwritten is ended all the same.
func TestEraseEndsTheChild(t *testing.T) {
	cmd := exec.Command("sleep", "100")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if n, err := Erase(cmd.Process.Pid); err != nil || n == 0 {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := unix.Kill(cmd.Process.Pid, 0); err != unix.ESRCH {
		t.Errorf("it lives: %v", err)
	}
	if _, err := Erase(cmd.Process.Pid); err == nil {
		t.Error("a process that is not there is erased")
	}
	ended := exec.Command("true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, ended.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Erase(ended.Process.Pid); err == nil || !strings.Contains(err.Error(), "has ended by itself") {
		t.Errorf("a process that has ended: %v", err)
	}
	for _, pid := range []int{-1, 0, 1, os.Getpid()} {
		if _, err := Erase(pid); err == nil {
			t.Errorf("process %d", pid)
		}
	}
}

func TestPrivateMapping(t *testing.T) {
	for line, want := range map[string]bool{
		"c000000000-c000400000 rw-p 00000000 00:00 0 ":                        true,
		"00400000-00500000 rw-p 00100000 08:01 55                 /bin/x y":   true,
		"00400000-00500000 r--p 00100000 08:01 55                 /bin/x":     false,
		"00400000-00500000 r--p 00000000 00:00 0":                             true,
		"00400000-00500000 ---p 00000000 00:00 0":                             true,
		"00400000-00500000 rw-s 00000000 00:01 9                  /dev/zero":  false,
		"7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0          [stack]":    true,
		"7ffc00000000-7ffc00021000 r--p 00000000 00:00 0          [vvar]":     false,
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]": false,
		"": false, "x": false, "1-0 rw-p 0 0 0": false, "1-2 rwp 0 0 0": false,
	} {
		if _, ok := privateMapping(line); ok != want {
			t.Errorf("%q: %v", line, ok)
		}
	}
}

func TestPresentMappings(t *testing.T) {
	const text = `00400000-00500000 r-xp 00000000 08:01 12 /bin/x
Rss:                 400 kB
Swap:                  0 kB
c000000000-c000400000 rw-p 00000000 00:00 0 [anon: Go: heap]
Size:               4096 kB
Rss:                 100 kB
Swap:                  4 kB
VmFlags: rd wr mr
c000400000-c004000000 ---p 00000000 00:00 0 [anon: Go: heap reservation]
Rss:                   0 kB
Swap:                  0 kB
7f0000000000-7f0000001000 rw-p 00000000 00:00 0
Rss:                   0 kB
Swap:                  4 kB
7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0 [vdso]
Rss:                   4 kB
`
	want := []mapping{{0xc000000000, 0xc000400000, true}, {0x7f0000000000, 0x7f0000001000, true}}
	if got := presentMappings(text); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
