package initrd

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// A Result is what was seen of a case in a column.
type Result struct {
	Case    int
	Title   string
	Column  string
	Kernel  string // what uname -r says
	Cmdline string
	Facts   Facts
	Said    []string // what the kernel said of RAM disk, initrd and root
	Bad     []string // wanted facts that were not seen, and how the boot failed; none: it is passed
	Seconds float64  // of the wall, of the whole machine
	Log     string   `json:"-"`

	plain Facts // of the same column without an initrd
}

// limit is the wall-clock time of a machine, on a host that has much else to do.
const limit = 15 * time.Minute

// memoryMiB is the memory of a machine: small, so that a RAM disk that stays shows.
const memoryMiB = 256

// Boot boots a case in a column and says what was seen. Files are made below dir; the console is copied to watch, if it is not nil. A boot that fails is a
// result; an error means that the machine could not be made.
func (m Maker) Boot(col Column, c Case, dir string, watch io.Writer) (Result, error) {
	r := Result{Case: c.Number, Title: c.Title, Column: col.Name(), Kernel: col.Kernel().Version}
	spec, err := m.spec(col, c, dir)
	if err != nil {
		return r, err
	}
	r.Cmdline = spec.Cmdline
	if c.NFS {
		args, stop, err := m.Serve(watch)
		if err != nil {
			return r, err
		}
		defer stop()
		spec.Extra = append(spec.Extra, args...)
	}
	end, err := vm.Run(spec, watch)
	if err != nil {
		return r, err
	}
	r.judge(c, end)
	return r, nil
}

// spec is the machine of a case.
func (m Maker) spec(col Column, c Case, dir string) (vm.Spec, error) {
	image := ""
	if c.FS != "" {
		image = filepath.Join(dir, fmt.Sprintf("initrd-%02d.img", c.Number))
		if err := m.Image(c, col.Kernel(), image); err != nil {
			return vm.Spec{}, err
		}
	}
	disks, err := m.Disks(c)
	if err != nil {
		return vm.Spec{}, err
	}
	start, err := col.Start(c, image, dir)
	return vm.Spec{
		Kernel: start.Kernel, Initrd: start.Initrd, Cmdline: start.Cmdline, Disks: disks, MemoryMiB: memoryMiB, Limit: limit, Icount: m.Virtual && !c.NFS,
	}, err
}

// judge reads the end of a boot off its console.
func (r *Result) judge(c Case, end vm.Result) {
	r.Seconds, r.Log = end.Duration.Seconds(), end.Report()
	r.Facts, r.Said = FactsOf(end.Lines), said(end.Lines)
	if err := end.Err(); err != nil {
		r.Bad = append(r.Bad, err.Error())
	}
	if len(r.Facts.Unmet([]string{"end"})) > 0 {
		r.Bad = append(r.Bad, "no root's init said all that it finds")
	}
	for _, f := range r.Facts.Unmet(c.Wanted()) {
		r.Bad = append(r.Bad, "not seen: "+f)
	}
}

// telling are the beginnings of what a kernel says of its initrd and root.
var telling = []string{"RAMDISK: ", "rootfs image is not initramfs", "using deprecated initrd", "VFS: Mounted", "VFS: Unable", "VFS: Cannot", "Trying to move old root", "okay", "/initrd does not exist",
	"Unmounting old root", "Run ", "Failed to execute", "ignoring the deprecated", "Kernel panic", "IP-Config: ", "Root-NFS: "}

// said are those lines, without the time before them.
func said(lines []string) []string {
	var list []string
	for _, l := range lines {
		if _, rest, stamped := strings.Cut(l, "] "); stamped && strings.HasPrefix(l, "[") {
			l = rest
		}
		for _, t := range telling {
			if strings.HasPrefix(l, t) && !strings.HasPrefix(l, "RAMDISK: [mem") { // where the boot loader has put it
				list = append(list, strings.TrimSpace(l))
				break
			}
		}
	}
	return list
}

// Keep writes the result and its console into a folder, as NN.json and NN.log.
func (r Result) Keep(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	name := filepath.Join(dir, fmt.Sprintf("%02d", r.Case))
	if err := os.WriteFile(name+".log", []byte(r.Log), 0o644); err != nil {
		return err
	}
	return os.WriteFile(name+".json", append(data, '\n'), 0o644)
}

// Results reads what Keep has written into a folder.
func Results(dir string) ([]Result, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var list []Result
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var r Result
		if err := json.Unmarshal(data, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, r)
	}
	return list, nil
}
