package boot

import (
	"strconv"
	"strings"
	"syscall"

	"github.com/preroot/preroot/pkg/hooks"
)

// Hooks write where dracut's do: /run and /dev/shm have a limit (mount.APIs), /tmp gets one here, and what the hook shell itself needs lies on a small file system
// of its own, so that a hook that fills /run costs no other hook and not us. "/" is a ramfs, which knows no limit: hooks.Patience.Resources looks after it. All
// that is mounted here PID 1 takes away before the switch.

// scratch is a file system for hooks.
type scratch struct{ target, data string }

// scratches are mounted when an image has hooks. Half of the memory is what the kernel gives a tmpfs by default: an image for a live system is fetched into /tmp.
var scratches = []scratch{
	{"/tmp", "mode=1777,size=50%"},
	{hookDirectory, "mode=0755,size=4m,nr_inodes=1k"},
}

// mountScratch mounts them, once. What is mounted already was so by an engine before this one, or by the image; a /tmp that holds something stays.
func (h *hookRunner) mountScratch() {
	if h.discard != nil || h.b.m.Hooks == nil {
		return
	}
	h.discard = []string{}
	for _, dir := range []string{"/run/initramfs", Directory} {
		_ = h.b.m.Directories.Mkdir(dir, 0o755)
	}
	for _, s := range scratches {
		_ = h.b.m.Directories.Mkdir(s.target, 0o755)
		if !h.b.m.Directories.IsMountPoint(s.target) {
			if s.target == "/tmp" && len(dirNames(h.b.m.Files, "tmp")) > 0 {
				h.b.m.Log.Infof("/tmp of this image holds files: it stays without a limit")
				continue
			}
			if err := h.b.m.Mounter.Mount("tmpfs", s.target, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, s.data); err != nil {
				h.b.m.Log.Warnf("%s stays without a limit: %v", s.target, err)
				continue
			}
		}
		h.discard = append(h.discard, s.target)
	}
	_ = h.b.m.Scratch.Symlink("hooks/env", Directory+"/env")
}

// limited are the file systems that hooks may fill.
var limited = []string{"/run", "/tmp", "/dev/shm", hookDirectory}

// almostFull is how little room makes a file system a full one, in bytes.
const almostFull = 64 << 10

// tellFull names the hook after which a file system has no room any more: once, until it has some again.
func (h *hookRunner) tellFull(path string) {
	if h.b.m.Room == nil {
		return
	}
	for _, target := range limited {
		bytes, files, known := h.b.m.Room(target)
		full := known && (bytes < almostFull || files == 0)
		h.mu.Lock()
		was := h.full[target]
		h.full[target] = full
		h.mu.Unlock()
		if full && !was {
			h.b.m.Log.Errf("hook %s: %s is full (no space left); going on", path, target)
		}
	}
}

// resources are what the kernel could still give (proc_meminfo(5), MemAvailable), and how many processes there are (proc_loadavg(5), the fourth field).
func (b *Boot) resources() (now hooks.Resources) {
	for line := range strings.Lines(b.read("proc/meminfo")) {
		name, value, _ := strings.Cut(line, ":")
		if name == "MemTotal" {
			now.Memory = kilobytes(value)
		}
		if name == "MemAvailable" {
			now.MemoryLeft = kilobytes(value)
			break
		}
	}
	if f := strings.Fields(b.read("proc/loadavg")); len(f) > 3 {
		_, all, _ := strings.Cut(f[3], "/")
		now.Processes, _ = strconv.Atoi(all)
	}
	return now
}

// kilobytes is a value of meminfo, "  123 kB", in bytes; 0 for another text.
func kilobytes(value string) uint64 {
	n, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 53)
	if err != nil {
		return 0
	}
	return n << 10
}
