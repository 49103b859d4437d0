package linux

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Requests of virtual terminals: include/uapi/linux/kd.h, which x/sys/unix lacks.
const (
	kdSkbMode     = 0x4b45
	kdSkbEnt      = 0x4b47
	kdSkbSent     = 0x4b49
	kdSkbDiacrUC  = 0x4bfb
	kdFontOp      = 0x4b72
	pioUnimap     = 0x4b67
	pioUnimapClr  = 0x4b68
	kUnicode      = 3 // K_UNICODE
	maxDiacritics = 256
)

// VT is an open virtual terminal.
type VT struct{ *os.File }

// OpenVT opens a virtual terminal without making it the controlling one.
func OpenVT(path string) (*VT, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return &VT{os.NewFile(uintptr(fd), path)}, nil
}

// ioctl calls with a pointer; what a field of *arg points to is kept alive by it.
func (v *VT) ioctl(request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, v.Fd(), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// SetUnicode makes the keyboard of this terminal give UTF-8 (KDSKBMODE) and its screen take it (ESC % G of
// console_codes(4)).
func (v *VT) SetUnicode() error {
	if err := unix.IoctlSetInt(int(v.Fd()), kdSkbMode, kUnicode); err != nil {
		return err
	}
	_, err := v.WriteString("\x1b%G")
	return err
}

// SetKey sets one entry of the kernel's keymap (KDSKBENT, struct kbentry).
func (v *VT) SetKey(table, key uint8, value uint16) error {
	entry := struct {
		table, key uint8
		value      uint16
	}{table, key, value}
	return v.ioctl(kdSkbEnt, unsafe.Pointer(&entry))
}

// SetDiacritics replaces the kernel's accent table (KDSKBDIACRUC, struct kbdiacrsuc); what goes past its 256 is left out.
func (v *VT) SetDiacritics(list [][3]uint32) error {
	table := struct {
		count uint32
		list  [maxDiacritics][3]uint32
	}{}
	table.count = uint32(copy(table.list[:], list))
	return v.ioctl(kdSkbDiacrUC, unsafe.Pointer(&table))
}

// SetString sets what a function key types (KDSKBSENT, struct kbsentry), at most 511 bytes without a NUL.
func (v *VT) SetString(key uint8, text []byte) error {
	entry := struct {
		key  uint8
		text [512]byte
	}{key: key}
	copy(entry.text[:511], text)
	return v.ioctl(kdSkbSent, unsafe.Pointer(&entry))
}

// SetFont sets the font of this terminal (KDFONTOP with KD_FONT_OP_SET, struct console_font_op): count glyphs of
// 32 rows each, of which height are used.
func (v *VT) SetFont(width, height, count int, glyphs []byte) error {
	if len(glyphs) < count*32*((width+7)/8) || count == 0 {
		return unix.EINVAL
	}
	op := struct {
		op, flags, width, height, count uint32
		data                            *byte
	}{width: uint32(width), height: uint32(height), count: uint32(count), data: &glyphs[0]}
	return v.ioctl(kdFontOp, unsafe.Pointer(&op))
}

// SetUnicodeMap replaces the table that gives each character its glyph (PIO_UNIMAPCLR, PIO_UNIMAP, struct unimapdesc).
func (v *VT) SetUnicodeMap(pairs [][2]uint16) error {
	if len(pairs) == 0 || len(pairs) > 1<<16-1 {
		return unix.EINVAL
	}
	var hints struct{ size, step, level uint16 } // struct unimapinit
	if err := v.ioctl(pioUnimapClr, unsafe.Pointer(&hints)); err != nil {
		return err
	}
	desc := struct {
		count uint16
		pairs *[2]uint16
	}{uint16(len(pairs)), &pairs[0]}
	return v.ioctl(pioUnimap, unsafe.Pointer(&desc))
}
