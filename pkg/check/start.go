package check

import "bytes"

// kernelStarts judges what the kernel does before any of the image runs: it starts /init (init/main.c, kernel_init). If /init does
// not run it tries /sbin/init, /etc/init, /bin/init and /bin/sh; one of those is a way to root where it is systemd.
func (j *judge) kernelStarts() {
	const why = "the kernel starts it as the first program"
	err := j.runsAt("init")
	if err == nil {
		j.good("program /init", "runs")
		return
	}
	j.bad("program /init", why, j.hint(need{kind: text, name: "init"}), err.Error())
}

// isPreroot says whether a program is preroot's own.
func isPreroot(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\x7fELF")) && bytes.Contains(data, []byte("github.com/preroot/preroot/"))
}
