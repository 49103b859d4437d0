package boot

// udevIdle is whether udevd has nothing to do, as far as that is known. It is asked, which takes a process, and meanwhile the answer may have become another
// one: an "idle" from before counts for nothing, a "busy" counts until the next answer.
type udevIdle struct {
	doubts uint64 // grows with all that can make udevd busy, or idle
	asking bool
	known  bool // quiet may be believed
	fresh  bool // nothing has happened since the question
	quiet  bool
}

// udevState is an answer of udevd.
type udevState struct {
	idle   bool
	doubts uint64 // when it was asked
}

// doubt notes that something has happened.
func (u *udevIdle) doubt() {
	u.doubts++
	u.fresh = false
	u.known = u.known && !u.quiet
}

// question says whether udevd is to be asked now.
func (u *udevIdle) question() bool {
	if u.asking || u.fresh {
		return false
	}
	u.asking = true
	return true
}

// answer takes an answer; one that did not come in time is a busy udevd.
func (u *udevIdle) answer(ev udevState) {
	u.asking, u.quiet, u.fresh = false, ev.idle, ev.doubts == u.doubts
	u.known = u.fresh || !ev.idle
}

// is believes something, without a question.
func (u *udevIdle) is(quiet bool) { u.known, u.fresh, u.quiet = true, true, quiet }
