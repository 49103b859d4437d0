package boot

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/preroot/preroot/internal/klog"
)

// The files of Loginit, known to hooks (dracut's rd.debug).
const (
	loginitPID  = "/run/initramfs/loginit.pid"
	loginitPipe = "/run/initramfs/loginit.pipe"
	loginitLog  = "/run/initramfs/init.log"
)

// logEnd is the line that ends Loginit.
const logEnd = "DRACUT_LOG_END"

// Loginit is /sbin/loginit, which reads what hooks print with rd.debug: each line of standard input goes to the kernel log at level debug, to
// init.log, and, unless the argument is "yes" (quiet), to standard output, the console. It ends with the line DRACUT_LOG_END, and then
// removes the pipe, or with the input. It returns an exit status.
func Loginit(args []string) int {
	_ = os.WriteFile(loginitPID, []byte(strconv.Itoa(os.Getpid())), 0o644)
	log, err := os.Create(loginitLog)
	if err != nil {
		fmt.Fprintln(os.Stderr, "loginit:", err)
	} else {
		defer log.Close()
	}
	var console io.Writer = os.Stdout
	if len(args) > 0 && args[0] == "yes" {
		console = io.Discard
	}
	if copyLines(os.Stdin, toKernel, log, console) {
		_ = os.Remove(loginitPipe)
	}
	return 0
}

// maxLine is the longest line in bytes; a longer one becomes several.
const maxLine = 64 << 10

// copyLines copies lines until the input ends, or the line that says so comes: then it returns true. What one of the three does not take is
// lost there alone.
func copyLines(in io.Reader, kernel func(line string), log, console io.Writer) bool {
	r := bufio.NewReaderSize(in, maxLine)
	for {
		text, err := r.ReadSlice('\n')
		line := strings.Trim(strings.TrimSuffix(string(text), "\n"), " \t")
		switch {
		case line == logEnd:
			return true
		case len(text) > 0:
			kernel(line)
			fmt.Fprintln(console, "dracut: "+line)
			fmt.Fprintln(log, line)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return false
		}
	}
}

// maxRecord is the longest text for the kernel log in bytes: printk refuses more than about 1 KiB.
const maxRecord = 900

// toKernel writes one line to the kernel log, facility daemon, level debug. It is opened for each line: the kernel drops the eleventh
// message of an open file within five seconds.
func toKernel(line string) {
	w, err := OpenLog()
	if err != nil {
		return
	}
	defer w.Close()
	text := klog.Clean(strings.ReplaceAll(line, "\t", " "))
	_, _ = io.WriteString(w, "<31>dracut: "+text[:min(len(text), maxRecord)]+"\n")
}
