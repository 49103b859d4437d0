// Package unlock opens LUKS volumes: what cmd/unlock, the helper of an image, does. It knows pkg/luks, which judges headers and opens key slots, and the kernel's device-mapper and keyring. It is a
// process of its own: whoever starts it sees no key and no passphrase, and erases it when it is through (linux.Erase).
package unlock

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/luks"
)

// Volume is a volume that is to be opened.
type Volume struct {
	Name, Node string
	Header     File     // the file or device with the header; the zero value is the volume itself
	Flags      []string // of the mapping, named as in a header: "allow-discards"
	Slots      []int    // only these; none are all
	ReadOnly   bool
	Keys       []KeyFile
	// Tries is after how many wrong passphrases it stays closed; 0 is never.
	Tries int
	// Timeout is how long a passphrase is waited for in all; 0 is for ever.
	Timeout time.Duration
	// TryEmpty tries the empty passphrase before anybody is asked. Headless asks nobody.
	TryEmpty, Headless bool
}

// File is one of the image, or of the file system of a type on a device: there no link and no ".." leads out of it. A path under /dev is a device.
type File struct{ Path, On, Type string }

// String is the file, for people.
func (f File) String() string {
	if f.On != "" {
		return f.Path + " on " + f.On
	}
	return f.Path
}

// KeyFile is a file with a key, and which part of it is the key, in bytes; a Size of 0 is the rest. Of an optional one nobody is told that it is not there.
type KeyFile struct {
	File
	Offset, Size int64
	Optional     bool
}

// Disk is an open block device, or a file that stands for one.
type Disk interface {
	io.ReaderAt
	io.Closer
	Geometry() (size int64, sector int)
	// Number is the device number, as text: "254:0".
	Number() string
}

// Mapper is the device-mapper; *linux.Mapper is the kernel's.
type Mapper interface {
	Create(name, uuid string) (linux.MapperDevice, error)
	Load(name string, table []linux.MapperTarget, how linux.MapperLoad) error
	Resume(name string, udev uint16) error
	Remove(name string, deferred bool) error
	Device(name string) (linux.MapperDevice, error)
}

// Machine is what unlocking asks of the machine.
type Machine struct {
	Open func(node string) (Disk, error)
	// OpenFile opens a regular file.
	OpenFile func(File) (Disk, error)
	Mapper   Mapper
	// WithKey calls f while the kernel's keyring holds the key under that description (linux.WithLogonKey).
	WithKey func(description string, key []byte, f func() error) error
	Kernel  luks.Kernel
	// HasCipher says why the kernel cannot encrypt by an algorithm; it may be nil.
	HasCipher func(algorithm string) error
	// Cryptsetup opens what is correct and not done here; nil where the image has none.
	Cryptsetup Cryptsetup
	// Memory is what there is for a key derivation, in KiB; 0 is no bound.
	Memory func() int64
	// Ask asks on all consoles for a line that nobody sees.
	Ask func(ctx context.Context, prompt string, into *linux.SecretMemory) error
	// Keep keeps a passphrase that was right for volumes that come later, Kept gives it; both may be nil.
	Keep func(secret []byte) error
	Kept func(into *linux.SecretMemory) error
	// Say takes a line on what was done, Lack one on what is wrong.
	Say, Lack func(line string)
}

// opener is the work on a set of volumes.
type opener struct {
	Machine
	any    bool // one will do
	opened int
	closed []*volume
}

// volume is one that is still closed.
type volume struct {
	Volume
	data   Disk
	areas  Disk // where the header lies
	header *luks.Header
	table  *luks.Table
}

func (o *opener) say(format string, args ...any)  { o.Say(fmt.Sprintf(format, args...)) }
func (o *opener) lack(format string, args ...any) { o.Lack(fmt.Sprintf(format, args...)) }

// read reads the headers and judges them with their devices, before anybody is asked. What cannot be opened is said, and left out.
func (o *opener) read(volumes []Volume) {
	for _, v := range volumes {
		w := &volume{Volume: v}
		err := o.readOne(w)
		if o.isForeign(err) {
			o.say("%s (%s): %v: cryptsetup of the image opens it", v.Name, v.Node, err)
			w.header = nil
			o.closed = append(o.closed, w)
			continue
		}
		if err != nil {
			if !errors.Is(err, errOpen) {
				o.lack("%s (%s): %v", v.Name, v.Node, err)
			}
			w.close()
			continue
		}
		for _, note := range w.header.Notes {
			o.say("%s (%s): %s", v.Name, v.Node, note)
		}
		o.closed = append(o.closed, w)
	}
}

func (o *opener) readOne(v *volume) (err error) {
	if v.data, err = o.Open(v.Node); err != nil {
		return err
	}
	v.areas = v.data
	if v.Header.Path != "" {
		if v.areas, err = o.openHeader(v.Header); err != nil {
			return fmt.Errorf("header %s: %w", v.Header, err)
		}
	}
	size, _ := v.areas.Geometry()
	if v.header, err = luks.Read(v.areas, size); err != nil {
		return err
	}
	if err := errors.Join(o.nameIsFree(v), o.ciphersAreThere(v)); err != nil {
		return err
	}
	size, _ = v.data.Geometry()
	v.table, err = v.header.Table(size, v.Header.Path != "", v.Flags...)
	return err
}

// errOpen says that a volume is open already.
var errOpen = errors.New("it is open already")

// nameIsFree refuses a name that a mapping has.
func (o *opener) nameIsFree(v *volume) error {
	d, err := o.Mapper.Device(v.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case d.UUID == v.header.DMUUID(v.Name):
		return errOpen
	}
	return fmt.Errorf("there is a mapping of the name %s already, of something else (its UUID is %q)", v.Name, d.UUID)
}

// ciphersAreThere wants every cipher of the volume, before anybody is asked.
func (o *opener) ciphersAreThere(v *volume) (err error) {
	if o.HasCipher == nil {
		return nil
	}
	for _, name := range v.header.Algorithms() {
		err = errors.Join(err, o.HasCipher(name))
	}
	return err
}

// openHeader opens what holds a header.
func (o *opener) openHeader(f File) (Disk, error) {
	if f.On == "" && strings.HasPrefix(f.Path, "/dev/") {
		return o.Open(f.Path)
	}
	return o.OpenFile(f)
}

func (v *volume) close() {
	for _, d := range []Disk{v.data, v.areas} {
		if d != nil {
			d.Close()
		}
	}
}

// tryAll tries a secret on every volume that is closed, and says how many it has opened. A volume that fails for another reason than the secret is said, and is given up.
func (o *opener) tryAll(ctx context.Context, secret []byte, volumes []*volume) (opened int) {
	for _, v := range volumes {
		switch err := o.try(ctx, v, secret); {
		case err == nil:
			opened++
			o.opened++
			o.say("%s is open: /dev/mapper/%s", v.Node, v.Name)
			o.drop(v)
		case errors.Is(err, luks.ErrPassphrase):
		case ctx.Err() != nil:
			return opened
		default:
			o.lack("%s (%s): %v", v.Name, v.Node, err)
			o.drop(v)
		}
	}
	return opened
}

// drop takes a volume out of those that are closed.
func (o *opener) drop(v *volume) {
	for i, w := range o.closed {
		if w == v {
			v.close()
			o.closed = append(o.closed[:i:i], o.closed[i+1:]...)
			return
		}
	}
}

// try opens a volume by a secret.
func (o *opener) try(ctx context.Context, v *volume, secret []byte) error {
	if v.header == nil {
		return o.Cryptsetup(ctx, v.Volume, secret)
	}
	options := luks.Options{Slots: v.Slots, Kernel: o.Kernel}
	if o.Memory != nil {
		options.MaxMemory = o.Memory()
	}
	key, err := v.header.Unlock(ctx, v.areas, secret, options)
	if err != nil {
		return err
	}
	defer key.Wipe()
	return o.mapVolume(v, key.Key)
}

// mapVolume makes the mapping. The kernel gets the key by a keyring, where no table shows it; a kernel without gets it in the table.
func (o *opener) mapVolume(v *volume, key []byte) (err error) {
	if _, err := o.Mapper.Create(v.Name, v.header.DMUUID(v.Name)); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Mapper.Remove(v.Name, false))
		}
	}()
	description := v.header.KeyDescription()
	name := ":" + strconv.Itoa(len(key)) + ":logon:" + description
	err = o.WithKey(description, key, func() error { return o.load(v, []byte(name), false) })
	if err != nil {
		digits := hex.AppendEncode(nil, key)
		err = o.load(v, digits, true)
		clear(digits)
	}
	if err != nil {
		return err
	}
	return o.Mapper.Resume(v.Name, 0)
}

// load gives a mapping its table.
func (o *opener) load(v *volume, key []byte, secret bool) error {
	params := v.table.AppendParams(make([]byte, 0, 512), key, v.data.Number()) // room for all: what grows leaves copies behind
	defer clear(params)
	target := linux.MapperTarget{Length: v.table.Sectors, Type: "crypt", Params: params}
	return o.Mapper.Load(v.Name, []linux.MapperTarget{target}, linux.MapperLoad{ReadOnly: v.ReadOnly, Secret: secret})
}
