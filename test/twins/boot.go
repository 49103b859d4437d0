package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/test/trials"
)

// boot makes one boot of a cell and judges it.
func (h *house) boot(c cell, r *rand.Rand) trials.Result {
	k, image, err := h.image(c)
	if err != nil {
		return trials.Result{End: "not started", Bad: err.Error()}
	}
	spec, order, err := h.machine(c, r)
	if err != nil {
		return trials.Result{End: "not started", Bad: err.Error()}
	}
	spec.Kernel, spec.Initrd = k.Image(), image
	// The first comes while the drivers are loaded, or to a machine that is idle and waits for it.
	lead := time.Duration(r.IntN(400)) * time.Millisecond
	if r.IntN(2) == 1 {
		lead += 1500 * time.Millisecond
	}
	spec.CPUs = 1 + r.IntN(2)
	result, err := plugAll(spec, order, lead, c.delay, r.IntN(2) == 1)
	if err == nil {
		err = result.Err()
	}
	if err != nil {
		return trials.Result{End: "broken", Bad: err.Error(), Log: result.Lines}
	}
	one := judge(c, read(result.Lines))
	one.Log = append(result.Lines, "by hand: "+spec.Shell())
	return one
}

// machine is the cell's machine with its disks unplugged, and the order in which they come.
func (h *house) machine(c cell, r *rand.Rand) (vm.Spec, []int, error) {
	s := vm.Spec{Limit: 3 * time.Minute}
	s.Cmdline = "root=" + c.root + ` rd.shell=0 rd.retry=60 console=ttyS0 log_buf_len=4M dyndbg="func kobject_uevent_env +p" ` + c.words
	for i, name := range c.disks {
		if name == "" {
			continue
		}
		path, err := h.disk(name)
		if err != nil {
			return s, nil, err
		}
		s.Disks = append(s.Disks, vm.Disk{Path: path, Bus: c.bus, Serial: serials[i], Snapshot: true, Late: true})
	}
	order := []int{0, 1}[:len(s.Disks)]
	if c.order && r.IntN(2) == 1 {
		order = []int{1, 0}
	}
	return s, order, nil
}

var serials = [2]string{"twin-a", "twin-b"}

// plugAll starts the machine and plugs its disks in that order; the delay counts from the first one's plugging, so that both are found by
// one boot, or from its appearance: until then a boot may be over.
func plugAll(s vm.Spec, order []int, lead, delay time.Duration, appeared bool) (vm.Result, error) {
	m, err := vm.Start(s, nil)
	if err != nil {
		return vm.Result{Spec: s}, err
	}
	_, err = m.Await("Run /init as init process")
	for i, disk := range order {
		if i == 1 && appeared && err == nil {
			_, err = m.Await(" logical blocks")
		}
		if err != nil {
			break
		}
		time.Sleep([]time.Duration{lead, delay}[i])
		if err = m.Plug(disk); err != nil {
			err = fmt.Errorf("disk %d: %w", disk, err)
		}
	}
	if err != nil {
		m.Kill()
	}
	return m.Wait(), err
}
