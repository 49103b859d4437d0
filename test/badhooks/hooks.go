package main

// badHook is a hook of bad character: its fault in docs of faults (K01 to K17), its text, and what must be said of it. In the texts STAGE is the stage as the log names it
// and FILE the hook's name.
type badHook struct {
	name, text string
	program    bool     // an executable without .sh
	says       []string // lines that must be there, for each stage
	once       bool     // it disturbs the whole boot: one boot for each stage
	engine     bool     // it ends the engine: what becomes of the boot hangs on the stage
	stages     []string // those it is tried in, all if empty
}

const (
	ended = "FILE (stage STAGE) has ended the shell of the hooks, status "
	gone  = "FILE (stage STAGE): the shell of the hooks is gone, status "
	idle  = "FILE (stage STAGE) did nothing any more and was ended"
)

// badHooks is the list; docs/bad-hooks.md is made of it.
var badHooks = []badHook{
	{name: "K01 status 1", text: "false"},
	{name: "K01 status 255", text: "return 255"},
	{name: "K02 exit", text: "exit 7", says: []string{ended + "7"}},
	{name: "K02 exit 0", text: "exit", says: []string{ended + "0"}},
	{name: "K02 exit in a function, descriptors turned", text: "f() { exit 9; }; { f; } >/dev/full 2>&1 </dev/null", says: []string{ended + "9"}},
	{name: "K02 set -e", text: "set -e; false; kept=wrong", says: []string{ended + "1"}},
	{name: "K02 set -e and -u left behind", text: "set -eu; :"},
	{name: "K02 an unset variable", text: "set -u; : $undefined_xyz; kept=wrong", says: []string{ended}},
	{name: "K02 options left behind", text: "set -fuxC; IFS=:; set -v"},
	{name: "K02 trap on EXIT", text: "trap 'echo gone >&2' EXIT; exit 4", says: []string{gone + "4"}},
	{name: "K02 trap left behind", text: "trap 'kept=trapped' EXIT USR1; :"},
	{name: "K02 signals ignored", text: "trap '' INT TERM HUP QUIT USR1 USR2; :"},
	{name: "K03 syntax error", text: "if then\nfi\n", says: []string{ended}},
	{name: "K03 open quote", text: "echo 'never closed\n", says: []string{"FILE"}},
	{name: "K03 a file that is not there", text: ". /no/such/file.sh; kept=wrong", says: []string{ended}},
	{name: "K03 read-only variable", text: "readonly x=r; x=s; kept=wrong", says: []string{ended}},
	{name: "K04 waits for ever", text: "sleep 100000; kept=wrong", says: []string{"FILE runs for 30 s", idle}},
	{name: "K04 waits and ignores signals", text: "trap '' TERM USR1; while :; do (trap '' TERM; sleep 100000; sleep 100000); done", says: []string{"FILE runs for 30 s", idle}},
	{name: "K04 waits for a FIFO", text: "rm -f /tmp/f; mkfifo /tmp/f; read -r x < /tmp/f; kept=wrong", says: []string{idle}},
	{name: "K04 stops itself", text: "kill -STOP $$; kept=wrong", says: []string{idle}},
	{name: "K04 program that waits", text: "#!/bin/sh\nsleep 100000\n", program: true, says: []string{"it did not end and was ended"}},
	{name: "K05 exec", text: "exec sh -c 'exit 5'", says: []string{gone + "5"}},
	{name: "K05 exec of nothing", text: "exec /no/such/program", says: []string{"FILE"}},
	{name: "K05 exec of what waits", text: "exec sleep 100000", says: []string{idle}},
	{name: "K06 kill 1", text: "for s in 1 3 6 9 11 15 31; do kill -$s 1; done; :"},
	{name: "K06 kill of itself", text: "kill $$; sleep 1", says: []string{gone + "-15"}},
	{name: "K06 kill -9 of itself", text: "kill -9 $$", says: []string{gone + "-9"}},
	{name: "K06 kill of the session", text: "kill -9 0", says: []string{gone + "-9"}},
	{name: "K06 segmentation fault", text: "kill -SEGV $$", says: []string{gone + "-11"}},
	{name: "K07 kill of the engine", text: "kill -9 $PPID; sleep 100000", once: true, engine: true},
	{name: "K07 kill of all", text: "kill -9 -1; sleep 100000", once: true, engine: true},
	{name: "K08 fork bomb", text: "bomb() { bomb | bomb & }; bomb; sleep 1000; kept=wrong", says: []string{"FILE (stage STAGE): it has started processes without end"}},
	{name: "K08 processes one by one", text: "while :; do sleep 1000 & done", says: []string{"FILE (stage STAGE): it has started processes without end"}},
	{name: "K08 program that forks", text: "#!/bin/sh\nwhile :; do sleep 1000 & done\n", program: true, says: []string{"FILE (stage STAGE): status -9: it has started processes without end"}},
	{name: "K09 fills /run", text: "dd if=/dev/zero of=/run/big bs=1M 2>/dev/null; :", says: []string{"FILE: /run is full"}, once: true},
	{name: "K09 fills /tmp", text: "dd if=/dev/zero of=/tmp/big bs=1M 2>/dev/null; :", says: []string{"FILE: /tmp is full"}, once: true},
	{name: "K09 fills /dev/shm", text: "dd if=/dev/zero of=/dev/shm/big bs=1M 2>/dev/null; rm /dev/shm/big"},
	{name: "K09 fills /", text: "dd if=/dev/zero of=/big bs=1M 2>/dev/null; :", says: []string{"FILE (stage STAGE): it has taken nearly all memory"}, once: true},
	{name: "K09 program that fills /", text: "#!/bin/sh\ndd if=/dev/zero of=/big bs=1M count=1 || exit 6\n", program: true, says: []string{"FILE (stage STAGE): status 6"}},
	{name: "K10 eats memory", text: "c=$(dd if=/dev/zero bs=64k count=16 2>/dev/null | tr '\\0' x); i=0; while :; do eval \"v$i=\\$c\"; i=$((i + 1)); done", once: true},
	{name: "K11 program that unmounts and mounts", text: "#!/bin/sh\numount -l /proc; umount -l /dev; mount -t tmpfs none /run; cd /tmp; umask 777\n", program: true},
	{name: "K12 child that keeps descriptors", text: "sleep 600 &\n"},
	{name: "K12 child that ignores signals", text: "(trap '' HUP TERM; exec sleep 600) &\n"},
	{name: "K13 output", text: "dd if=/dev/zero bs=1000000 count=3 2>/dev/null | tr '\\0' '\\33'"},
	{name: "K13 descriptors closed", text: "exec 0<&- 1>&- 2>&- 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-"},
	{name: "K14 environment", text: "IFS=x; export LANG=xx_YY; PS4='$(exit 3)'; alias printf=false read=false; :"},
	{name: "K14 functions over builtins", text: "printf() { :; }; read() { exit 3; }; umask() { :; }; :"},
	{name: "K15 interpreter of a sourced hook", text: "#!/no/such/interpreter\n:"},
	{name: "K15 interpreter of a program", text: "#!/no/such/interpreter\n", program: true, says: []string{"FILE (stage STAGE): "}},
	{name: "K15 program for another machine", text: "\x7fELF wrong", program: true, says: []string{"FILE (stage STAGE): "}},
	{name: "K16 its own file removed", text: "rm -f /var/lib/dracut/hooks/*/50-bad.sh; :", once: true},
	{name: "K16 the directory of the hook shell removed", text: "rm -rf /run/initramfs/preroot/hooks/*; :"},
	{name: "K17 a job that queues itself", text: "n=$((${n-0} + 1)); cp \"$job\" /var/lib/dracut/hooks/initqueue/90-self$n.sh", stages: []string{"initqueue"}, once: true},
}

// stages are those of the boots, as their directories are called.
var stages = []string{"cmdline", "pre-udev", "pre-trigger", "initqueue", "initqueue/settled", "pre-mount", "mount", "pre-pivot", "cleanup"}

// failingStages are those of a boot whose root does not come.
var failingStages = []string{"initqueue/timeout", "emergency"}
