package initrd

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/device"
)

// Help does what the helper is asked for (cmd/initrd).
func Help(args []string, out io.Writer) error {
	switch {
	case len(args) == 2 && args[0] == "measure":
		size, err := measure(args[1])
		if err == nil {
			fmt.Fprintln(out, size)
		}
		return err
	case len(args) == 3 && args[0] == "fill":
		return fill(args[1], args[2])
	case len(args) == 4 && args[0] == "run":
		ref, err := device.ParseRef(args[2])
		if err != nil {
			return err
		}
		seconds, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		return Run(args[1], ref.Number, time.Duration(seconds)*time.Second)
	case len(args) == 2 && args[0] == "users":
		fmt.Fprintln(out, strings.Join(linux.Residents(args[1]), "\n"))
		return nil
	}
	return fmt.Errorf("usage: initrd measure FILE | fill FILE DEVICE | run DIRECTORY NUMBER SECONDS | users NUMBER, not %q", args)
}

// measure is the size of what is in a file.
func measure(file string) (int64, error) {
	packing, err := look(file)
	if err != nil {
		return 0, err
	}
	if packing != "" {
		return 0, fmt.Errorf("%s: %s is not unpacked yet", file, packing)
	}
	st, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// fill puts it onto a device.
func fill(file, device string) error {
	packing, err := look(file)
	if err != nil {
		return err
	}
	if packing != "" {
		return fmt.Errorf("%s: %s is not unpacked yet", file, packing)
	}
	return linux.CopyOnto(file, device)
}

// look says what a file is packed with, and refuses what can be no RAM disk.
func look(file string) (packing string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, 16)
	n, _ := io.ReadFull(f, head)
	if head = head[:n]; n == 0 || strings.HasPrefix(string(head), "07070") {
		return "", Unknown(head)
	}
	return Packing(head), nil
}
