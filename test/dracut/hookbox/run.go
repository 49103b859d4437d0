package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/pkg/boot"
	"github.com/preroot/preroot/pkg/hooks"
	"golang.org/x/sys/unix"
)

// What tells a hook that goes round for ever, on a machine of any speed: the processor time of its shell in seconds, and how much its calls of
// programs fill. limit is for those that only wait.
const (
	limit      = 100 * time.Second
	maxCPU     = 4
	maxCalls   = 24 << 10
	callsAfter = 100 * time.Millisecond
)

// bounded gives a context that ends with the limits, and bounds the processor time of what is started from now on.
func bounded() (context.Context, context.CancelFunc, error) {
	err := unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: maxCPU, Max: maxCPU + 1})
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	go func() {
		for ctx.Err() == nil {
			if info, err := os.Stat("/.calls"); err == nil && info.Size() > maxCalls {
				cancel()
			}
			time.Sleep(callsAfter)
		}
	}()
	return ctx, cancel, err
}

// dump writes down what the shell holds.
const dump = `{ set; } > /.box/set
export -p > /.box/export
{ pwd; umask; } > /.box/place
`

// stock runs the model of dracut's init, which leaves status and end in /.box.
func stock(spec Spec) (Result, error) {
	files := map[string]string{"/.box/model": spec.Model, "/.box/dump": dump}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return Result{}, err
		}
	}
	var out bytes.Buffer
	ctx, cancel, err := bounded()
	if err != nil {
		return Result{}, err
	}
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", ". /.box/model", "sh"}, spec.Args...)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", []string{"HOME=/", "TERM=linux"}, &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	if cmd.ProcessState == nil {
		return Result{}, err
	}
	result := Result{Ended: strings.TrimSpace(read("/.box/end")), Output: out.String()}
	result.Status, _ = strconv.Atoi(strings.TrimSpace(read("/.box/status")))
	switch {
	case ctx.Err() != nil:
		result.Ended, result.Status = "hung", 0
	case result.Ended == "":
		result.Ended, result.Status = "gone", cmd.ProcessState.ExitCode()
		if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			result.Status = -int(ws.Signal())
		}
		if outOfTime(result.Status) {
			result.Ended, result.Status = "hung", 0
		}
	}
	return result, nil
}

// ours runs the hook under the shell of /init, as that sets it up.
func ours(spec Spec) (Result, error) {
	m := boot.Real(klog.New(nil, false))
	c := boot.HookShell(m)
	var mu sync.Mutex
	var out bytes.Buffer
	c.Output = func(text []byte) {
		mu.Lock()
		defer mu.Unlock()
		out.Write(text)
	}
	shell, err := hooks.New(c)
	if err != nil {
		return Result{}, err
	}
	ctx, cancel, err := bounded()
	if err != nil {
		return Result{}, err
	}
	defer cancel()
	var vars []hooks.Var
	for name, value := range spec.Vars {
		vars = append(vars, hooks.Var{Name: name, Value: value, Export: slices.Contains(spec.Exported, name)})
	}
	if err := shell.Set(ctx, vars...); err != nil {
		return Result{}, err
	}
	script, err := find(spec)
	if err != nil {
		return Result{}, err
	}
	hook := hooks.Hook{Path: script, Args: spec.Args, Job: isJob(spec.Stage)}
	call := shell.Run
	if spec.Stage == "initqueue/finished" || spec.Stage == "shutdown" {
		call = shell.Vote
	}
	r, err := call(ctx, hook)
	if err != nil {
		return Result{}, err
	}
	result := Result{Ended: ends[r.End], Status: r.Status}
	if r.End == hooks.Stopped || outOfTime(r.Status) {
		result.Ended, result.Status = "hung", 0
	}
	_, err = shell.Run(context.Background(), hooks.Hook{Path: "/.box/dump"})
	err = errors.Join(err, shell.Close(context.Background()))
	time.Sleep(20 * time.Millisecond) // what background processes of the hook still say
	mu.Lock()
	defer mu.Unlock()
	result.Output = out.String()
	return result, err
}

var ends = map[hooks.End]string{hooks.Returned: "returned", hooks.Exited: "exited", hooks.Gone: "gone", hooks.Stopped: "hung"}

// find looks for the hook as /init does.
func find(spec Spec) (string, error) {
	if err := os.WriteFile("/.box/dump", []byte(dump), 0o644); err != nil {
		return "", err
	}
	for _, s := range hooks.Find(os.DirFS("/")).Scripts(spec.Stage) {
		if filepath.Base(s.Path) == spec.Hook && s.Sourced {
			return s.Path, nil
		}
	}
	return "", errors.New("the hook is not found in its stage: " + spec.Hook)
}

// outOfTime says whether the kernel has ended a process for its processor time.
func outOfTime(status int) bool {
	return status == -int(unix.SIGXCPU)
}

// isJob says whether a stage is one of those whose hooks find their own path in the variable job.
func isJob(stage string) bool {
	return slices.Contains([]string{"initqueue", "initqueue/settled", "initqueue/timeout"}, stage)
}
