package initqueue

import "slices"

// ballot is one asking of all finished hooks. No hook at all is a yes.
type ballot struct {
	files []File // those not yet asked
	left  []File // those that stay
	asked File
	gone  bool // asked said yes and is to be deleted
	no    bool
	next  phase // where the round goes on after a no
}

// ask begins a ballot.
func (q *Queue) ask(next phase) { q.ballot = &ballot{files: q.known.Finished, next: next} }

// vote asks the next hook, or ends the ballot.
func (q *Queue) vote() (Step, bool) {
	b := q.ballot
	if b.gone {
		b.gone = false
		return Step{Kind: StepDelete, File: b.asked}, true
	}
	for len(b.files) > 0 && !(b.no && q.Rule == KeepTrue) {
		b.asked = b.files[0]
		b.files = b.files[1:]
		if slices.Contains(q.known.Finished, b.asked) {
			return Step{Kind: StepVote, File: b.asked, MainLoop: q.mainLoop()}, true
		}
	}
	q.ballot, q.phase = nil, b.next
	q.asked = append(b.left, b.files...)
	if !b.no && !q.hold {
		q.phase = left
	}
	return Step{}, false
}

// Voted answers StepVote.
func (q *Queue) Voted(yes bool) {
	b := q.ballot
	if b == nil {
		return
	}
	b.no = b.no || !yes
	if b.gone = yes && q.Rule == DeleteTrue; !b.gone {
		b.left = append(b.left, b.asked)
	}
}
