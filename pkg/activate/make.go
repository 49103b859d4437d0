package activate

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/lvm"
)

// activate makes the devices of a volume. What it lacks is said; a failure takes away what was made.
func (a *activator) activate(v volume) error {
	plan, err := v.group.Plan(v.name, lvm.Options{Degraded: a.Degraded})
	if err != nil {
		a.lack("%v", err)
		return nil
	}
	made, err := a.make(v.group, plan)
	if err != nil {
		return errors.Join(fmt.Errorf("logical volume %s: %w", v, err), a.remove(made))
	}
	a.tell(v, plan, made)
	return nil
}

// tell says that a volume has come up.
func (a *activator) tell(v volume, plan *lvm.Plan, made []string) {
	switch {
	case len(made) == 0: // it was there
	case len(plan.Without) > 0:
		a.say("logical volume %s is active, without %s, which is missing", v, strings.Join(plan.Without, ", "))
	default:
		a.say("logical volume %s is active", v)
	}
}

// make makes the devices of a plan that are not there, bottom up, and names those that it has made.
func (a *activator) make(g *lvm.Group, plan *lvm.Plan) (made []string, err error) {
	numbers := map[string]string{}
	for _, d := range plan.Devices {
		have, err := a.Mapper.Device(d.Name)
		switch {
		case err == nil && have.UUID != d.UUID:
			return made, fmt.Errorf("the device-mapper has a device %s already, with the UUID %q", d.Name, have.UUID)
		case err == nil && have.Active:
			if err := a.keep(have); err != nil {
				return made, err
			}
			numbers[d.Name] = fmt.Sprintf("%d:%d", have.Major, have.Minor)
			continue
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return made, err
		case err != nil:
			if have, err = a.Mapper.Create(d.Name, d.UUID); err != nil {
				return made, err
			}
		}
		made = append(made, d.Name)
		numbers[d.Name] = fmt.Sprintf("%d:%d", have.Major, have.Minor)
		if err := a.load(g, d, numbers); err != nil {
			return made, err
		}
		if err := a.judgePool(plan, d.Name); err != nil {
			return made, err
		}
	}
	return made, nil
}

// keep has a device stay that was tried out, and is still looked at by somebody.
func (a *activator) keep(d linux.MapperDevice) error {
	if !d.Leaving {
		return nil
	}
	return a.Mapper.Keep(d.Name)
}

// load gives a device its table, and puts it to use.
func (a *activator) load(g *lvm.Group, d lvm.Device, numbers map[string]string) error {
	var table []linux.MapperTarget
	for _, line := range d.Lines {
		params, err := line.Text(func(p lvm.Param) (string, error) {
			if p.Device != "" {
				return numbers[p.Device], nil
			}
			if disk := a.disks[p.PV]; disk != nil {
				return disk.Number(), nil
			}
			return "", fmt.Errorf("physical volume %s is missing", p.PV)
		})
		if err != nil {
			return err
		}
		table = append(table, linux.MapperTarget{Start: line.Start, Length: line.Length, Type: line.Target, Params: []byte(params)})
	}
	if err := a.Mapper.Load(d.Name, table, linux.MapperLoad{ReadOnly: d.ReadOnly}); err != nil {
		return err
	}
	return a.Mapper.Resume(d.Name, 0)
}

// judgePool compares what a thin pool says of itself with the metadata of the group: with another transaction in it, volumes would be made of what is not theirs.
func (a *activator) judgePool(plan *lvm.Plan, name string) error {
	i := slices.IndexFunc(plan.Pools, func(p lvm.Pool) bool { return p.Device == name })
	if i < 0 {
		return nil
	}
	status, err := a.Mapper.Status(name)
	if err != nil {
		return err
	}
	for _, s := range status {
		number, _, _ := strings.Cut(string(s.Params), " ")
		if number != strconv.FormatUint(plan.Pools[i].TransactionID, 10) {
			return fmt.Errorf("the thin pool %s says %q, and the group expects transaction %d: it needs lvconvert --repair", name, s.Params, plan.Pools[i].TransactionID)
		}
	}
	return nil
}

// remove takes devices away, the last one first. Somebody may be looking at one just now: it goes when he is through.
func (a *activator) remove(names []string) (err error) {
	for _, name := range slices.Backward(names) {
		err = errors.Join(err, a.Mapper.Remove(name, true))
	}
	return err
}
