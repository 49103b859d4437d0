package dracut

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/preroot/preroot/dracut/lib"
)

// TestLibraryOwn: what our library does by itself, or otherwise than dracut's on purpose.
func TestLibraryOwn(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"a hook removes the next", `echo 'rm $hookdir/mount/2.sh' >$hookdir/mount/1.sh; echo 'echo no' >$hookdir/mount/2.sh; echo 'echo 3' >$hookdir/mount/3.sh; source_hook mount; echo $?`, "3\n0\n"},
		{"set -eu", `set -eu; unset RD_DEBUG DEBUG_MEM_LEVEL DRACUT_QUIET onetime job 2>/dev/null || :
warn a 2>/dev/null; info b 2>/dev/null; trim ' a '; strstr abc b; str_replace a/b / -; splitsep : a:b x y; echo " $x$y"; wait_for_dev /dev/x; cancel_wait_for_dev /dev/x; label_uuid_to_dev UUID=a
udevmatch LABEL=a; source_hook mount; source_all none; source_conf none; check_finished; setdebug; setmemdebug; debug_off; debug_on; check_quiet; listlist , a,b a; are_lists_eq , a,b b,a
need_shutdown; funiq /files q; export_n x; inst_hook --hook mount --unique true; make_trace_mem x 1:mem; udevsettle 2>/dev/null; udevproperty a=b 2>/dev/null; killall_proc_mountpoint /nowhere; echo end`,
			"aa-b ab\n/dev/disk/by-uuid/a\nENV{ID_FS_LABEL}==\"a\"/files/q0\nend\n"},
		{"no udevadm", `udevsettle 2>&1; echo $?; udevproperty a=b 2>&1`, "dracut Warning: udevsettle: this image has no udevadm\n0\ndracut Warning: udevproperty: this image has no udevadm\n"},
		{"no code in names", `wait_for_dev '/dev/$(echo>/X)` + "`echo>/X`" + `"; echo>/X; "\'; for f in $hookdir/initqueue/finished/*.sh $hookdir/emergency/*.sh; do . "$f" 2>&1; done; [ -e /X ] || echo fine`,
			"dracut Warning: \"/dev/$(echo>/X)`echo>/X`\"; echo>/X; \"\\\" does not exist\nfine\n"},
		{"no code in die", `(die "'; echo>/X; '" '$(echo>/X)') 2>/dev/null; . $hookdir/emergency/01-die.sh 2>&1; [ -e /X ] || echo fine`,
			"dracut Warning: dracut: FATAL: '; echo>/X; ' $(echo>/X)\ndracut Warning: dracut: Refusing to continue\nfine\n"},
		{"no command", `inst_hook --hook mount /bin/none 2>&1; echo $?; ls $hookdir/mount`, "dracut Warning: inst_hook: no command '/bin/none'\n1\n"},
		{"a job that removes itself", `onetime=yes; inst_hook --hook mount --unique echo hello; job=$hookdir/mount/echo.sh; . $job; ls $hookdir/mount`, "hello\n"},
		{"wait_for_mount", `wait_for_mount '/a b'; ls $hookdir/emergency; printf 'x /a\\040b t rw 0 0\n' >/proc/mounts; ismounted '/a b'; echo $?; ismounted /a; echo $?`, "90-\\x2fa b.sh\n0\n1\n"},
		{"remove_hostonly_files", `mkdir -p /etc/cmdline.d; : >/etc/cmdline.d/a.conf; : >/etc/cmdline.d/99-cmdline-ask.conf; remove_hostonly_files; ls /etc/cmdline.d`, "99-cmdline-ask.conf\n"},
		{"functions over builtins", `echo 'root=/dev/a rd.x=7' >/proc/cmdline; printf() { exit 4; }; read() { exit 3; }; umask() { exit 5; }; preroot_cmdline; getarg root=; getargnum 1 0 9 rd.x; trim ' a '; wait_for_dev /dev/x; ls $hookdir/initqueue/finished`,
			"/dev/a\n7\nadevexists-\\x2fdev\\x2fx.sh\n"},
		{"whole entries", `listlist , a,ab b; echo $?; str_replace abc '' x; splitsep '' abc x y; echo " $x"`, "1\nabc \n"},
		{"dev_unit_name", `dev_unit_name /dev/disk/by-id/a-b; dev_unit_name '/dev/mapper/v_g:l.v'; dev_unit_name '/dev/a b\x2f'; dev_unit_name /.x/; dev_unit_name '/é'`,
			"dev-disk-by\\x2did-a\\x2db\ndev-mapper-v_g:l.v\ndev-a\\x20b\\x5cx2f\n\\x2ex\n\\xc3\\xa9\n"},
		{"no shell allowed", `echo 'rd.shell=0' >/proc/cmdline; echo 'echo hook' >$hookdir/emergency/1.sh; poweroff() { echo "poweroff $*"; }; (emergency_shell -n x why 2>&1); echo $?`,
			"\n\ndracut Warning: why\nhook\ndracut Warning: No shell: rd.shell=0. Boot with rd.shell rd.debug to see more.\npoweroff -f\n0\n"},
		{"no shell at shutdown", `echo 'rd.shell=0 rd.emergency=reboot' >/proc/cmdline; echo 'echo hook' >$hookdir/shutdown-emergency/1.sh; reboot() { echo "reboot $*"; }; (emergency_shell --shutdown x why 2>/dev/null); echo $?`, "hook\nreboot -f\n0\n"},
		{"a shell", `echo 'echo hook' >$hookdir/emergency/1.sh; setsid() { case $1 in --help) echo ' -c, --ctty' ;; *) echo "setsid $* $PS1" >/shown ;; esac; }; (set -e; emergency_shell -n name why 2>/dev/null; echo on); cat /shown`, "hook\non\nsetsid --ctty /bin/sh -i -l name:${PWD}# \n"},
		{"a shell by rd.break", `echo 'rd.shell=0 rd.break=mount' >/proc/cmdline; : >/run/initramfs/.die; poweroff() { echo "poweroff $*"; }; setsid() { case $1 in --help) echo '-c' ;; *) echo "setsid $1" >/shown ;; esac; }; (emergency_shell 2>/dev/null); cat /shown`, "poweroff -f\nsetsid -c\n"},
		{"die with a shell", `echo 'rd.shell' >/proc/cmdline; setsid() { echo shell >/shown; }; poweroff() { echo off; }; (die x 2>/dev/null); echo $?; cat /shown`, "off\n1\nshell\n"},
		{"memory", `printf 'MemTotal: 2097152 kB\nMemFree: 1\n' >/proc/meminfo; check_live_ram 100 2>&1; echo $?; emergency_shell() { echo "no: $*"; }; check_live_ram 1500 2>/dev/null; DEBUG_MEM_LEVEL=2; make_trace_mem t 1:shortmem 3:mem 2>&1; make_trace_mem u 1:mem 2+:shortmem 2>&1; make_trace_mem v 3:mem`,
			"0\nno: Not enough memory for the image.\nt\nMemFree: 1\nu\nMemTotal: 2097152 kB\nMemFree: 1\nMemFree: 1\n"},
		{"sourcing", `rm -rf /run /var/log; unset hookdir NEWROOT PREFIX RD_DEBUG; (. /lib/dracut-lib.sh; echo "$hookdir $NEWROOT ${DRACUT_SYSTEMD-none}"; ls -d /run/initramfs/cmdline.d /run/initramfs/log /run/lock /run/log; readlink /var/log)`,
			"/var/lib/dracut/hooks /sysroot \n/run/initramfs/cmdline.d\n/run/initramfs/log\n/run/lock\n/run/log\n/run/initramfs/log\n"},
	}
	for _, shell := range shellNames() {
		d := ownTool(t, shell).library()
		for _, test := range tests {
			t.Run(shell+"/"+test.name, func(t *testing.T) {
				if got, _ := d.shell(t, d.load+stage+test.script+"\n"); got != test.want {
					t.Errorf("\ngot  %q\nwant %q", got, test.want)
				}
			})
		}
	}
}

// TestLibraryProcesses ends processes in a namespace of their own.
func TestLibraryProcesses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range lib.Files() {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	script := `mount --make-rprivate / && mount -t proc proc /proc || exit
cd ` + quote(dir) + `; mkdir -p used; PREFIX=/x RD_DEBUG=no DEBUG_MEM_LEVEL=0
. ./dracut-dev-lib.sh; real=$PATH; PATH=/none; . ./dracut-lib.sh; PATH=$real
alive() { for p in "$@"; do if kill -0 $p 2>/dev/null; then echo alive; else echo dead; fi; done; }
(cd used; exec sleep 20) & a=$!
sleep 20 9<used & b=$!
sleep 20 & c=$!
exec 8<used
sleep 0.2
killall_proc_mountpoint "$PWD/used"; echo $?
wait $a $b 2>/dev/null
alive $a $b $c
[ "$(pidof sleep)" = $c ] && echo found
exec 8<&-
killall_proc_mountpoint "$PWD/used"; echo $?
killproc sleep; echo $?
wait $c 2>/dev/null
alive $c
pidof sleep || echo none
`
	for _, shell := range shellNames() {
		argv := shells[shell]
		cmd := &exec.Cmd{Path: argv[0], Args: append(argv[1:len(argv):len(argv)], "-c", script)}
		cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
		namespace(cmd.SysProcAttr)
		out, err := cmd.Output()
		if got, want := string(out), "1\ndead\ndead\nalive\nfound\n0\n0\ndead\nnone\n"; got != want {
			t.Errorf("%s: got %q, want %q (%v)", shell, got, want, err)
		}
	}
}
