package ramdisk

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/initrd"
)

// namesDir is where the files of /proc/sys/kernel lie that a kernel has not.
const namesDir = "/run/initramfs/preroot/kernel"

// The names of the helper as other processes than the one that is asked: what becomes /linuxrc, and what answers for the mounts of processes that /linuxrc has left. That one
// lives on in the real system: the '@' says so (https://systemd.io/ROOT_STORAGE_DAEMONS/).
const (
	BecomeName = "preroot-linuxrc"
	AnswerName = "@preroot-linuxrc"
)

// run runs /linuxrc in the directory root to its end, for at most limit (0: for ever), and leaves Result; before is what real-root-dev holds at first.
func run(root, before string, limit time.Duration) error {
	names, err := linux.MakeProcNames(namesDir, map[string]string{realRootDev: before, nfsRootName: "", nfsRootAddrs: ""})
	if err != nil {
		return err
	}
	defer names.Forget()
	said := life(root, names, limit)
	names.Remove()
	words, err := words(before, names.Read)
	if err != nil {
		said = append(said, err.Error())
		words = initrd.Nonsense
	}
	return leaveResult(words, said)
}

// life is that of the process. What is said is nothing of a good one.
func life(root string, names *linux.ProcNames, limit time.Duration) (said []string) {
	p, err := linux.StartLinuxrc("/proc/self/exe", []string{BecomeName, root}, "/dev/console")
	if err != nil {
		return []string{initrd.Linuxrc + " cannot be executed: " + whyNot(err)}
	}
	if listener := p.Listener(); listener == nil {
		said = append(said, initrd.Linuxrc+" sees no real-root-dev in a /proc that it mounts itself: this kernel has no seccomp (CONFIG_SECCOMP_FILTER)")
	} else {
		served := make(chan struct{})
		safe.Go("mounts", nil, func() { names.Serve(listener); close(served) })
		defer func() { leave(listener, served) }()
	}
	var late atomic.Bool
	if limit > 0 {
		defer time.AfterFunc(limit, func() { late.Store(true); p.Kill() }).Stop()
	}
	status, err := p.Wait()
	switch {
	case err != nil:
		said = append(said, err.Error())
	case late.Load():
		said = append(said, fmt.Sprintf("%s was ended after %v (rd.preroot.linuxrc_timeout=)", initrd.Linuxrc, limit))
	case status < 0:
		said = append(said, fmt.Sprintf("%s was killed by signal %d (%v)", initrd.Linuxrc, -status, syscall.Signal(-status)))
	case status > 0:
		said = append(said, fmt.Sprintf("%s has ended with status %d", initrd.Linuxrc, status))
	}
	return said
}

// whyNot puts the kernel's answer to an exec into words.
func whyNot(err error) string {
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		return "it is no program, or one for another machine"
	case errors.Is(err, syscall.ENOENT):
		return "its interpreter is not there"
	case errors.Is(err, syscall.EACCES):
		return "its interpreter may not be executed"
	}
	return err.Error()
}

// leave ends the service. Where /linuxrc has left processes, their mounts must still be answered: else the kernel refuses them all. A process of its own does that as long as they live.
func leave(listener *os.File, served <-chan struct{}) {
	select {
	case <-served:
	case <-time.After(leaveTime): // the kernel tells of the last process a moment after its end
		_ = linux.StartAnswerer("/proc/self/exe", AnswerName, listener)
	}
	listener.Close()
}

// leaveTime is how long the news of the end of the last process may take.
const leaveTime = 20 * time.Millisecond

// words judges what /linuxrc has written, as kernel parameters; "" is nothing new.
func words(before string, read func(name string) string) (string, error) {
	root, err := readNumber(before, read(realRootDev))
	if err != nil {
		return "", err
	}
	switch root.kind {
	case ramDisk:
		return initrd.KeepRAMDisk, nil
	case blockDevice:
		return "root=" + root.number.String(), nil
	case overNFS:
		return nfsWords(strings.TrimSpace(read(nfsRootName)), strings.TrimSpace(read(nfsRootAddrs)))
	}
	return "", nil
}

// nfsWords are those of the kernel's own root on NFS (Documentation/admin-guide/nfs/nfsroot.rst).
func nfsWords(name, addresses string) (string, error) {
	for _, f := range []struct{ file, text string }{{nfsRootName, name}, {nfsRootAddrs, addresses}} {
		if strings.ContainsAny(f.text, "\"\n") || f.text == "" {
			return "", fmt.Errorf("%s is NFS, but %s holds %.60q: write one line, such as /srv/root, or 192.0.2.2:192.0.2.1", realRootDev, f.file, f.text)
		}
	}
	return fmt.Sprintf("root=/dev/nfs nfsroot=%s ip=%s", quoted(name), quoted(addresses)), nil
}

// quoted is a value of a kernel parameter: one with a blank stands in quotes.
func quoted(text string) string {
	if strings.ContainsAny(text, " \t") {
		return "\"" + text + "\""
	}
	return text
}
