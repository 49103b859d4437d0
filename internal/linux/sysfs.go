package linux

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// WriteSys writes an attribute of /sys in one write(2), as attributes want it; it makes no file.
func WriteSys(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

// KernelSays begins to listen to the kernel's log. What it returns gives the messages that the kernel itself has written
// since, as "<LEVEL>TEXT", and ends the listening; programs' messages are left out.
func KernelSays() (heard func() []string) {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return func() []string { return nil }
	}
	_, _ = unix.Seek(fd, 0, unix.SEEK_END)
	return func() []string {
		defer unix.Close(fd)
		return readRecords(fd)
	}
}

// maxRecord is what the kernel hands out at most at once (PRINTK_MESSAGE_MAX, kernel/printk/internal.h).
const maxRecord = 8192

// readRecords reads until nothing is left. EPIPE says that the oldest were overwritten: the next read goes on behind them.
func readRecords(fd int) []string {
	var messages []string
	buf := make([]byte, maxRecord)
	for {
		n, err := unix.Read(fd, buf)
		switch {
		case err == unix.EPIPE || err == unix.EINTR:
		case err != nil || n <= 0:
			return messages
		default:
			if m, kernel := parseRecord(string(buf[:n])); kernel {
				messages = append(messages, m)
			}
		}
	}
}

// parseRecord takes a record of /dev/kmsg apart: "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT", a line feed, properties (Documentation/ABI/testing/
// dev-kmsg). The kernel's facility is 0: the priority has one digit.
func parseRecord(record string) (message string, kernel bool) {
	head, text, ok := strings.Cut(record, ";")
	text, _, _ = strings.Cut(text, "\n")
	priority, _, _ := strings.Cut(head, ",")
	return "<" + priority + ">" + text, ok && len(priority) == 1 && priority[0] <= '7'
}
