// Command nfsroot is the helper for a root on NFS with a static address, in images of preroot that may come to one.
//
//	nfsroot NAME ADDRESSES ro|rw TARGET SECONDS
//
// NAME and ADDRESSES are the texts of nfsroot= and ip=. What is done is told line by line; the last line says what is wrong when the status is not 0.
package main

import (
	"fmt"
	"os"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/internal/safe"
	"github.com/preroot/preroot/pkg/nfsroot"
)

func main() {
	m := nfsroot.Machine{
		Network: openNetwork,
		MountNFS: func(source, target string, flags uintptr, data string) error {
			return linux.Mount(source, target, "nfs", flags, data)
		},
		Sysctl: linux.Sysctl,
		Spawn:  func(name string, report func(name, trace string), f func()) { safe.Go(name, report, f) },
		Say:    func(line string) { fmt.Println(line) },
	}
	if err := m.Help(os.Args[1:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func openNetwork() (nfsroot.Network, error) {
	n, err := linux.OpenNetwork()
	if err != nil {
		return nil, err // not a nil *linux.Network in an interface
	}
	return n, nil
}
