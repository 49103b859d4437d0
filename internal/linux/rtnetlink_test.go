package linux

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inNewNetwork runs the rest of a test once more, as a process with a network of its own: a loopback device and nothing else. It says whether
// that is this process.
func inNewNetwork(t *testing.T) bool {
	t.Helper()
	const mark = "PREROOT_TEST_NETWORK"
	if os.Getenv(mark) != "" {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mark+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// ip runs iproute2 and gives what it says in JSON.
func ip(t *testing.T, words string) []map[string]any {
	t.Helper()
	out, err := exec.Command("ip", strings.Fields(words)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ip %s: %v: %s", words, err, out)
	}
	var list []map[string]any
	if len(out) > 0 {
		if err := json.Unmarshal(out, &list); err != nil {
			t.Fatalf("ip %s: %v: %s", words, err, out)
		}
	}
	return list
}

func openNetwork(t *testing.T) *Network {
	t.Helper()
	n, err := OpenNetwork()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// await waits for a device in a state; it gives what was told last.
func await(t *testing.T, n *Network, name string, good func(Link) bool) Link {
	t.Helper()
	alarm := time.AfterFunc(10*time.Second, func() { n.Close() })
	defer alarm.Stop()
	for {
		links, err := n.Next()
		if err != nil {
			t.Fatalf("waiting for %s: %v", name, err)
		}
		for _, l := range links {
			if l.Name == name && good(l) {
				return l
			}
		}
	}
}

// TestNetwork configures a device as a boot does: its carrier comes when the other end is switched on, later; ip shows what the kernel has taken.
func TestNetwork(t *testing.T) {
	if !inNewNetwork(t) {
		return
	}
	ip(t, "link add eth0 type veth peer name far")
	n := openNetwork(t)
	l := await(t, n, "eth0", func(l Link) bool { return l.Kind == 1 && !l.Up && !l.Carrier })
	if err := n.SetUp(l.Index, true); err != nil {
		t.Fatal(err)
	}
	await(t, n, "eth0", func(l Link) bool { return l.Up && !l.Carrier })
	ip(t, "link set far up")
	await(t, n, "eth0", func(l Link) bool { return l.Up && l.Carrier })
	for range 2 { // an engine that is started again does it once more
		configure10(t, n, l.Index)
	}
	checkAddress(t)
	checkRoutes(t)
	if err := n.SetUp(l.Index, false); err != nil {
		t.Fatal(err)
	}
	await(t, n, "eth0", func(l Link) bool { return !l.Up && !l.Carrier })
	ip(t, "link del eth0")
	await(t, n, "eth0", func(l Link) bool { return l.Gone })
}

func configure10(t *testing.T, n *Network, index int) {
	t.Helper()
	if err := errors.Join(
		n.AddAddress(index, 0x0a090902, 24, 0x0a0909ff),
		n.AddRoute(index, 0x0a020202, 32, 0),
		n.AddRoute(index, 0, 0, 0x0a010101),
	); err != nil {
		t.Fatal(err)
	}
}

func checkAddress(t *testing.T) {
	t.Helper()
	shown, _ := ip(t, "-j -4 addr show dev eth0")[0]["addr_info"].([]any)
	if len(shown) != 1 {
		t.Fatalf("addresses: %v", shown)
	}
	a := shown[0].(map[string]any)
	if a["local"] != "10.9.9.2" || a["prefixlen"] != 24.0 || a["broadcast"] != "10.9.9.255" || a["scope"] != "global" || a["label"] != "eth0" {
		t.Errorf("address: %v", a)
	}
}

func checkRoutes(t *testing.T) {
	t.Helper()
	var routes []string
	for _, r := range ip(t, "-j -4 route") {
		gateway, _ := r["gateway"].(string)
		routes = append(routes, strings.TrimSpace(r["dst"].(string)+" "+r["dev"].(string)+" "+gateway))
	}
	slices.Sort(routes)
	if want := []string{"10.2.2.2 eth0", "10.9.9.0/24 eth0", "default eth0 10.1.1.1"}; !slices.Equal(routes, want) {
		t.Errorf("routes: %q, want %q", routes, want)
	}
}

// TestNetworkRefuses: an error is the kernel's number. A device that is named meanwhile is told all the same.
func TestNetworkRefuses(t *testing.T) {
	if !inNewNetwork(t) {
		return
	}
	n := openNetwork(t)
	await(t, n, "lo", func(l Link) bool { return l.Kind == 772 })
	ip(t, "link add eth7 type veth peer name far")
	for what, c := range map[string]struct{ got, want error }{
		"no such device":      {n.SetUp(4711, true), syscall.ENODEV},
		"address of no one":   {n.AddAddress(4711, 0x0a000001, 8, 0x0affffff), syscall.ENODEV},
		"prefix too long":     {n.AddAddress(1, 0x0a000001, 33, 0), syscall.EINVAL},
		"route of a dead one": {n.AddRoute(1, 0x0a000000, 8, 0), syscall.ENETDOWN},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", what, c.got, c.want)
		}
	}
	await(t, n, "eth7", func(l Link) bool { return l.Kind == 1 })
	go n.Close()
	if _, err := n.Next(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// messages is a Network whose datagrams the test writes.
func messages(t *testing.T) (n *Network, other *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	n, other = &Network{file: os.NewFile(uintptr(fds[0]), "ours"), number: 9}, os.NewFile(uintptr(fds[1]), "the kernel's")
	t.Cleanup(func() { n.Close(); other.Close() })
	return n, other
}

// datagramOf makes a message of a kind with a number.
func datagramOf(kind, number byte, body ...byte) []byte {
	return append([]byte{byte(16 + len(body)), 0, 0, 0, kind, 0, 0, 0, number, 0, 0, 0, 0, 0, 0, 0}, body...)
}

// linkOf is a device with the index 3, Ethernet, up and with a carrier.
func linkOf(family byte, name string) []byte {
	body := []byte{family, 0, 1, 0, 3, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, byte(5 + len(name)), 0, 3, 0}
	return datagramOf(16, 0, append(append(body, name...), 0, 0, 0, 0)[:20+(len(name)+4)&^3]...)
}

// TestNetworkMessages: what is torn or none of ours costs itself.
func TestNetworkMessages(t *testing.T) {
	n, kernel := messages(t)
	refused := datagramOf(2, 9, 0xff, 0xff, 0xff, 0xff) // -1: EPERM
	datagram := slices.Concat(linkOf(0, "eth0"), linkOf(7, "eth1"), refused, datagramOf(2, 8, 0, 0, 0, 0), linkOf(0, ""), []byte{200, 0, 0, 0})
	if _, err := kernel.Write(datagram); err != nil {
		t.Fatal(err)
	}
	answer, err := n.receive()
	if err != nil || len(answer) != 4 || answer[0] != 0xff {
		t.Errorf("answer: %v, %v", answer, err)
	}
	if want := []Link{{Index: 3, Name: "eth0", Kind: 1, Up: true, Carrier: true}}; !slices.Equal(n.pending, want) {
		t.Errorf("links: %+v", n.pending)
	}
	whole := linkOf(0, "eth0")
	for size := 1; size < len(whole); size++ {
		for _, torn := range [][]byte{whole[:size], append([]byte{byte(size)}, whole[1:]...)} {
			if _, err := kernel.Write(torn); err != nil {
				t.Fatal(err)
			}
			if answer, err := n.receive(); answer != nil || err != nil {
				t.Errorf("torn at %d: %v, %v", size, answer, err)
			}
		}
	}
}
