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

// TestCommand: statuses, and one line that names the file and what is wrong.
func TestCommand(t *testing.T) {
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
		args           []string
		status         int
		stdout, stderr string
	}{
		{[]string{"--size", good}, 0, "5000\n", ""},
		{[]string{"--size", "--limit", "5000", good}, 0, "5000\n", ""},
		{[]string{"--size", "--limit=4999", good}, 1, "", "unpack: " + good + ": gzip: it holds more than 4999 bytes: give a larger --limit\n"},
		{[]string{good, large}, 0, "", ""},
		{[]string{"--", good, large}, 0, "", ""},
		{[]string{good, small}, 1, "", small + " has room for 4999 bytes: the file holds more\n"},
		{[]string{"--size", cut}, 1, "", "unpack: " + cut + ": gzip: it is cut off: byte "},
		{[]string{bad, large}, 1, "", "unpack: " + bad + ": gzip: it is damaged, at byte "},
		{[]string{"--size", cpio}, 1, "", "unpack: " + cpio + ": unknown format, it begins with the bytes 30 37 30 37 30 31: known are"},
		{[]string{good, "/no/such"}, 1, "", "/no/such"},
		{[]string{"/no/such", large}, 1, "", "/no/such"},
		{[]string{good, good}, 1, "", "one and the same"},
		{[]string{good, fifo}, 1, "", "neither a file nor a block device"},
		{[]string{fifo, large}, 1, "", "neither a file nor a block device"},
		{[]string{good, "/dev/null"}, 1, "", "neither a file nor a block device"},
		{[]string{good, t.TempDir()}, 1, "", "neither a file nor a block device"},
		{nil, 2, "", "usage:"},
		{[]string{good}, 2, "", "usage:"},
		{[]string{"--size", good, large}, 2, "", "usage:"},
		{[]string{"--limit", "x", "--size", good}, 2, "", "a number of bytes"},
		{[]string{"--limit", "-1", "--size", good}, 2, "", "a number of bytes"},
		{[]string{"--sise", good}, 2, "", `"--sise" is no option`},
	} {
		var stdout, stderr bytes.Buffer
		status := Command(tt.args, &stdout, &stderr)
		if status != tt.status || stdout.String() != tt.stdout || !strings.Contains(stderr.String(), tt.stderr) || tt.stderr == "" && stderr.Len() > 0 {
			t.Errorf("%q: status %d, %q, %q", tt.args, status, stdout.String(), stderr.String())
		}
		if status == 1 && strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%q: not one line: %q", tt.args, stderr.String())
		}
	}
}
