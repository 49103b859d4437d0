package ramdisk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/device"
	"github.com/preroot/preroot/pkg/initrd"
	"github.com/preroot/preroot/pkg/unpack"
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
		seconds, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		return phase(args[1], args[2], time.Duration(seconds)*time.Second)
	case len(args) == 1 && args[0] == "users":
		fmt.Fprintln(out, strings.Join(users(), ", "))
		return nil
	}
	return fmt.Errorf("usage: initrd measure FILE | fill FILE DEVICE | run TYPE NUMBER SECONDS | users, not %q", args)
}

// users names what keeps the RAM disk busy: processes that live on it, and what is mounted on it.
func users() []string {
	list := linux.Residents(initrd.RAM0().String())
	for _, target := range linux.MountsBelow(initrd.Directory) {
		if below := strings.TrimPrefix(target, initrd.Directory); below != "" {
			list = append(list, "the mount on "+below)
		}
	}
	return list
}

// measure is the size of what is in a file, in bytes; a packed one is unpacked to its end for that.
func measure(file string) (int64, error) {
	packed, err := look(file)
	if err != nil {
		return 0, err
	}
	if packed {
		return unpack.Size(file, sizeLimit)
	}
	st, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// sizeLimit is where the unpacking of a file ends that would fill the memory, in bytes.
const sizeLimit = 16 << 30

// fill puts it onto a device.
func fill(file, device string) error {
	packed, err := look(file)
	if err != nil {
		return err
	}
	if packed {
		_, err := unpack.Device(file, device)
		return err
	}
	return linux.CopyOnto(file, device)
}

// phase mounts the RAM disk, whose file system is of that type, runs its /linuxrc, and leaves initrd.Result. number is that of the device which root= names (MAJOR:MINOR, 0:0 for
// one that is not known), "" where there is no root=.
func phase(fstype, number string, limit time.Duration) error {
	if err := mountDisk(fstype); err != nil {
		return err
	}
	there, err := executable(initrd.Directory + initrd.Linuxrc)
	switch {
	case err != nil:
		return leaveResult(without(number), []string{err.Error() + "; it is not run"})
	case !there:
		return leaveResult(without(number), []string{"there is no " + initrd.Linuxrc})
	}
	before := "0"
	if ref, err := device.ParseRef(number); err == nil {
		before = encode(ref.Number)
	}
	return run(initrd.Directory, before, limit)
}

// without is what follows where /linuxrc is not run: the root that is named, or else the RAM disk itself.
func without(number string) string {
	if number == "" {
		return initrd.KeepRAMDisk
	}
	return ""
}

// mountDisk mounts it writable where its file system can be written.
func mountDisk(fstype string) error {
	err := linux.Mount(initrd.Device, initrd.Directory, fstype, 0, "")
	if errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EACCES) {
		err = linux.Mount(initrd.Device, initrd.Directory, fstype, syscall.MS_RDONLY, "")
	}
	return err
}

// executable says whether a program is there; err is why a file of that name may not be executed.
func executable(file string) (bool, error) {
	st, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case st.Mode()&fs.ModeSymlink != 0: // it leads somewhere in that root: the exec tells
		return true, nil
	case !st.Mode().IsRegular() || st.Mode().Perm()&0o111 == 0:
		return false, fmt.Errorf("%s may not be executed (%v): chmod 755 when the initrd is made", initrd.Linuxrc, st.Mode())
	}
	return true, nil
}

// leaveResult writes initrd.Result.
func leaveResult(words string, said []string) error {
	return linux.Files{}.WriteFile(initrd.Result, []byte(strings.Join(append([]string{words}, said...), "\n")+"\n"))
}

// look says whether a file is packed, and refuses what can be no RAM disk.
func look(file string) (packed bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 16)
	n, _ := io.ReadFull(f, head)
	if err := initrd.Refuse(head[:n]); err != nil {
		return false, fmt.Errorf("%s: %w", file, err)
	}
	return unpack.Detect(head[:n]) != "", nil
}
