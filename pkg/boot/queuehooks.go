package boot

import (
	"context"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/preroot/preroot/pkg/hooks"
	"github.com/preroot/preroot/pkg/initqueue"
)

// hookJobs runs the hooks of the queue in the hook shell.
type hookJobs struct {
	h     *hookRunner
	retry int // RDRETRY where the shell has none
}

// Vote sources a hook of finished in a subshell.
func (j hookJobs) Vote(path string, mainLoop int) bool {
	if path == rootVote {
		return false
	}
	if !sourced(path) {
		r, err := j.h.runProgram(path)
		return err == nil && r.End == hooks.Returned && r.Status == 0
	}
	if !j.h.ready() {
		return false
	}
	end := j.h.b.spans.Start("vote", path)
	r, err := j.h.shell.Vote(context.Background(), hooks.Hook{Path: path, Set: mainLoopIs(mainLoop)})
	end(err)
	return err == nil && r.End == hooks.Returned && r.Status == 0
}

// Source sources a job.
func (j hookJobs) Source(path string, mainLoop int) (int, int) {
	retry := j.number("RDRETRY", j.retry)
	if j.h.guilty(path) {
		return mainLoop, retry
	}
	defer j.h.beginJob(path)()
	if !sourced(path) {
		j.h.program("initqueue", path)
		return mainLoop, retry
	}
	if !j.h.ready() {
		return mainLoop, retry
	}
	end := j.h.b.spans.Start("hook", path)
	r, err := j.h.shell.Run(context.Background(), hooks.Hook{Path: path, Job: true, Set: mainLoopIs(mainLoop)})
	end(err)
	j.h.judge("initqueue", path, r, err)
	if err != nil || r.End == hooks.Gone || r.End == hooks.Stopped {
		return mainLoop, retry // what it has made of them is lost; an older value would set the clock back, in each round again
	}
	return j.number("main_loop", mainLoop), j.number("RDRETRY", retry)
}

// sourced says whether a hook is shell text; another one is a program.
func sourced(path string) bool { return strings.HasSuffix(path, ".sh") }

// mainLoopIs is dracut's count of half seconds as a hook finds it.
func mainLoopIs(n int) []hooks.Var {
	return []hooks.Var{{Name: "main_loop", Value: strconv.Itoa(n), Export: true}}
}

func (j hookJobs) number(name string, fallback int) int {
	if n, err := strconv.Atoi(j.h.value(name)); err == nil {
		return n
	}
	return fallback
}

// queueDir are the directories of the queue. They are read again when they may have changed: between two uevents nothing has.
type queueDir struct {
	finder hooks.Finder
	m      Machine
	stale  bool
	seen   initqueue.Known
	root   bool // root, which we mount ourselves, is not there yet
}

// rootVote stands among the hooks of finished for a root that no hook waits for: it says no as long as it is there. Events tell of that device, as its name says.
const rootVote = "/devexists-root"

// Look lists the hooks of the queue.
func (d *queueDir) Look() initqueue.Known {
	if d.stale {
		d.stale = false
		_, err := fs.Stat(d.m.Files, strings.TrimPrefix(d.finder.Dir, "/")+"/initqueue/work")
		d.seen = initqueue.Known{
			Jobs: d.files("initqueue"), Settled: d.files("initqueue/settled"), Finished: d.files("initqueue/finished"), Timeout: d.files("initqueue/timeout"),
			Work: err == nil,
		}
	}
	known := d.seen
	if d.root {
		known.Finished = append(slices.Clone(known.Finished), initqueue.File{Path: rootVote})
	}
	return known
}

func (d *queueDir) files(stage string) []initqueue.File {
	var list []initqueue.File
	for _, s := range d.finder.Scripts(stage) {
		f := initqueue.File{Path: s.Path}
		if info, err := fs.Stat(d.m.Files, strings.TrimPrefix(s.Path, "/")); err == nil {
			f.Stamp = uint64(info.ModTime().UnixNano())
		}
		list = append(list, f)
	}
	return list
}

// Remove removes a hook, or work.
func (d *queueDir) Remove(path string) error {
	d.stale = true
	return d.m.Scratch.Remove(path)
}
