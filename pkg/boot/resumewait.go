package boot

import (
	"fmt"
	"time"

	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/initqueue"
)

// resumeGoal is the device of resume=, and what was read of the swap header on it.
type resumeGoal struct {
	ref    device.Ref
	offset int64 // of the page with the swap header, in bytes
	wait   bool  // as long as for root

	choice    device.Choice
	header    need
	seq       uint64 // of the device whose header it is
	signature string // the last bytes of the page, swapSignatureSize of them
	err       error  // why it could not be read
}

// headerRead is the event of a swap header.
type headerRead struct {
	seq       uint64
	signature string
	err       error
}

// resumeUsable says whether the device is chosen: nothing that is still under way can bring another one that answers.
func (f *finder) resumeUsable() bool {
	g := f.resume
	d := g.choice.Device
	return d != nil && d.Probed && (exact(g.ref) || f.settled())
}

// resumeJobs asks for the swap header once the device is chosen.
func (f *finder) resumeJobs() []initqueue.Job {
	g := f.resume
	if g == nil {
		return nil
	}
	g.choice = f.inv.Find(g.ref)
	if !f.resumeUsable() {
		return nil
	}
	d := g.choice.Device
	if g.header != unknown && g.seq == d.Seq {
		return nil
	}
	if g.header, g.seq = reading, d.Seq; d.ProbeErr != nil {
		g.header, g.err = known, d.ProbeErr
		return nil
	}
	return []initqueue.Job{f.b.headerJob(d, g.offset)}
}

// headerJob reads the signature of a swap header.
func (b *Boot) headerJob(d *device.Device, offset int64) initqueue.Job {
	node, seq := d.Node, d.Seq
	return initqueue.Job{Key: fmt.Sprintf("resume %s %d", d.Name, seq), Limit: probeLimit, Run: func() initqueue.Event {
		signature, err := b.swapSignature(node, offset)
		return headerRead{seq, signature, err}
	}}
}

func (f *finder) headerRead(ev headerRead) {
	if g := f.resume; g != nil && g.seq == ev.seq {
		g.header, g.signature, g.err = known, ev.signature, ev.err
	}
}

// headerLate takes the place of a header that did not come in time.
func (f *finder) headerLate(limit time.Duration) {
	if g := f.resume; g != nil {
		g.header, g.signature, g.err = known, "", fmt.Errorf("no answer within %v", limit)
	}
}

// judgeResume says whether the header is known, or will not be. A device that does not come costs no boot that has its root:
// when every module was asked for, all is settled and root is there, it is passed over.
func (f *finder) judgeResume() initqueue.Verdict {
	g := f.resume
	switch {
	case f.timeUp:
		return initqueue.Done
	case f.resumeUsable():
		// While a driver is loaded or a device is probed the kernel could not freeze that thread.
		if g.header == known && (g.signature != suspendedByKernel || f.settled()) {
			return initqueue.Done
		}
	case f.settled() && len(g.choice.Twins) > 0:
		return initqueue.Done
	case f.wave == waveOver && f.settled() && f.rootThere() && !g.wait:
		return initqueue.Done
	}
	return initqueue.Wait
}

// rootThere says whether waiting brings nothing that root still needs.
func (f *finder) rootThere() bool {
	for _, ref := range f.want {
		if c := f.inv.Find(ref); c.Device == nil && len(c.Twins) == 0 {
			return false
		}
	}
	return true
}
