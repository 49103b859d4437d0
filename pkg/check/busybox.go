package check

import "bytes"

// applet says whether the shell of the image runs a program itself: Debian's busybox is built so that its shell takes its own
// applets before it looks into PATH (FEATURE_PREFER_APPLETS, FEATURE_SH_STANDALONE). It starts most of them by /proc/self/exe.
func (j *judge) applet(name string) bool {
	shell := j.which("sh")
	if shell == "" || j.runsAt(shell) != nil {
		return false
	}
	data, err := j.tree.ReadFile(shell)
	return err == nil && isBusybox(data) && bytes.Contains(data, []byte("\x00"+name+"\x00"))
}

// isBusybox knows it by the line that it greets with.
func isBusybox(data []byte) bool { return bytes.Contains(data, []byte("BusyBox v")) }
