package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Result is what is known of a cell.
type Result struct {
	Cell    string
	Key     string   // what was tested: /init, image, disks, kernel, facts
	Init    string   // the /init of it
	Bad     []string // what is wrong; none: it is passed
	Stock   float64  // seconds of the wall, of the whole machine
	Ours    float64
	Image   string // of the control
	Control End    // the boot of the stock init
}

// read returns what is known of a cell.
func (r *rig) read(c Cell) (Result, bool) {
	data, err := os.ReadFile(r.file(c, ".json"))
	if err != nil {
		return Result{}, false
	}
	var result Result
	return result, json.Unmarshal(data, &result) == nil
}

func (r *rig) file(c Cell, suffix string) string { return filepath.Join(r.o.results, c.Name()+suffix) }

func (r *rig) keep(c Cell, result Result) error {
	data, err := json.MarshalIndent(result, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.file(c, ".json"), append(data, '\n'), 0o644)
}

// runAll runs the cells and tells of each as it ends.
func (r *rig) runAll(todo []Cell, out io.Writer) error {
	passed := 0
	for _, c := range todo {
		result := r.cell(c)
		if err := r.keep(c, result); err != nil {
			return err
		}
		if len(result.Bad) == 0 {
			passed++
			fmt.Fprintf(out, "passed  %-28s stock %.0f s, ours %.0f s\n", c.Name(), result.Stock, result.Ours)
			continue
		}
		fmt.Fprintf(out, "FAILED  %-28s %s\n", c.Name(), strings.Join(result.Bad, "\n          "))
	}
	fmt.Fprintf(out, "%d of %d cells passed; consoles in %s\n", passed, len(todo), r.o.results)
	if passed < len(todo) {
		return errors.New("not every cell is passed")
	}
	return nil
}

// cell runs one cell, unless what is known of it still holds.
func (r *rig) cell(c Cell) Result {
	result, err := r.tryCell(c)
	if err != nil {
		result.Bad = append(result.Bad, err.Error())
	}
	return result
}

func (r *rig) tryCell(c Cell) (Result, error) {
	fresh := Result{Cell: c.Name()}
	l, ok := layout(c.Layout)
	if !ok {
		return fresh, fmt.Errorf("there is no layout %s", c.Layout)
	}
	stock, err := r.image(c, l)
	if err != nil {
		return fresh, err
	}
	disks, err := r.disks(c, l)
	if err != nil {
		return fresh, err
	}
	d := dracut(c.Dracut)
	fresh.Image = hash(append(disks, stock, d.Kernel, l.Cmdline(d), fmt.Sprint(l.Typed, l.Devices, l.Missing, l.Memory))...)
	fresh.Key, fresh.Init = hash(r.init, fresh.Image), r.init
	old, known := r.read(c)
	if known && old.Key == fresh.Key && len(old.Bad) == 0 {
		old.Init = fresh.Init
		return old, nil
	}
	if known && old.Image == fresh.Image && old.Control.Bad == "" && old.Control.Seconds > 0 {
		fresh.Control = old.Control
	} else if fresh.Control, err = r.control(c, l, stock); err != nil {
		return fresh, err
	}
	fresh.Stock = fresh.Control.Seconds
	return fresh, r.ours(c, l, stock, &fresh)
}

// control boots the stock init.
func (r *rig) control(c Cell, l Layout, stock string) (End, error) {
	if c.Module {
		l.Cmdline = withWord(l.Cmdline, "rdinit=/init.dracut")
	}
	end, err := r.boot(c, l, stock)
	if err != nil {
		return end, err
	}
	err = os.WriteFile(r.file(c, ".stock.log"), []byte(end.Log), 0o644)
	end.Log = ""
	return end, err
}

func withWord(line func(Dracut) string, word string) func(Dracut) string {
	return func(d Dracut) string { return line(d) + " " + word }
}

// ours boots our init, and compares.
func (r *rig) ours(c Cell, l Layout, stock string, result *Result) error {
	image, err := r.withOurInit(c, stock)
	if err != nil {
		return err
	}
	end, err := r.boot(c, l, image)
	if err != nil {
		return err
	}
	if err := os.WriteFile(r.file(c, ".ours.log"), []byte(end.Log), 0o644); err != nil {
		return err
	}
	result.Ours = end.Seconds
	result.Bad = verdict(c, l, result.Control, end)
	return nil
}

// verdict is what is wrong with a pair of boots. systemd leaves other mounts and another environment than dracut's own init: of its images the layout alone is compared,
// and who has booted them.
func verdict(c Cell, l Layout, stock, ours End) []string {
	var bad []string
	d := dracut(c.Dracut)
	if stock.Bad != "" {
		bad = append(bad, "the stock init: "+stock.Bad)
	}
	if ours.Bad != "" {
		return append(bad, "our init: "+ours.Bad)
	}
	stock.Facts = append(slices.Clone(stock.Facts), unseen(stock.Facts, ours.Facts)...)
	if l.Want != nil {
		for _, f := range unmet(l.Want(d), stock.Facts) {
			bad = append(bad, "the stock init left no fact: "+f)
		}
		for _, f := range unmet(l.Want(d), ours.Facts) {
			bad = append(bad, "ours left no fact: "+f)
		}
	}
	if l.Members {
		stock.Facts, ours.Facts = withoutMembers(stock.Facts), withoutMembers(ours.Facts)
	}
	if !c.Systemd {
		return append(bad, differences(stock.Facts, ours.Facts)...)
	}
	says := "its own systemd, whose part is done natively"
	if strings.Contains(l.Cmdline(d), "rd.luks.uuid=") {
		says = "systemd of this image boots it: rd.luks.uuid= asks for LUKS"
	}
	if !strings.Contains(ours.Log, says) {
		bad = append(bad, "our init does not say: "+says)
	}
	return bad
}

// unseen are the facts of ours that the real system cannot see behind busybox's switch_root, which an image may have whatever its shell: that leaves /sys, /dev/pts
// and /dev/shm behind (docs/dracut.md). Where the stock init has carried /sys over none is.
func unseen(stock, ours []string) (list []string) {
	if slices.Contains(stock, "mount /sys sysfs") || !slices.Contains(stock, "end") {
		return nil
	}
	for _, f := range ours {
		kind, rest, _ := strings.Cut(f, " ")
		where, _, _ := strings.Cut(rest, " ")
		if slices.Contains(words("dm md raid1 address"), kind) || kind == "mount" && slices.Contains(apis, where) {
			list = append(list, f)
		}
	}
	return list
}

// withoutMembers leaves out which of several disks a link leads to.
func withoutMembers(facts []string) []string {
	var list []string
	for _, f := range facts {
		if link, target, _ := strings.Cut(strings.TrimPrefix(f, "link "), " "); strings.HasPrefix(f, "link ") && strings.HasPrefix(target, "../../vd") {
			f = "link " + link
		}
		list = append(list, f)
	}
	return list
}
