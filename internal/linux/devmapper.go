package linux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Mapper is the kernel's device-mapper: the ioctls of linux/dm-ioctl.h, version 4, without libdevmapper.
type Mapper struct {
	control *os.File
	// call does one ioctl on a buffer that begins with a struct dm_ioctl; tests put a kernel of their own here.
	call func(command uintptr, buf []byte) error
}

// MapperDevice is what the kernel says of a mapping.
type MapperDevice struct {
	Name, UUID   string
	Major, Minor uint32
	OpenCount    int
	Targets      int // of the table that is in use
	// Active says that a table is in use, Loaded that one waits for Resume, Leaving that it goes when the last who has it open closes it.
	Active, Loaded, Suspended, ReadOnly, Leaving bool
}

// MapperTarget is one line of a table: Length sectors of 512 bytes from Start are served by a target of this type.
type MapperTarget struct {
	Start, Length uint64
	Type          string
	// Params are the target's own, as bytes because they may hold a key.
	Params []byte
}

// MapperLoad says how a table is loaded.
type MapperLoad struct {
	ReadOnly bool
	// Secret says that the table holds a key: the kernel wipes its copies of the call, and we ours. The Params stay the caller's to wipe.
	Secret bool
}

// Flags for udev, libdevmapper's DM_UDEV_* shifted to their place in event_nr. The uevent that the ioctl causes bears them as DM_COOKIE=NUMBER.
//
// The lower half of the number names a semaphore of libdevmapper's, on which a program waits until udev is done; with zero there (ours always) nobody waits, and `dmsetup udevcomplete`, which
// 95-dm-notify.rules runs, succeeds without one. 55-dm.rules of LVM2 reads the flags by `dmsetup udevflags`. Without any DM_COOKIE it takes the event for one that somebody triggered: it looks
// for DM_UDEV_PRIMARY_SOURCE_FLAG in the udev database, and if that has none, the device gets no link and no other rules look at it. So: MapperPrimary where a udevd listens, and for a device
// that was made before a udevd runs, the flag in its database (/run/udev/data).
const (
	MapperNoSubsystemRules = 0x0002 // DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG
	MapperNoDiskRules      = 0x0004 // DM_UDEV_DISABLE_DISK_RULES_FLAG
	MapperNoOtherRules     = 0x0008 // DM_UDEV_DISABLE_OTHER_RULES_FLAG
	MapperPrimary          = 0x0040 // DM_UDEV_PRIMARY_SOURCE_FLAG
)

// mapperNode is the device-mapper's own node. Its number is MISC_MAJOR and MAPPER_CTRL_MINOR; opening it loads the module dm-mod.
const mapperNode = "/dev/mapper/control"

// OpenMapper opens the device-mapper. It makes the node if it is missing.
func OpenMapper() (*Mapper, error) {
	f, err := os.OpenFile(mapperNode, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeMapperNode(); err == nil {
			f, err = os.OpenFile(mapperNode, os.O_RDWR, 0)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("no device-mapper: %w; the module dm_mod is needed", err)
	}
	m := &Mapper{control: f}
	m.call = func(command uintptr, buf []byte) error {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), command, uintptr(unsafe.Pointer(&buf[0])))
		runtime.KeepAlive(f)
		if errno != 0 {
			return errno
		}
		return nil
	}
	return m, nil
}

func makeMapperNode() error {
	major, minor := uint64(10), uint64(236)
	if text, err := os.ReadFile("/sys/class/misc/device-mapper/dev"); err == nil {
		a, b, _ := strings.Cut(strings.TrimSpace(string(text)), ":")
		if n, err := strconv.ParseUint(a, 10, 12); err == nil {
			if k, err := strconv.ParseUint(b, 10, 20); err == nil {
				major, minor = n, k
			}
		}
	}
	if err := os.MkdirAll("/dev/mapper", 0o755); err != nil {
		return err
	}
	err := unix.Mknod(mapperNode, unix.S_IFCHR|0o600, int(unix.Mkdev(uint32(major), uint32(minor))))
	if err != nil && err != unix.EEXIST {
		return &os.PathError{Op: "mknod", Path: mapperNode, Err: err}
	}
	return nil
}

// Close closes the device-mapper; mappings stay.
func (m *Mapper) Close() error { return m.control.Close() }

// Version is that of the kernel's interface, such as 4.47.0.
func (m *Mapper) Version() ([3]uint32, error) {
	buf, err := m.do("DM_VERSION", unix.DM_VERSION, request{})
	if err != nil {
		return [3]uint32{}, err
	}
	return [3]uint32{u32(buf, 0), u32(buf, 4), u32(buf, 8)}, nil
}

// TargetVersion is that of a type of target, such as "crypt"; ok is false when the kernel has none, or has not loaded its module.
func (m *Mapper) TargetVersion(name string) (version [3]uint32, ok bool, err error) {
	buf, err := m.do("DM_LIST_VERSIONS", unix.DM_LIST_VERSIONS, request{room: minMapperBuffer})
	if err != nil {
		return version, false, err
	}
	err = eachRecord(payload(buf), 16, func(r []byte) {
		if text(r[16:]) == name {
			version, ok = [3]uint32{u32(r, 4), u32(r, 8), u32(r, 12)}, true
		}
	}, 0)
	return version, ok, err
}

// List gives the names of all mappings.
func (m *Mapper) List() ([]MapperDevice, error) {
	buf, err := m.do("DM_LIST_DEVICES", unix.DM_LIST_DEVICES, request{room: minMapperBuffer})
	if err != nil {
		return nil, err
	}
	var list []MapperDevice
	err = eachRecord(payload(buf), 12, func(r []byte) {
		if dev := binary.NativeEndian.Uint64(r); dev != 0 { // one record of zeros stands for none
			d := MapperDevice{Name: text(r[12:])}
			d.Major, d.Minor = mapperNumber(dev)
			list = append(list, d)
		}
	}, 8)
	return list, err
}

// Create makes a mapping without a table; uuid may be "". Only when a table is loaded and Resume called can it be used.
func (m *Mapper) Create(name, uuid string) (MapperDevice, error) {
	if name == "" || len(uuid) >= dmUUIDLen || strings.ContainsAny(uuid, "/\x00") {
		return MapperDevice{}, fmt.Errorf("device-mapper: a mapping %q with the UUID %q: neither may be longer than the kernel takes, the name not empty", name, uuid)
	}
	return m.device("DM_DEV_CREATE", unix.DM_DEV_CREATE, request{name: name, uuid: uuid})
}

// Load loads a table, which Resume puts to use.
func (m *Mapper) Load(name string, table []MapperTarget, how MapperLoad) error {
	if len(table) == 0 || len(table) > maxTargets {
		return fmt.Errorf("device-mapper: %s: a table of %d targets", name, len(table))
	}
	r := request{name: name, count: uint32(len(table)), secret: how.Secret}
	if how.ReadOnly {
		r.flags |= dmReadOnly
	}
	if how.Secret {
		r.flags |= dmSecure
	}
	data, err := encodeTable(table)
	if err != nil {
		return fmt.Errorf("device-mapper: %s: %w", name, err)
	}
	if how.Secret {
		defer clear(data)
	}
	r.data = data
	_, err = m.do("DM_TABLE_LOAD", unix.DM_TABLE_LOAD, r)
	return err
}

// Resume puts the loaded table to use, and lets requests through again. udev are flags for udev, MapperPrimary and its like.
func (m *Mapper) Resume(name string, udev uint16) error {
	_, err := m.do("DM_DEV_SUSPEND", unix.DM_DEV_SUSPEND, request{name: name, event: uint32(udev) << 16})
	return err
}

// Suspend holds requests back. A quick one neither freezes a file system on the mapping nor waits for requests that are queued.
func (m *Mapper) Suspend(name string, quick bool) error {
	r := request{name: name, flags: dmSuspend}
	if quick {
		r.flags |= dmNoLockFS | dmNoFlush
	}
	_, err := m.do("DM_DEV_SUSPEND", unix.DM_DEV_SUSPEND, r)
	return err
}

// Rename gives a mapping another name.
func (m *Mapper) Rename(name, newName string, udev uint16) error {
	if newName == "" || len(newName) >= dmNameLen || strings.ContainsAny(newName, "/\x00") {
		return fmt.Errorf("device-mapper: %s: the new name %q cannot be one of a node", name, newName)
	}
	_, err := m.do("DM_DEV_RENAME", unix.DM_DEV_RENAME, request{name: name, event: uint32(udev) << 16, data: append([]byte(newName), 0)})
	return err
}

// Remove takes a mapping away. A deferred one goes when the last who has it open closes it; otherwise that is EBUSY.
func (m *Mapper) Remove(name string, deferred bool) error {
	r := request{name: name}
	if deferred {
		r.flags |= dmDeferred
	}
	_, err := m.do("DM_DEV_REMOVE", unix.DM_DEV_REMOVE, r)
	return err
}

// Keep takes a deferred Remove back.
func (m *Mapper) Keep(name string) error {
	const message = "@cancel_deferred_remove"
	_, err := m.do("DM_TARGET_MSG", unix.DM_TARGET_MSG, request{name: name, data: append(make([]byte, 8), message+"\x00"...)}) // struct dm_target_msg: the sector, and the text
	return err
}

// Device says what the kernel knows of a mapping; the error is fs.ErrNotExist when there is none of this name.
func (m *Mapper) Device(name string) (MapperDevice, error) {
	return m.device("DM_DEV_STATUS", unix.DM_DEV_STATUS, request{name: name})
}

// Table gives the table in use; the key of a crypt target stands in it unless it came from a keyring. Status gives the state of each target instead.
func (m *Mapper) Table(name string) ([]MapperTarget, error) {
	return m.targets(name, dmTable|dmNoFlush)
}

// Status gives for each target of the table in use its state, as text of its own.
func (m *Mapper) Status(name string) ([]MapperTarget, error) { return m.targets(name, dmNoFlush) }

func (m *Mapper) targets(name string, flags uint32) ([]MapperTarget, error) {
	buf, err := m.do("DM_TABLE_STATUS", unix.DM_TABLE_STATUS, request{name: name, flags: flags, room: minMapperBuffer})
	if err != nil {
		return nil, err
	}
	return decodeTable(payload(buf), u32(buf, dmCount))
}

func (m *Mapper) device(call string, command uintptr, r request) (MapperDevice, error) {
	buf, err := m.do(call, command, r)
	if err != nil {
		return MapperDevice{}, err
	}
	flags := u32(buf, dmFlags)
	d := MapperDevice{
		Name: text(buf[dmName : dmName+dmNameLen]), UUID: text(buf[dmUUID : dmUUID+dmUUIDLen]),
		OpenCount: int(int32(u32(buf, dmOpen))), Targets: int(u32(buf, dmCount)),
		Active: flags&dmActive != 0, Loaded: flags&dmInactive != 0, Suspended: flags&dmSuspend != 0, ReadOnly: flags&dmReadOnly != 0,
		Leaving: flags&dmDeferred != 0,
	}
	d.Major, d.Minor = mapperNumber(binary.NativeEndian.Uint64(buf[dmDev:]))
	return d, nil
}
