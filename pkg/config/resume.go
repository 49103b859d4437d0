package config

import (
	"strconv"
	"strings"
)

// maxResumeOffset bounds resume_offset= so that the place in bytes fits into an int64 with pages of 64 KiB.
const maxResumeOffset = 1 << 46

// resume reads the words about hibernation: the kernel's own (Documentation/admin-guide/kernel-parameters.txt), which dracut takes
// over. The kernel tries resume= itself before the initramfs runs, and finds no device whose driver is a module.
func (r *reader) resume(c *Config) {
	c.NoResume = r.p.Has("noresume") || r.p.Has("nohibernate")
	for _, w := range r.p.Words() {
		if w.Key == "hibernate" && (w.Value == "noresume" || w.Value == "no") {
			c.NoResume = true
		}
	}
	c.ResumeWait = r.p.Has("resumewait")
	c.ResumeOffset = r.resumeOffset()
	w, ok := r.p.Last("resume")
	switch {
	case ok && !w.HasValue:
		r.bad(w, "the value is missing", "resume=UUID=... of the swap device")
	case !ok && c.ResumeOffset > 0 && !c.NoResume:
		w, _ := r.p.Last("resume_offset")
		r.bad(w, "nothing says on which device", "resume=UUID=... of the file system with the swap file too")
	case ok:
		c.Resume = w.Value
	}
}

// resumeOffset reads resume_offset=, which the kernel takes as decimal.
func (r *reader) resumeOffset() uint64 {
	w, ok := r.p.Last("resume_offset")
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(w.Value), 10, 64)
	if err != nil || n > maxResumeOffset {
		r.bad(w, "not a number of pages", "resume_offset=PAGES, the first physical offset that filefrag -v lists for the swap file")
		return 0
	}
	return n
}
