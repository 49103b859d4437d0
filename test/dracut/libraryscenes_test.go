package dracut

import (
	"strings"
	"testing"
)

// scene is a piece of script whose output must be the same with dracut's library and ours.
type scene struct {
	name   string
	suites string // the versions that do the same; the others do not know the function, or differ on purpose
	script string
}

// stage makes the places of hooks of the newest release anew, and a kernel log that can be read.
const stage = `rm -rf /var /etc/dracut /usr/lib/dracut /run /conf /src /dst /etc/cmdline /proc/cmdline
hookdir=/var/lib/dracut/hooks; onetime=; job=
for s in initqueue/finished initqueue/settled mount pre-mount emergency shutdown-emergency; do mkdir -p $hookdir/$s; done
mkdir -p /run/initramfs/cmdline.d /etc/dracut/hooks/pre-mount /usr/lib/dracut/hooks/pre-mount /conf /tmp
: >/dev/kmsg; : >/proc/cmdline
show() { find "$@" -type f | sort | while read -r f; do printf '== %s\n' "$f"; cat "$f"; done; }
`

var scenes = []scene{
	{"wait_for_dev", "bookworm trixie sid", `wait_for_dev "/dev/disk/by-label/a b"; wait_for_dev -n /dev/x 5; wait_for_dev /dev/x; echo $?; cancel_wait_for_dev /dev/none; show $hookdir; cancel_wait_for_dev /dev/x; show $hookdir`},
	{"wait_for_dev with links", "trixie sid", `wait_for_dev '/dev/mapper/a\x2fb'; show $hookdir`},
	{"inst_hook", "bookworm trixie sid", `inst_hook --hook mount --unique --name foo /bin/true a 'b c' '$d' "'e'"; echo $?; inst_hook --hook pre-mount --unique source_hook x; inst_hook --unique --hook emergency --name a.b warn x; show $hookdir`},
	{"inst_mount_hook", "bookworm", `mkdir -p $hookdir/mount-x; inst_mount_hook x 10 foo /bin/true; show $hookdir`},
	{"list_hooks and source_hook", "sid", `H=pre-mount; echo 'echo v50 "$@"; return 3' >$hookdir/$H/50-a.sh; echo 'echo v99; kept=1' >$hookdir/$H/99-b.sh; echo 'echo e50' >/etc/dracut/hooks/$H/50-a.sh
echo 'echo e20' >/etc/dracut/hooks/$H/20-c.sh; echo 'echo u10' >/usr/lib/dracut/hooks/$H/10-d.sh; echo no >/etc/dracut/hooks/$H/x.txt; mkdir $hookdir/$H/70-dir.sh
list_hooks $H; list_hooks $H '*-a.sh'; list_hooks none; source_hook $H A 'B C'; echo $? $kept; source_hook none; echo $?`},
	{"source_hook of one place", "bookworm trixie sid", `echo 'echo 1 "$@"; local l=2; x=3' >$hookdir/mount/1.sh; echo 'echo 2 $x' >$hookdir/mount/2.sh; source_hook mount a; echo $x`},
	{"source_all and source_conf", "bookworm", `echo 'echo s "$@"' >/conf/a.sh; echo 'c=1' >/conf/a.conf; echo 'echo $c' >/conf/b.conf; source_all conf x y; source_all none; source_conf conf; source_conf none`},
	{"check_finished", "sid", `check_finished; echo $?; echo true >$hookdir/initqueue/finished/a.sh; echo 'x=1; false' >$hookdir/initqueue/finished/b.sh; echo 'exit 0' >$hookdir/initqueue/finished/c.sh
check_finished; echo $? $x; show $hookdir; rm $hookdir/initqueue/finished/b.sh; check_finished; echo $?`},
	{"warn and info", "bookworm trixie sid", `warn a 'b  c' 2>&1; cat /dev/kmsg; info x y 2>&1; cat /dev/kmsg; printf 'p\nq' | vwarn 2>&1; echo v | vinfo 2>&1; cat /dev/kmsg`},
	{"quiet", "sid", `for w in '' quiet rd.info 'quiet rd.info' 'quiet rd.debug' 'quiet rd.info=0' 'loglevel=28' 'loglevel=3 rd.info' 'quiet loglevel=30' 'quiet loglevel=30 rd.info'; do
echo "$w" >/proc/cmdline; DRACUT_QUIET=; check_quiet; echo "$w: $DRACUT_QUIET"; done`},
	{"die", "sid", `(die "it's" 'a $x  "y"') 2>/dev/null; echo $?; show $hookdir /run; cat /dev/kmsg; . $hookdir/emergency/01-die.sh 2>&1`},
	{"die runs shutdown-emergency", "bookworm trixie sid", `echo 'echo ran' >$hookdir/shutdown-emergency/1.sh; (die x) 2>/dev/null; echo $?; [ -e /run/initramfs/.die ] && echo flag`},
	{"need_shutdown", "bookworm trixie sid", `need_shutdown; show /run`},
	{"export_n", "bookworm trixie sid", `export a='1  *' b=2; export_n a; sh -c 'echo "<$a><$b>"'; echo "<$a>"`},
	{"mkuniqdir", "bookworm trixie sid", `mkuniqdir /dst x; mkuniqdir /dst x; echo $?`},
	{"copytree", "sid", `mkdir -p /src/d /dst/d; echo 1 >/src/a; echo 2 >/src/d/b; echo 3 >/dst/d/c; ln -s a /src/l; copytree /src /dst; echo $?; show /dst; readlink /dst/l; echo $d`},
	{"remove_hostonly_files", "trixie sid", `mkdir -p /etc/cmdline.d /lib/dracut; : >/etc/cmdline; : >/etc/cmdline.d/a.conf; : >$hookdir/initqueue/finished/x.sh; : >/conf/x; echo /conf/x >/lib/dracut/hostonly-files
remove_hostonly_files; find /etc/cmdline* $hookdir/initqueue /conf 2>/dev/null | sort; rm -rf /etc/cmdline.d/* /lib/dracut`},
	{"setmemdebug", "sid", `echo rd.memdebug=3 >/proc/cmdline; DEBUG_MEM_LEVEL=; setmemdebug; echo $DEBUG_MEM_LEVEL`},
	{"show_memstats", "bookworm trixie sid", `printf 'MemFree: 1\nCached: 2\nSlab: 3\nOther: 4\n' >/proc/meminfo; show_memstats mem; show_memstats shortmem 2>&1`},
	{"load_fstype", "bookworm trixie sid", `printf 'nodev\tproc\n\text4\n' >/proc/filesystems; load_fstype ext4; echo $?; load_fstype foo proc; echo $?`},
	{"debug_on", "bookworm trixie sid", `RD_DEBUG=no; debug_on; case $- in *x*) echo on ;; esac; RD_DEBUG=yes; debug_on 2>/dev/null; case $- in *x*) echo on ;; esac; debug_off; case $- in *x*) echo on ;; esac; echo end`},
	{"positional and IFS", "bookworm trixie sid", `set -- p q; wait_for_dev /dev/x; trim ' a '; strstr ab a; label_uuid_to_dev LABEL=x; echo "$@"; printf '%s' "$IFS" | tr ' \t\n' 'stn'`},
}

func (d *tool) play(t *testing.T, s scene) string {
	t.Helper()
	script := d.load + stage
	if strings.Contains(d.version, "059") || strings.Contains(d.version, "106") {
		// There source_hook knows one place, by another name.
		script += "mkdir -p /lib/dracut; rm -rf /lib/dracut/hooks; ln -s $hookdir /lib/dracut/hooks\n"
	}
	out, _ := d.shell(t, script+s.script+"\ntrue\n")
	return out
}

// TestLibraryScenes compares what the functions do to files, to the log and to the shell.
func TestLibraryScenes(t *testing.T) {
	theirs, own := bothLibraries(t)
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			for _, d := range own {
				got := d.play(t, s)
				for suite := range strings.FieldsSeq(s.suites) {
					if want := theirs[suite].play(t, s); got != want || want == "" {
						t.Errorf("%s, %s:\ndracut %q\nours   %q", d.version, suite, want, got)
					}
				}
			}
		})
	}
}
