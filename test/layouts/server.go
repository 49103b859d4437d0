package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/preroot/preroot/internal/vm"
)

// The wire between the machine and its server has these addresses.
const (
	serverAddress = "10.9.9.1"
	clientAddress = "10.9.9.2"
)

// The words of a machine on the wire: its address is asked for, or told. The card keeps the kernel's name, whether udev's rules in the image would rename it
// or not.
const (
	byDHCP = patience + " net.ifnames=0 ip=dhcp"
	told   = patience + " net.ifnames=0 ip=" + clientAddress + "::" + serverAddress + ":255.255.255.0:client:eth0:none"
)

// patience is for a machine whose peer is as slow as itself: dracut's init counts idle rounds, ours counts seconds.
const patience = " rd.retry=1200"

// serverDrivers are those of the server's kernel.
const serverDrivers = "virtio_pci virtio_blk virtio_net ext4 nfsd iscsi_target_mod target_core_mod target_core_iblock"

// serverPrelude begins what the server runs: the wire, and the answers to DHCP. The disk of the layout is $d1.
const serverPrelude = `b=/run/content/bin/busybox d1=/dev/vdb
echo 1 >/proc/sys/kernel/printk
$b ip link set lo up; $b ip addr add ` + serverAddress + `/24 dev eth0; $b ip link set eth0 up
cat >/run/udhcpd.conf <<-.
	start ` + clientAddress + `
	end ` + clientAddress + `
	interface eth0
	lease_file /run/udhcpd.leases
	pidfile /run/udhcpd.pid
	opt subnet 255.255.255.0
	opt router ` + serverAddress + `
	opt domain layouts.example
	opt lease 86400
.
touch /run/udhcpd.leases
$b udhcpd -S /run/udhcpd.conf
`

// serverEnd says that all is served, and serves.
const serverEnd = `
echo SERVING >/dev/console
sleep 100000
`

// serve starts the second machine: the system of the cell, which serves the disk of the layout over a wire as the script says. The machine itself has not
// got the disk.
func serve(script string) func(*rig, Cell) ([]string, func(), error) {
	return func(r *rig, c Cell) ([]string, func(), error) {
		s, wire, err := r.server(c, serverPrelude+script+serverEnd)
		if err != nil {
			return nil, nil, err
		}
		m, err := vm.Start(s, r.watch())
		if err != nil {
			return nil, nil, err
		}
		stop := func() {
			m.Kill()
			end := m.Wait()
			_ = os.WriteFile(r.file(c, ".server.log"), []byte(end.Report()), 0o644)
			os.RemoveAll(wire.Dir)
		}
		if _, err := m.Await("SERVING"); err != nil {
			stop()
			return nil, nil, fmt.Errorf("the server: %w; its console is in %s", err, r.file(c, ".server.log"))
		}
		return wire.Args(1), stop, nil
	}
}

// server is the second machine.
func (r *rig) server(c Cell, script string) (vm.Spec, vm.Wire, error) {
	d := dracut(c.Dracut)
	l, _ := layout(c.Layout)
	t, err := r.tree(d, l, false)
	if err != nil {
		return vm.Spec{}, vm.Wire{}, err
	}
	k, err := r.shop.Kernel(d.Kernel)
	if err != nil {
		return vm.Spec{}, vm.Wire{}, err
	}
	system, err := r.systemDisk(t)
	if err != nil {
		return vm.Spec{}, vm.Wire{}, err
	}
	disks, err := r.disks(c, l)
	if err != nil {
		return vm.Spec{}, vm.Wire{}, err
	}
	content, err := r.content(l)
	if err != nil {
		return vm.Spec{}, vm.Wire{}, err
	}
	initrd := filepath.Join(r.work, "server.img")
	if err := makerImage(k, initrd, serverDrivers, script, content); err != nil {
		return vm.Spec{}, vm.Wire{}, err
	}
	dir, err := os.MkdirTemp("", "wire-")
	wire := vm.Wire{Dir: dir}
	list := []vm.Disk{{Path: system, Snapshot: true}}
	for _, path := range disks {
		list = append(list, vm.Disk{Path: path, Snapshot: true})
	}
	return vm.Spec{
		Kernel: k.Image(), Initrd: initrd, Cmdline: "console=ttyS0 quiet net.ifnames=0", Disks: list, MemoryMiB: 512, Limit: 2 * r.o.limit(), Measured: r.o.times,
		Extra: wire.Args(0),
	}, wire, err
}
