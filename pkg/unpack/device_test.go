package unpack

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestDevice: what fits is written from the front, and no byte behind the end
// or behind the data is touched.
func TestDevice(t *testing.T) {
	data := sample(2*chunk + 1000)
	file := write(t, "initrd.gz", pack(t, "gzip -c", data))
	for _, room := range []int{0, 1, 1000, chunk, len(data) - 1, len(data), len(data) + 5000} {
		old := bytes.Repeat([]byte{0xa5}, room)
		dev := write(t, "ram0", old)
		n, err := Device(file, dev)
		got, _ := os.ReadFile(dev)
		fits := min(room, len(data))
		if len(got) != room || !bytes.Equal(got[:fits], data[:fits]) || !bytes.Equal(got[fits:], old[fits:]) || n != int64(fits) {
			t.Errorf("room for %d: %d written, the device has %d bytes", room, n, len(got))
		}
		if (err == nil) != (room >= len(data)) || err != nil && !strings.Contains(err.Error(), "the file holds more") {
			t.Errorf("room for %d: %v", room, err)
		}
	}
}

// TestErrors: each names the file and what is wrong, on one line.
func TestErrors(t *testing.T) {
	data := sample(5000)
	packed := pack(t, "gzip -c", data)
	good := write(t, "good", packed)
	cut := write(t, "cut", packed[:len(packed)-9])
	bad := write(t, "bad", append(bytes.Clone(packed[:len(packed)-8]), make([]byte, 8)...))
	cpio := write(t, "cpio", []byte("070701"))
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	small, large := write(t, "small", make([]byte, 4999)), write(t, "large", make([]byte, 9000))
	for _, tt := range []struct {
		file, device string // no device: the size, at most limit bytes
		limit        int64
		want         string
	}{
		{good, "", 5000, ""},
		{good, "", 4999, good + ": gzip: it holds more than 4999 bytes"},
		{good, large, 0, ""},
		{good, small, 0, small + " has room for 4999 bytes: the file holds more"},
		{cut, "", 9000, cut + ": gzip: it is cut off: byte "},
		{bad, large, 0, bad + ": gzip: it is damaged, at byte "},
		{cpio, "", 9000, cpio + ": unknown format, it begins with the bytes 30 37 30 37 30 31: known are"},
		{good, "/no/such", 0, "/no/such"},
		{"/no/such", large, 0, "/no/such"},
		{good, good, 0, "one and the same"},
		{good, fifo, 0, "neither a file nor a block device"},
		{fifo, large, 0, "neither a file nor a block device"},
		{good, "/dev/null", 0, "neither a file nor a block device"},
		{good, t.TempDir(), 0, "neither a file nor a block device"},
	} {
		n, err := int64(0), error(nil)
		if tt.device == "" {
			n, err = Size(tt.file, tt.limit)
		} else {
			n, err = Device(tt.file, tt.device)
		}
		if tt.want == "" {
			if err != nil || n != 5000 {
				t.Errorf("%s to %q: %d, %v", tt.file, tt.device, n, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s to %q: %v, want %q", tt.file, tt.device, err, tt.want)
		}
	}
}
