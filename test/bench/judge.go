package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/preroot/preroot/internal/vm"
)

const (
	maxSpread = 0.03 // between boots of the same image
	maxDrift  = 0.10 // of the floor from the committed one
	maxLeft   = 64   // kB that an initramfs may leave in memory

	// maxGeneric is how many times the image for known hardware a generic one
	// may take, from /init and from power-on.
	maxGeneric = 1.15
)

// maxRatio is how many times the floor the image for known hardware may take.
func maxRatio(kernel string) float64 {
	if strings.HasSuffix(kernel, "-cloud") {
		return 1.25
	}
	return 1.20
}

// report prints the rows of one kernel and says what is wrong with them.
func report(k vm.Kernel, rows []row, out io.Writer) error {
	floor := rows[0].fastest().InitSeconds
	errs := []error{drift(k.Name, floor, "test/bench/floor.txt")}
	for i, r := range rows {
		b := r.fastest()
		ratio := b.InitSeconds / floor
		err := errors.Join(r.unsteady(), r.verdict(k.Name, ratio, i == 0))
		if r.name == "generic" {
			err = errors.Join(err, r.against(rows[i-1], k.Name))
		}
		fmt.Fprintf(out, "%-12s %-10s %9.4f %7.2f%% %5d %9.3f %8d %7d %7.3f  %s\n", k.Name, r.name,
			b.InitSeconds, 100*r.spread(), len(r.boots), r.total(), b.LeftKB, kilobytes(r.image), ratio, word(err))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// against compares a generic image with that for known hardware.
func (r row) against(known row, kernel string) error {
	init, total := r.fastest().InitSeconds/known.fastest().InitSeconds, r.total()/known.total()
	if init <= maxGeneric && total <= maxGeneric {
		return nil
	}
	return fmt.Errorf("generic on %s: %.3f times known from /init, %.3f times from power-on, at most %.2f is allowed", kernel, init, total, maxGeneric)
}

func (r row) unsteady() error {
	if s := r.spread(); s > maxSpread {
		return fmt.Errorf("%s: not measured: spread %.1f %% is over %.0f %%", r.name, 100*s, 100*maxSpread)
	}
	return nil
}

// verdict judges an image that is not the floor.
func (r row) verdict(kernel string, ratio float64, floor bool) error {
	b := r.fastest()
	switch {
	case floor:
		return nil
	case ratio < 1:
		return fmt.Errorf("%s on %s: not measured: faster than the floor (ratio %.3f)", r.name, kernel, ratio)
	case b.LeftKB > maxLeft:
		return fmt.Errorf("%s on %s: %d kB left in memory, at most %d are allowed", r.name, kernel, b.LeftKB, maxLeft)
	case r.name == "known" && ratio > maxRatio(kernel):
		return fmt.Errorf("%s on %s: %.3f times the floor, at most %.2f is allowed", r.name, kernel, ratio, maxRatio(kernel))
	}
	return nil
}

// drift compares the floor with the committed one. A kernel without a
// committed floor has nothing to be compared with.
func drift(kernel string, floor float64, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		var name string
		var committed float64
		if n, _ := fmt.Sscanf(line, "%s %f", &name, &committed); n != 2 || name != kernel {
			continue
		}
		if off := floor/committed - 1; off > maxDrift || off < -maxDrift {
			return fmt.Errorf("floor on %s: not measured: %.4f s is %+.1f %% off the committed %.4f s", kernel, floor, 100*off, committed)
		}
	}
	return nil
}

func word(err error) string {
	if err != nil {
		return "WRONG"
	}
	return "ok"
}

func kilobytes(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size() / 1000
}
