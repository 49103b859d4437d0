package linux

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// The bytes of the ioctls of Mapper: linux/dm-ioctl.h. What the kernel answers is believed no further than the buffer.

// What linux/dm-ioctl.h lays down and x/sys/unix lacks.
const (
	dmHeader   = unix.SizeofDmIoctl      // struct dm_ioctl
	dmSpec     = unix.SizeofDmTargetSpec // struct dm_target_spec
	dmNameLen  = 128
	dmUUIDLen  = 129
	dmTypeLen  = 16
	dmReadOnly = 1 << 0
	dmSuspend  = 1 << 1
	dmTable    = 1 << 4
	dmActive   = 1 << 5
	dmInactive = 1 << 6
	dmFull     = 1 << 8
	dmNoLockFS = 1 << 10
	dmNoFlush  = 1 << 11
	dmSecure   = 1 << 15
	dmDeferred = 1 << 17

	// Offsets in struct dm_ioctl.
	dmDataSize, dmDataStart, dmCount, dmOpen, dmFlags, dmEvent, dmDev, dmName, dmUUID = 12, 16, 20, 24, 28, 32, 40, 48, 176

	minMapperBuffer = 16 << 10
	maxMapperBuffer = 1 << 20
	maxTargets      = 1024
)

// request is what an ioctl is called with; room is for an answer longer than the data.
type request struct {
	name, uuid          string
	flags, event, count uint32
	data                []byte
	room                int
	secret              bool
}

// do calls the kernel, with a larger buffer as long as the answer does not fit.
func (m *Mapper) do(call string, command uintptr, r request) ([]byte, error) {
	if len(r.name) >= dmNameLen || strings.ContainsAny(r.name, "/\x00") {
		return nil, fmt.Errorf("device-mapper: the name %q cannot be one of a node; write 1 to 127 bytes without a slash", r.name)
	}
	for room := max(r.room, len(r.data)); ; room *= 4 {
		buf := r.encode(room)
		err := m.call(command, buf)
		if r.secret {
			clear(buf)
		}
		switch {
		case err == unix.ENXIO:
			return nil, fmt.Errorf("device-mapper: %s: %w", r.name, fs.ErrNotExist)
		case err != nil:
			return nil, fmt.Errorf("device-mapper: %s: %w", r.name, os.NewSyscallError(call, err))
		case u32(buf, dmFlags)&dmFull == 0:
			return buf, nil
		case room*4 > maxMapperBuffer || r.room == 0:
			return nil, fmt.Errorf("device-mapper: %s: %s: the answer is longer than %d bytes", r.name, call, room)
		}
	}
}

// encode lays out the struct dm_ioctl with its data.
func (r request) encode(room int) []byte {
	buf := make([]byte, dmHeader+room)
	order := binary.NativeEndian
	order.PutUint32(buf[0:], 4) // the version of the interface, 4.0.0: what every kernel serves
	order.PutUint32(buf[dmDataSize:], uint32(len(buf)))
	order.PutUint32(buf[dmDataStart:], dmHeader)
	order.PutUint32(buf[dmCount:], r.count)
	order.PutUint32(buf[dmFlags:], r.flags)
	order.PutUint32(buf[dmEvent:], r.event)
	copy(buf[dmName:dmName+dmNameLen-1], r.name)
	copy(buf[dmUUID:dmUUID+dmUUIDLen-1], r.uuid)
	copy(buf[dmHeader:], r.data)
	return buf
}

// encodeTable lays out the targets, each a struct dm_target_spec and its parameters with a NUL, and the next at a multiple of eight.
func encodeTable(table []MapperTarget) ([]byte, error) {
	size := 0
	for _, t := range table {
		switch {
		case t.Type == "" || len(t.Type) >= dmTypeLen || strings.IndexByte(t.Type, 0) >= 0:
			return nil, fmt.Errorf("target type %q", t.Type)
		case bytes.IndexByte(t.Params, 0) >= 0 || t.Length == 0:
			return nil, fmt.Errorf("target %s: a zero byte among its parameters, or no length", t.Type)
		}
		if size += specSize(t); size > maxMapperBuffer {
			return nil, fmt.Errorf("a table longer than %d bytes", maxMapperBuffer)
		}
	}
	data := make([]byte, size)
	order := binary.NativeEndian
	for at, rest := 0, table; len(rest) > 0; rest = rest[1:] {
		t := rest[0]
		order.PutUint64(data[at:], t.Start)
		order.PutUint64(data[at+8:], t.Length)
		order.PutUint32(data[at+20:], uint32(specSize(t)))
		copy(data[at+24:], t.Type)
		copy(data[at+dmSpec:], t.Params)
		at += specSize(t)
	}
	return data, nil
}

func specSize(t MapperTarget) int { return (dmSpec + len(t.Params) + 1 + 7) &^ 7 }

// decodeTable reads count targets; here each says where the next one begins, seen from the first.
func decodeTable(data []byte, count uint32) ([]MapperTarget, error) {
	var table []MapperTarget
	order := binary.NativeEndian
	for at := 0; count > 0; count-- {
		if len(table) == maxTargets || at+dmSpec > len(data) {
			return nil, fmt.Errorf("device-mapper: target %d lies outside of the kernel's answer", len(table))
		}
		next := int(order.Uint32(data[at+20:]))
		if next < at+dmSpec || next > len(data) {
			if count > 1 {
				return nil, fmt.Errorf("device-mapper: target %d leads nowhere", len(table))
			}
			next = len(data)
		}
		t := MapperTarget{Start: order.Uint64(data[at:]), Length: order.Uint64(data[at+8:]), Type: text(data[at+24 : at+24+dmTypeLen])}
		t.Params, _, _ = bytes.Cut(data[at+dmSpec:next], []byte{0})
		table = append(table, t)
		at = next
	}
	return table, nil
}

// eachRecord calls f for each record of a list: a header of some bytes, in which the 32 bits at an offset say how far the next record is, 0 for the last.
func eachRecord(data []byte, header int, f func(record []byte), nextAt int) error {
	if len(data) == 0 {
		return nil
	}
	for at := 0; ; {
		if at+header > len(data) {
			return errors.New("device-mapper: a record lies outside of the kernel's answer")
		}
		next := int(u32(data, at+nextAt))
		if next == 0 {
			f(data[at:])
			return nil
		}
		if next < header || next > len(data)-at {
			return errors.New("device-mapper: a record leads outside of the kernel's answer")
		}
		f(data[at : at+next])
		at += next
	}
}

// payload is what follows the header of an answer; the kernel says where it begins and how much is used.
func payload(buf []byte) []byte {
	start, end := int(u32(buf, dmDataStart)), int(u32(buf, dmDataSize))
	if start < 0 || start > len(buf) || end < start || end > len(buf) {
		return nil
	}
	return buf[start:end]
}

func u32(buf []byte, at int) uint32 { return binary.NativeEndian.Uint32(buf[at:]) }

// text is a field up to its NUL.
func text(field []byte) string {
	field, _, _ = bytes.Cut(field, []byte{0})
	return string(field)
}

// mapperNumber parts a device number as the kernel's huge_decode_dev (include/linux/kdev_t.h).
func mapperNumber(dev uint64) (major, minor uint32) {
	return uint32(dev&0xfff00) >> 8, uint32(dev&0xff | dev>>12&0xfff00)
}
