package dracut

import (
	"testing"
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
		{"whole entries", `listlist , a,ab b; echo $?; str_replace abc '' x; splitsep '' abc x y; echo " $x"`, "1\nabc \n"},
		{"dev_unit_name", `dev_unit_name /dev/disk/by-id/a-b; dev_unit_name '/dev/mapper/v_g:l.v'; dev_unit_name '/dev/a b\x2f'; dev_unit_name /.x/; dev_unit_name '/é'`,
			"dev-disk-by\\x2did-a\\x2db\ndev-mapper-v_g:l.v\ndev-a\\x20b\\x5cx2f\n\\x2ex\n\\xc3\\xa9\n"},
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
