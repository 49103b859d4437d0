package uevent

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// These tests need root and Linux 4.18: a message that a privileged process sends to the kernel is announced
// by the kernel itself (uevent_net_rcv in lib/kobject_uevent.c), so events of any content can be had without
// a device.

func mountSysfs(dir string) error { return unix.Mount("sysfs", dir, "sysfs", unix.MS_RDONLY, "") }
func unmount(dir string)          { unix.Unmount(dir, unix.MNT_DETACH) }

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("the netlink tests need root: forging and announcing uevents is a privilege")
	}
}

// sender is a socket that speaks to others on the uevent protocol.
func sender(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// announce makes the kernel say an event, header first. It asks for an acknowledgement by an empty netlink
// header, as the kernel wants one.
func announce(t *testing.T, fd int, parts ...string) {
	t.Helper()
	body := msg(parts...)
	m := make([]byte, unix.NLMSG_HDRLEN+len(body))
	// struct nlmsghdr: length, type, flags, sequence, port
	put32(m[0:], uint32(len(m)))
	put16(m[4:], unix.NLMSG_MIN_TYPE)
	put16(m[6:], unix.NLM_F_REQUEST)
	copy(m[unix.NLMSG_HDRLEN:], body)
	if err := unix.Sendto(fd, m, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatalf("announcing an event through the kernel (Linux 4.18 and root are needed): %v", err)
	}
}

func put32(b []byte, v uint32) {
	for i := range 4 {
		b[i] = byte(v >> (8 * i))
	}
}

func put16(b []byte, v uint16) { b[0], b[1] = byte(v), byte(v>>8) }

func listen(t *testing.T, buffer int) *Conn {
	t.Helper()
	needRoot(t)
	c, err := Listen(buffer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// next receives events until one of ours; the machine may say something of its own meanwhile.
func next(t *testing.T, c *Conn) Event {
	t.Helper()
	guard := time.AfterFunc(10*time.Second, func() { c.Close() })
	defer guard.Stop()
	for {
		ev, err := c.Receive()
		if err != nil {
			t.Fatalf("receive: %v, %+v", err, c.Counts())
		}
		if strings.HasPrefix(ev.DevPath, "/devices/preroot-test") {
			return ev
		}
	}
}

func TestReceive(t *testing.T) {
	c := listen(t, 1<<20)
	s := sender(t)
	announce(t, s, "add@/devices/preroot-test/soc@0/a", "SUBSYSTEM=test", "MMC_NAME=H8G4a\x92", "NAME=a=b", "MODALIAS=mmc:block")
	ev := next(t, c)
	if ev.DevPath != "/devices/preroot-test/soc@0/a" || ev.Dropped != 1 || ev.Get("NAME") != "a=b" || ev.Get("MODALIAS") != "mmc:block" || ev.Seqnum == 0 {
		t.Errorf("got %+v", ev)
	}
}

// An event of a real device: the loop module or the memory devices are in every kernel.
func TestReceiveRealDevice(t *testing.T) {
	c := listen(t, 1<<20)
	const path = "/devices/virtual/mem/null"
	dir := t.TempDir()
	if err := unix.Mount("sysfs", dir, "sysfs", 0, ""); err != nil {
		t.Fatalf("a writable sysfs is needed to provoke an event: %v", err)
	}
	defer unmount(dir)
	if err := os.WriteFile(dir+path+"/uevent", []byte("change"), 0); err != nil {
		t.Fatal(err)
	}
	guard := time.AfterFunc(10*time.Second, func() { c.Close() })
	defer guard.Stop()
	for {
		ev, err := c.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if ev.DevPath == path {
			if ev.Action != "change" || ev.Subsystem != "mem" || ev.Get("DEVNAME") != "null" || ev.Get("MAJOR") != "1" {
				t.Errorf("got %+v", ev)
			}
			return
		}
	}
}

// What other processes say is dropped and counted: straight to our port (CVE-2009-1185), or to the group.
func TestForgedDropped(t *testing.T) {
	c := listen(t, 1<<20)
	port := localPort(t, c)
	forged := msg("add@/devices/preroot-test/forged", "SUBSYSTEM=block", "DEVNAME=sda")
	s := sender(t)
	if err := unix.Sendto(s, forged, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: port}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Sendto(s, forged, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1}); err != nil && err != unix.ECONNREFUSED {
		t.Fatal(err) // ECONNREFUSED tells of the port that a multicast also names; the group has got it
	}
	if out, err := sendAs(65534, port); err != nil {
		t.Fatalf("sending as another user: %v: %s", err, out)
	}
	announce(t, s, "add@/devices/preroot-test/true", "SUBSYSTEM=test")
	if ev := next(t, c); ev.DevPath != "/devices/preroot-test/true" {
		t.Errorf("believed %+v", ev)
	}
	if n := c.Counts().Foreign; n < 3 {
		t.Errorf("%d foreign messages counted, want 3", n)
	}
}

// sendAs starts this test binary as another user, who keeps the privilege to speak to the group, and lets
// him send.
func sendAs(uid int, port uint32) (string, error) {
	exe, err := os.Open("/proc/self/exe") // the other user may not reach the folder of the binary
	if err != nil {
		return "", err
	}
	defer exe.Close()
	cmd := exec.Command("/proc/self/fd/3", "-test.run=^TestHelperSend$", "-test.v")
	cmd.ExtraFiles = []*os.File{exe}
	cmd.Dir = "/"
	cmd.Env = []string{fmt.Sprintf("PREROOT_SEND_TO=%d", port)}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)},
		AmbientCaps: []uintptr{unix.CAP_NET_ADMIN},
	}
	out, err := cmd.CombinedOutput()
	if err == nil && !strings.Contains(string(out), "sent by uid "+fmt.Sprint(uid)) {
		err = errors.New("nothing was sent")
	}
	return string(out), err
}

// TestHelperSend is the other user's side of TestForgedDropped; it does nothing in an ordinary run.
func TestHelperSend(t *testing.T) {
	var port uint32
	if _, err := fmt.Sscan(os.Getenv("PREROOT_SEND_TO"), &port); err != nil {
		return
	}
	s := sender(t)
	forged := msg("add@/devices/preroot-test/other-user", "SUBSYSTEM=block")
	err := unix.Sendto(s, forged, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1})
	if err != nil && err != unix.ECONNREFUSED {
		t.Fatal(err)
	}
	fmt.Println("sent by uid", os.Geteuid())
}

func localPort(t *testing.T, c *Conn) uint32 {
	t.Helper()
	var sa unix.Sockaddr
	var err error
	c.raw.Control(func(fd uintptr) { sa, err = unix.Getsockname(int(fd)) })
	if err != nil {
		t.Fatal(err)
	}
	return sa.(*unix.SockaddrNetlink).Pid
}

func TestFromKernel(t *testing.T) {
	cred := func(uid uint32) []byte { return unix.UnixCredentials(&unix.Ucred{Uid: uid}) }
	for _, c := range []struct {
		name string
		from unix.Sockaddr
		oob  []byte
		want bool
	}{
		{"kernel", &unix.SockaddrNetlink{Groups: 1}, cred(0), true},
		{"port", &unix.SockaddrNetlink{Pid: 1, Groups: 1}, cred(0), false},
		{"unicast", &unix.SockaddrNetlink{}, cred(0), false},
		{"udev's group", &unix.SockaddrNetlink{Groups: 2}, cred(0), false},
		{"user", &unix.SockaddrNetlink{Groups: 1}, cred(1000), false},
		{"no credentials", &unix.SockaddrNetlink{Groups: 1}, nil, false},
		{"cut credentials", &unix.SockaddrNetlink{Groups: 1}, cred(0)[:12], false},
		{"other family", &unix.SockaddrUnix{}, cred(0), false},
		{"nothing", nil, nil, false},
	} {
		if got := fromKernel(c.from, c.oob); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// An overrun is reported, once what was in the queue has been read, and from then on nothing is lost.
func TestOverrun(t *testing.T) {
	c := listen(t, 4096)
	s := sender(t)
	guard := time.AfterFunc(20*time.Second, func() { c.Close() })
	defer guard.Stop()
	for round := range 3 {
		for i := range 400 {
			announce(t, s, fmt.Sprintf("add@/devices/preroot-test/flood%d", i), "SUBSYSTEM=test")
		}
		got := 0
		for {
			ev, err := c.Receive()
			if errors.Is(err, ErrOverrun) {
				break
			}
			if err != nil {
				t.Fatalf("after %d events: %v", got, err)
			}
			if strings.HasPrefix(ev.DevPath, "/devices/preroot-test/flood") {
				got++
			}
		}
		t.Logf("%d of 400 events before the overrun", got)
		for i := range 3 {
			want := fmt.Sprintf("/devices/preroot-test/after%d", i)
			announce(t, s, "add@"+want, "SUBSYSTEM=test")
			if ev := next(t, c); ev.DevPath != want {
				t.Fatalf("round %d: after the overrun %v", round, ev.String())
			}
		}
	}
	if n := c.Counts().Overruns; n < 3 {
		t.Errorf("%d overruns counted", n)
	}
}

// With the buffer that a boot asks for nothing is lost.
func TestLargeBuffer(t *testing.T) {
	c := listen(t, 128<<20)
	s := sender(t)
	const n = 5000
	for i := range n {
		announce(t, s, fmt.Sprintf("add@/devices/preroot-test/many%d", i), "SUBSYSTEM=test")
	}
	for i := range n {
		if ev := next(t, c); ev.DevPath != fmt.Sprintf("/devices/preroot-test/many%d", i) {
			t.Fatalf("event %d is %v", i, ev.String())
		}
	}
	if c.Counts().Overruns != 0 {
		t.Errorf("%d overruns", c.Counts().Overruns)
	}
}

// The fallback wait must work too, though the poller hardly ever forces it.
func TestReadUnpolled(t *testing.T) {
	c := listen(t, 1<<20)
	s := sender(t)
	got := make(chan int, 1)
	go func() {
		n := 0
		c.readUnpolled(func(fd uintptr) bool {
			var err error
			n, _, _, _, err = unix.Recvmsg(int(fd), c.buf[:], c.oob[:], 0)
			return err != unix.EAGAIN
		})
		got <- n
	}()
	time.Sleep(20 * time.Millisecond) // let it wait first
	announce(t, s, "add@/devices/preroot-test/a", "SUBSYSTEM=test")
	select {
	case n := <-got:
		if n == 0 {
			t.Error("nothing was read")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("no wake-up")
	}
}

func TestCloseWakes(t *testing.T) {
	c := listen(t, 0)
	ended := make(chan error, 1)
	waiting := make(chan struct{})
	go func() {
		close(waiting)
		for {
			if _, err := c.Receive(); err != nil {
				ended <- err
				return
			}
		}
	}()
	<-waiting
	time.Sleep(20 * time.Millisecond) // let it wait first
	start := time.Now()
	c.Close()
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("error %v", err)
		}
		t.Logf("woken after %v", time.Since(start))
	case <-time.After(5 * time.Second):
		t.Fatal("Close did not wake the reader")
	}
	if _, err := c.Receive(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// Neither Listen and Close nor an executed child keeps the descriptor.
func TestNoLeak(t *testing.T) {
	needRoot(t)
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	c, err := Listen(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	flags := 0
	c.raw.Control(func(fd uintptr) { flags, _ = unix.FcntlInt(fd, unix.F_GETFD, 0) })
	if flags&unix.FD_CLOEXEC == 0 {
		t.Error("a child would inherit the socket")
	}
	c.Close()
	before := count()
	for range 50 {
		c, err := Listen(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	if after := count(); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// The buffer is not bounded by what the system allows to everyone (net.core.rmem_max).
func TestBufferForced(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/net/core/rmem_max")
	if err != nil {
		t.Fatal(err)
	}
	limit := 0
	fmt.Sscan(string(text), &limit)
	want := limit + 1<<20
	c := listen(t, want)
	size := 0
	c.raw.Control(func(fd uintptr) { size, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF) })
	if size < 2*want {
		t.Errorf("receive buffer %d, want twice %d", size, want)
	}
}
