// Package hooks finds dracut's hook scripts, runs them in one shell, and says what became of each (dracut.modules(7)).
//
// Find gives the scripts of a stage. A *.sh is sourced by Shell: one long-lived /bin/sh in a session of its own that shares variables,
// functions, directory and open files among all of them, as dracut's own init does. Anything else that is executable is run by
// Programs: contained, with values as its environment and as files.
//
// Shell.Run, Vote, Set and Call are one request each. They return when the hook is done, when the shell is gone (exit, exec, a signal,
// a syntax error), or when the hook was ended by us; each tells which, with the variables as they are now. They can be called from any
// goroutine, one request is served at a time, and the context ends a request: the hook is then ended within seconds, never waited for. A hook may
// legitimately never return (kexec, poweroff), so nothing else ends it but the rule of Watch.
//
// A shell that is gone is started again at the next request with its state put back: every variable that is not read-only by nature, which of
// them are exported, directory and umask. Lost are functions other than those of the library, traps, arrays and options; what hooks
// had made read-only can be written again. Variables survive a kill -9 as they were before the hook that died.
// Inherit gives a new process what the shell of one before it has left.
//
// No value is ever shell text here but by Quote. What the shell is told lies in files of Config.Dir, which it reads by path for each request: it keeps no
// descriptor that a hook could close or a daemon could inherit. Standard output and error of hooks are a FIFO that this package reads:
// a daemon that lives on after this process must not write there (SIGPIPE). Config.Dir should be a small tmpfs of its own: where a hook has filled it no
// request can be written, and Run returns that error.
//
//	hooks := Find(root)                        once; Scripts(stage) when the stage starts: the list is fixed then
//	shell, _ := New(Config{...})               starts nothing
//	shell.Set(ctx, Var{Name: "root", Value: value, Export: true})    before and between hooks
//	result, err := shell.Run(ctx, Hook{...})   result.Vars are what hooks have changed
//
// What is printed (Config.Output, Result.Tail and Message, Sample.Argv) is foreign text: it goes through klog.Clean before anybody sees it.
package hooks
