package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/device"
)

// LVMHelper is the program of an image that activates logical volumes (cmd/lvm).
const LVMHelper = "/usr/lib/preroot/lvm"

// What begins a line of a helper: it lacks something; there are two of what is in use. And the last one of a helper that learns secrets: it has failed; nobody has proven that he may have what is locked.
const (
	LackMark   = "lacks: "
	TwinsMark  = "twins: "
	FailMark   = "fails: "
	DeniedMark = "denied: "
)

// lvmLimit is how long it may take: it reads a few sectors of each member, and makes some devices.
const lvmLimit = 30 * time.Second

var _ = register(Layer{Name: "LVM", Claims: isPV, Next: nextLVM})

func isPV(d *device.Device) bool { return d.FSType() == "LVM2_member" }

// nextLVM has the helper look at all physical volumes together: one may lack what another has. It activates what the boot waits for and what the words name, as far as that is there. When it is
// late, a raid goes without the legs that are missing, as far as its level can spare them: used once without one, it has to be made whole again.
func nextLVM(k Known) []Work {
	if !k.LVM {
		return nil
	}
	var args []string
	if k.Late {
		args = append(args, "--degraded")
	}
	if !k.LVMConf {
		args = append(args, "--no-conf")
	}
	var wanted, nodes []string
	for _, ref := range k.Wanted {
		wanted = append(wanted, ref.Text)
	}
	for _, m := range k.Members {
		nodes = append(nodes, m.Node)
	}
	for _, l := range []struct {
		option string
		values []string
	}{{"--vg=", k.VGs}, {"--lv=", k.LVs}, {"--for=", wanted}, {"--locked=UUID=", k.lockedUUIDs()}, {"", nodes}} {
		for _, v := range l.values {
			args = append(args, l.option+v)
		}
	}
	return []Work{{Key: "lvm " + strings.Join(args, " "), Limit: lvmLimit, Do: func(s System) (Outcome, error) {
		if err := s.Load("dm_mod"); err != nil {
			return Outcome{}, err
		}
		said, err := s.Run(LVMHelper, args...)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s is a physical volume of LVM, and the image has no %s: build it with preroot build --lvm", k.Members[0].Node, LVMHelper)
		}
		o, failed := outcome(said)
		return o, errors.Join(err, failed)
	}}}
}

// outcome sorts what a helper has said; the error is what it has said of its failure.
func outcome(text string) (o Outcome, err error) {
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if lack, ok := strings.CutPrefix(l, LackMark); ok {
			o.Lacks = append(o.Lacks, lack)
		} else if why, ok := strings.CutPrefix(l, FailMark); ok {
			err = errors.New(why)
		} else if why, ok := strings.CutPrefix(l, TwinsMark); ok {
			err = fmt.Errorf("%w: %s", device.ErrTwins, why)
		} else if why, ok := strings.CutPrefix(l, DeniedMark); ok {
			err = fmt.Errorf("%w: %s", ErrDenied, why)
		} else if l != "" {
			o.Done = append(o.Done, l)
		}
	}
	return o, err
}
