package linuxtest

import (
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// swapHeader writes the page of a swap header (include/linux/swap.h). The word suspended on the line of the disk makes it one of a
// suspended session, uswsusp one that a program has suspended; by the word stale the kernel finds that it does not fit and
// discards it, by the word busy the kernel does not even open the device.
func swapHeader(m *image, d *disk, offset int64) {
	head := make([]byte, 44) // version, last page, bad pages, UUID, label
	head[0], head[5] = 1, 1
	id, _ := hex.DecodeString(strings.ReplaceAll(d.attr["uuid"], "-", ""))
	copy(head[12:28], id)
	copy(head[28:], d.attr["label"])
	m.put(offset+1024, head)
	signature := "SWAPSPACE2"
	switch {
	case d.is("suspended"):
		signature = "S1SUSPEND\x00"
	case d.is("uswsusp"):
		signature = "ULSUSPEND\x00"
	}
	m.put(signatureAt(offset), []byte(signature))
}

func signatureAt(offset int64) int64 { return offset + int64(os.Getpagesize()) - 10 }

// swapFile is where the header of a swap file lies on a disk: the key swapfile, in pages.
func (d *disk) swapFile() (offset int64, ok bool) {
	n, err := strconv.ParseInt(d.attr["swapfile"], 10, 64)
	return n * int64(os.Getpagesize()), err == nil
}

// power makes /sys/power.
func (m *Machine) power() {
	m.files.write("sys/power/disk", "[platform] shutdown reboot\n")
	m.tellMounts()
}

// writeSys is a write to an attribute of /sys. When a session is resumed, this system is no more.
func (m *Machine) writeSys(path, text string) error {
	m.note("echo %s > %s", text, path)
	switch path {
	case "/sys/power/resume_offset":
		n, err := strconv.ParseInt(text, 10, 64)
		m.resumeOffset = n * int64(os.Getpagesize())
		return err
	case "/sys/power/resume":
		return m.resume(text)
	}
	return &os.PathError{Op: "open", Path: path, Err: syscall.ENOENT}
}

// resume is kernel/power/hibernate.c: the signature goes before the image is judged, and the write does not fail.
func (m *Machine) resume(number string) error {
	for _, d := range m.disks {
		if !d.present || number != "259:"+strconv.Itoa(d.number) || d.is("busy") {
			continue
		}
		at := make([]byte, 10)
		if _, err := d.image.ReadAt(at, signatureAt(m.resumeOffset)); err != nil || string(at) != "S1SUSPEND\x00" {
			return nil
		}
		if !d.is("stale") {
			m.end("resumed from %s", d.name)
			runtime.Goexit()
		}
		d.image.put(signatureAt(m.resumeOffset), []byte("SWAPSPACE2"))
		now := time.Since(m.began).Seconds()
		fmt.Fprintf(&m.said, "<6>[%12.6f] PM: Image signature found, resuming\n<3>[%12.6f] PM: Image mismatch: memory size\n", now, now)
	}
	return nil
}

// kernelLog is the kernel's part of the log.
func (m *Machine) kernelLog() string { return m.said.String() }
