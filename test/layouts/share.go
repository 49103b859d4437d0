package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// shareTag is the name that the machine knows the shared folder by.
const shareTag = "rootfs"

// virtiofs is a root in a folder of the host.
func virtiofs() Layout {
	return Layout{
		Name: "virtiofs", Title: "virtiofs, a folder of the host",
		Modules: same("virtiofs"), Drivers: "virtiofs",
		Serve:   share,
		Cmdline: same("root=virtiofs:" + shareTag + " rw" + patience),
		Memory:  1024, Wall: true,
		Want: facts(factOfRoot("virtiofs", shareTag)),
	}

}

// daemons are where distributions keep virtiofsd, which is no program for people.
var daemons = words("/usr/libexec/virtiofsd /usr/lib/qemu/virtiofsd /usr/lib/virtiofsd")

// share starts virtiofsd on a fresh copy of the root. The memory of the machine is shared with it.
func share(r *rig, c Cell) ([]string, func(), error) {
	l, _ := layout(c.Layout)
	dir, err := os.MkdirTemp(r.work, "share-")
	if err != nil {
		return nil, nil, err
	}
	content, err := r.content(l)
	if err != nil {
		return nil, nil, err
	}
	tree, socket := filepath.Join(dir, "root"), filepath.Join(dir, "socket")
	if err := vm.Unpack(content, tree); err != nil {
		return nil, nil, err
	}
	stop, err := startShare(tree, socket)
	return []string{
		"-object", fmt.Sprintf("memory-backend-memfd,id=shared,size=%dM,share=on", l.Memory), "-machine", "memory-backend=shared",
		"-chardev", "socket,id=share,path=" + socket, "-device", "vhost-user-fs-pci,chardev=share,tag=" + shareTag,
	}, func() { stop(); os.RemoveAll(dir) }, err
}

// startShare starts the daemon and waits for its socket.
func startShare(tree, socket string) (stop func(), err error) {
	for _, d := range daemons {
		if _, err := os.Stat(d); err != nil {
			continue
		}
		var said strings.Builder
		cmd := exec.Command(d, "--socket-path="+socket, "-o", "source="+tree, "-o", "sandbox=chroot", "-o", "cache=none")
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			return func() {}, err
		}
		stop := func() { cmd.Process.Kill(); cmd.Wait() }
		for range 100 {
			if _, err := os.Stat(socket); err == nil {
				return stop, nil
			}
			time.Sleep(100 * time.Millisecond)
		}
		stop()
		return func() {}, fmt.Errorf("%s: no socket within 10 s: %s", d, said.String())
	}
	return func() {}, errors.New("there is no virtiofsd on this machine")
}
