package linuxtest

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/mount"
	"github.com/preroot/preroot/pkg/nfsroot"
	"github.com/preroot/preroot/pkg/rootfs"
)

// card is a network device of a case, there or not yet.
type card struct {
	linux.Link
	attr map[string]string
}

// share is what an NFS server gives: the result of a mount whose options hold the word.
type share struct {
	source, word string
	attr         map[string]string
	left         int // times that it still fails
}

// network is the kernel's network configuration.
type network struct {
	m      *Machine
	told   chan linux.Link
	closed chan struct{}
}

// readNetwork takes the sections "network" and "nfs".
func (m *Machine) readNetwork(c *Case) error {
	if len(c.lines("network")) > 0 {
		m.files.put(rootfs.NFSHelper, "", 0o755)
	}
	for i, line := range c.lines("network") {
		words, attr := attributes(line)
		kind := uint16(1)
		if slices.Contains(words, "loopback") {
			kind = 772
		}
		up := slices.Contains(words, "up")
		m.cards = append(m.cards, &card{linux.Link{Index: i + 1, Name: words[0], Kind: kind, Up: up, Carrier: up, Gone: true}, attr})
	}
	for _, line := range c.lines("nfs") {
		words, attr := attributes(line)
		s := &share{source: words[0], word: "vers=" + attr["vers"], attr: attr, left: 1 << 30}
		if attr["times"] != "" {
			if _, err := fmt.Sscan(attr["times"], &s.left); err != nil {
				return fmt.Errorf("nfs: %q: %w", line, err)
			}
		}
		m.shares = append(m.shares, s)
	}
	return nil
}

// plugCards shows the devices of a driver, "" for those that are there at boot, each so long after as it says.
func (m *Machine) plugCards(module string) {
	for _, c := range m.cards {
		if c.attr["module"] != module {
			continue
		}
		plug := func() { m.tellCard(c, func() { c.Gone = false }) }
		if at, _ := duration(c.attr["at"]); at > 0 {
			time.AfterFunc(at, plug)
		} else {
			plug()
		}
	}
}

// tellCard changes a device and tells who listens.
func (m *Machine) tellCard(c *card, change func()) {
	m.mu.Lock()
	change()
	l, n := c.Link, m.net
	m.mu.Unlock()
	if n != nil {
		n.tell(l)
	}
}

func (n *network) tell(l linux.Link) {
	select {
	case n.told <- l:
	case <-n.closed:
	case <-n.m.off:
	}
}

func (m *Machine) openNetwork() (nfsroot.Network, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.net = &network{m: m, told: make(chan linux.Link, 64), closed: make(chan struct{})}
	for _, c := range m.cards {
		if !c.Gone {
			m.net.told <- c.Link
		}
	}
	return m.net, nil
}

// Next gives all that is told.
func (n *network) Next() (links []linux.Link, err error) {
	select {
	case l := <-n.told:
		links = append(links, l)
	case <-n.closed:
		return nil, fs.ErrClosed
	case <-n.m.off:
		return nil, fs.ErrClosed
	}
	for len(n.told) > 0 {
		links = append(links, <-n.told)
	}
	return links, nil
}

func (n *network) card(index int) *card { return n.m.cards[index-1] }

// SetUp switches a device on, which has a carrier after as long as it says, or off.
func (n *network) SetUp(index int, up bool) error {
	c := n.card(index)
	n.m.note("ip link set %s %s", c.Name, map[bool]string{true: "up", false: "down"}[up])
	n.m.tellCard(c, func() { c.Up, c.Carrier = up, false })
	if wait, err := duration(c.attr["carrier"]); up && err == nil {
		time.AfterFunc(wait, func() { n.m.tellCard(c, func() { c.Carrier = true }) })
	}
	return nil
}

func dotted(a uint32) string { return fmt.Sprintf("%d.%d.%d.%d", a>>24, a>>16&255, a>>8&255, a&255) }

// AddAddress notes it. The attribute refuses makes the kernel refuse it.
func (n *network) AddAddress(index int, address uint32, prefix int, broadcast uint32) error {
	c := n.card(index)
	n.m.note("ip addr add %s/%d broadcast %s dev %s", dotted(address), prefix, dotted(broadcast), c.Name)
	if c.attr["refuses"] != "" {
		return syscall.EADDRNOTAVAIL
	}
	return nil
}

// AddRoute notes it.
func (n *network) AddRoute(index int, to uint32, prefix int, gateway uint32) error {
	n.m.note("ip route add %s/%d via %s dev %s", dotted(to), prefix, dotted(gateway), n.card(index).Name)
	return nil
}

// Close ends Next.
func (n *network) Close() error {
	close(n.closed)
	return nil
}

// errors of a share, by their names.
var shareErrors = map[string]error{
	"refused": syscall.ECONNREFUSED, "denied": syscall.EACCES, "missing": syscall.ENOENT, "unknown": syscall.EPROTONOSUPPORT,
}

// nfsHelper is the helper for a root on NFS (cmd/nfsroot): the real one, on this machine.
func (m *Machine) nfsHelper(args []string) (int, string, error) {
	var said strings.Builder
	helper := nfsroot.Machine{
		Network: m.openNetwork, MountNFS: m.mountNFS, Sysctl: m.sysctl,
		Spawn: func(name string, report func(name, trace string), f func()) { safe.Go(name, report, f) },
		Say:   func(line string) { said.WriteString(line + "\n") },
	}
	if err := helper.Help(args); err != nil {
		return 1, said.String() + err.Error() + "\n", nil
	}
	return 0, said.String(), nil
}

// mountNFS mounts what a server of the case gives.
func (m *Machine) mountNFS(source, target string, flags uintptr, data string) error {
	words := mount.ParseOptions(data)
	words.Flags = flags
	m.note("mount -t nfs -o %s %s %s", words, source, target)
	s := m.shareOf(source, data)
	if s == nil {
		<-m.off // nobody answers, and the client waits
		return syscall.ETIMEDOUT
	}
	takes, _ := duration(s.attr["takes"])
	time.Sleep(takes)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := shareErrors[s.attr["error"]]; err != nil && s.left > 0 {
		s.left--
		return &fs.PathError{Op: "mount", Path: source, Err: err}
	}
	m.mounts = append(m.mounts, mounted{target, &disk{name: "nfs"}, "nfs", flags})
	m.tellMounts()
	return nil
}

func (m *Machine) shareOf(source, data string) *share {
	for _, s := range m.shares {
		if s.source == source && slices.Contains(strings.Split(data, ","), s.word) {
			return s
		}
	}
	return nil
}

// sysctl notes the names of the machine.
func (m *Machine) sysctl(name, value string) error {
	if strings.HasSuffix(name, "name") {
		m.note("sysctl %s=%s", name, value)
	}
	return nil
}
