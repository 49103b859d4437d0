package unpack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// chunk is what is unpacked and written at once, in bytes: whole pages, so
// that no write makes the device read.
const chunk = 256 << 10

// Size counts the unpacked bytes of a file by unpacking it, which proves that
// it is whole. No trailer is taken at its word: that of gzip has 32 bits and
// speaks of its last member, those of zstd and lz4 may be missing. More than
// limit bytes are an error. Errors name the file.
func Size(file string, limit int64) (int64, error) {
	f, z, err := open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, io.LimitReader(z, limit), make([]byte, chunk))
	if err == nil {
		err = atEnd(z, fmt.Errorf("%s: it holds more than %d bytes: give a larger --limit", z.Format(), limit))
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	return n, nil
}

// Device unpacks a file onto a block device, or a file that stands for one,
// and brings it to the medium. It writes from the first byte on, makes nothing
// longer, and gives how many bytes it has written. The device must exist and
// not be in use. Errors name the file or the device.
func Device(file, device string) (int64, error) {
	f, z, err := open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if same(file, device) {
		return 0, fmt.Errorf("%s and %s are one and the same", file, device)
	}
	d, room, err := openDevice(device)
	if err != nil {
		return 0, err
	}
	n, err := fill(d, device, z, room)
	if err == nil {
		if err = d.Sync(); err != nil {
			err = fmt.Errorf("%s: %w", device, err)
		}
	} else if !errors.As(err, new(*fs.PathError)) { // those name the device
		err = fmt.Errorf("%s: %w", file, err)
	}
	if e := d.Close(); err == nil {
		err = e
	}
	return n, err
}

func open(file string) (*os.File, *Reader, error) {
	if err := checkKind(file); err != nil {
		return nil, nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	z, err := NewReader(f)
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return f, z, nil
}

func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// checkKind refuses what could make an open wait for ever.
func checkKind(name string) error {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeDevice {
		err = fmt.Errorf("%s is neither a file nor a block device", name)
	}
	return err
}

// openDevice opens what is there and gives its size in bytes. With O_EXCL and
// without O_CREAT a block device that is mounted says EBUSY (open(2)).
func openDevice(device string) (*os.File, int64, error) {
	if err := checkKind(device); err != nil {
		return nil, 0, err
	}
	d, err := os.OpenFile(device, os.O_WRONLY|os.O_EXCL, 0)
	if errors.Is(err, syscall.EBUSY) {
		return nil, 0, fmt.Errorf("%s is in use (mounted, or part of another device): %w", device, err)
	}
	if err != nil {
		return nil, 0, err
	}
	room, err := d.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = d.Seek(0, io.SeekStart)
	}
	if err != nil {
		d.Close()
		return nil, 0, err
	}
	return d, room, nil
}

// fill copies at most room bytes; that there are more is an error.
func fill(d io.Writer, device string, z *Reader, room int64) (n int64, err error) {
	buf := make([]byte, chunk)
	for n < room {
		got, err := io.ReadFull(z, buf[:min(chunk, room-n)])
		wrote, e := d.Write(buf[:got])
		n += int64(wrote)
		switch {
		case e != nil:
			return n, e
		case err == io.EOF, err == io.ErrUnexpectedEOF:
			return n, nil
		case err != nil:
			return n, err
		}
	}
	return n, atEnd(z, fmt.Errorf("%s has room for %d bytes: the file holds more", device, room))
}

// atEnd is nil if nothing more comes, and else full or what is wrong.
func atEnd(z *Reader, full error) error {
	_, err := io.ReadFull(z, make([]byte, 1))
	switch err {
	case nil:
		return full
	case io.EOF:
		return nil
	}
	return err
}
