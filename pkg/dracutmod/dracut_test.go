package dracutmod

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// dracutDir is where the dracut of this machine lies (package dracut-core).
const dracutDir = "/usr/lib/dracut"

// theirShell runs lines over dracut's own functions; stage is $initdir.
func theirShell(t *testing.T, stage, moddir, lines string) string {
	t.Helper()
	script := `. "$dracutbasedir/dracut-init.sh" >/dev/null 2>&1; for i in $hookdirs; do mkdir -p "$initdir/lib/dracut/hooks/$i"; done
` + lines
	cmd := exec.Command("bash", "--noprofile", "--norc", "-c", script)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C", "LANG=C", "dracutbasedir=" + dracutDir, "initdir=" + stage, "kernel=6", "moddir=" + moddir,
		"udevdir=/usr/lib/udev", "DRACUT_LOG_LEVEL=warning", "stdloglvl=0", "sysloglvl=0", "fileloglvl=0", "kmsgloglvl=0", "DRACUT_NO_XATTR=1", "no_kernel=yes", "hostonly_mode=sloppy"}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Logf("dracut: %v\n%s", err, errs.Bytes())
	}
	return out.String()
}

// ourShell runs lines as the install function of a module, and returns what they print.
func ourShell(t *testing.T, stage, lines string) string {
	t.Helper()
	dir := tree(t, map[string]string{"10x": "install() {\n{\n" + lines + "\n} >/tmp/ours.$$\nmv /tmp/ours.$$ \"$initdir/OUT\"\n}"})
	if _, err := Run(Options{Dirs: []string{dir}, Add: []string{"x"}, Stage: stage, KVER: "6"}); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(filepath.Join(stage, "OUT"))
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(stage, "OUT"))
	return string(out)
}

// words are calls of functions that answer by their status and what they print.
var words = strings.Split(strings.TrimSpace(`
strstr "a*c" "*"
strstr abc x
strglob abc "a?c"
strglobin abcd "b?"
str_starts abc ab
str_starts abc c
str_starts "" ""
str_ends abc bc
str_ends abc "b?"
trim "  a  b "
trim
vercmp 1.2 lt 1.10
vercmp 1.2.0 eq 1.2
vercmp 1.2 ge 1.2.1
vercmp 3 ne 3
vercmp 10 gt 9.9
vercmp 1.0 le 1
a="x y" b= c="\$d"; print_vars a b c nothing
normalize_path ///a//b///
normalize_path /
convert_abs_rel /usr/bin/test /bin/test-2
convert_abs_rel /usr/bin/test /usr/bin
convert_abs_rel /usr/bin/test /usr/bin/x
convert_abs_rel /usr/bin/test /usr/bin/test
convert_abs_rel /a /b/c
convert_abs_rel /a/b/c/d /a/x
convert_abs_rel /a/b//c /a/b/d/e/
expand_persistent_dev LABEL=x
expand_persistent_dev UUID=AB-1
expand_persistent_dev PARTUUID=AB-1
expand_persistent_dev PARTLABEL=xY
expand_persistent_dev /dev/sda
shorten_persistent_dev /dev/disk/by-uuid/x
shorten_persistent_dev /dev/disk/by-label/x
shorten_persistent_dev /dev/disk/by-partuuid/x
shorten_persistent_dev /dev/disk/by-partlabel/x
shorten_persistent_dev /dev/disk/by-id/x
fs_get_option "ro,a=b,subvol=x=y,subvol=z" subvol
fs_get_option ro subvol
find_binary bash
find_binary /bin/bash
find_binary no-such-program
find_binary /no/such/program
is_func find_binary
is_func no_such
get_maj_min /dev/null
get_maj_min /dev/full
get_cpu_vendor
get_ucode_file
get_decompress_cmd a.gz
get_decompress_cmd a.xz
get_decompress_cmd a
optional_hostonly
hostonly=-h hostonly_mode=strict; optional_hostonly; hostonly=; hostonly_mode=sloppy
find_mp_fstype /
find_mp_fstype /proc
find_mp_fsopts /proc
find_root_block_device
find_block_device /proc
check_block_and_slaves true 999:1
for_each_host_dev_and_slaves true
for_each_host_dev_and_slaves_all true
block_is_nbd 43:0
block_is_iscsi 8:0
block_is_fcoe 8:0
block_is_netdevice 8:0
lvm_internal_dev 8:0
require_binaries bash no-such-program
require_binaries bash sh
require_any_binary no-such-program sh
require_any_binary no-such-program
is_unbracketed_ipv6_address fe80::1
is_unbracketed_ipv6_address "[fe80::1]"
iface_for_remote_addr 127.0.0.1
local_addr_for_remote_addr 127.0.0.1
netmask_for_addr 127.0.0.1
peer_for_addr 127.0.0.1
gateway_for_iface lo 127.0.0.1
inst_any /no/such /etc/no
inst_simple /no/such
inst_library /no/such
inst_symlink /etc/passwd
inst_multiple -o no-such-program
inst_multiple no-such-program
inst no-such-program
inst_libdir_file "no-such-lib*"
inst_binary /no/such
inst_decompress /etc/passwd
`), "\n")

func TestFunctionsAgainstDracut(t *testing.T) {
	var script strings.Builder
	for _, w := range words {
		script.WriteString("printf '<%s> %s\\001' \"$(" + w + " 2>/dev/null)\" \"$(" + w + " >/dev/null 2>&1; echo $?)\"\n")
	}
	theirs := strings.Split(theirShell(t, t.TempDir(), "/", script.String()), "\x01")
	ours := strings.Split(ourShell(t, t.TempDir(), script.String()), "\x01")
	if len(theirs) < len(words) {
		t.Fatalf("dracut answers %d calls of %d", len(theirs), len(words))
	}
	for i, w := range words {
		if i >= len(ours) || ours[i] != theirs[i] {
			t.Errorf("%s: %q, dracut: %q", w, ours[min(i, len(ours)-1)], theirs[i])
		}
	}
}

// scenes are what modules do; $m is a folder of files of their own.
var scenes = []string{
	`inst_multiple bash ls; inst_multiple -o no-such-program cat; inst /bin/sh`,
	`inst_simple /etc/passwd; inst_simple /etc/passwd /etc/other/name; inst /usr/bin/ls /opt/list; inst "$m/script"; inst_script "$m/script" /sbin/script`,
	`inst_dir /a/b/c; inst_dir /usr/share/doc; inst_dir /lib/modules`,
	`inst_hook cmdline 10 "$m/hook.sh"; inst_hook initqueue/finished 99 "$m/hook.sh"`,
	`inst_any -d /x /no/such /etc/passwd; inst_any /no/such /etc/group`,
	`inst_symlink /bin/sh; inst_symlink "$m/link"; inst_symlink /etc/passwd`,
	`inst_multiple "/etc/ssl/*.cnf" "/etc/pass*"; inst_multiple -o "/etc/no*such"`,
	`inst_rules 60-persistent-storage.rules 50-udev-default.rules 80-drivers.rules no-such.rules; inst_rules "$m/10-mine.rules"`,
	`inst_rules_wildcard "60-persistent-*"`,
	`inst_rules "$m/10-mine.rules"; prepare_udev_rules 10-mine.rules; cat "$initdir/etc/udev/rules.d/10-mine.rules"`,
	`inst_simple "$m/packed.gz" /etc/packed.gz; inst_opt_decompress "$m/packed.gz" /etc/passwd`,
	`mark_hostonly /etc/a /etc/b; dracut_need_initqueue; dracut_no_switch_root`,
	`mksubdirs "$initdir/q/r/s"; ln_r /etc/target /usr/lib/name; inst_binary cat; inst_library /lib64/ld-linux-x86-64.so.2`,
	`inst_fsck_help ext4 "$m/script"; inst_multiple ldd which`,
	`dracut_install true; inst_simple /etc/alternatives/awk; inst awk`,
}

// TestScenesAgainstDracut: the same calls leave the same files in $initdir, with the same modes and contents; what dracut does otherwise is in the list of
// what is passed over.
func TestScenesAgainstDracut(t *testing.T) {
	m := filepath.Join(t.TempDir(), "10x")
	for name, text := range map[string]string{
		"script": "#!/bin/bash\nexit\n", "hook.sh": "true\n", "10-mine.rules": "RUN+=\"/bin/cat x\", OWNER=\"bin\", GROUP=\"tty\"\nRUN+=\"/sbin/initqueue\"\nPROGRAM=\"no-such-program\"\nx IMPORT PATH_ID\ny IMPORT BLKID\n",
	} {
		if err := os.MkdirAll(m, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(m, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("sh", "-c", `cd "$1" && chmod 755 script && ln -s script link && echo x | gzip >packed.gz`, "sh", m).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	for _, scene := range scenes {
		lines := "m=" + m + "\n" + scene
		a, b := t.TempDir(), t.TempDir()
		for _, d := range skeleton {
			if to, err := os.Readlink(d); err == nil {
				_ = os.Symlink(to, filepath.Join(b, d))
			} else if err := os.MkdirAll(filepath.Join(b, d), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		theirsOut := theirShell(t, b, m, lines)
		oursOut := ourShell(t, a, lines)
		ours, theirs := census(t, a), census(t, b)
		for name, is := range theirs {
			if ours[name] != is && !passedOver(name) {
				t.Errorf("%s\n%s is %q, dracut's %q", scene, name, ours[name], is)
			}
		}
		for name, is := range ours {
			if _, there := theirs[name]; !there && !passedOver(name) {
				t.Errorf("%s\n%s (%q) is not in dracut's", scene, name, is)
			}
		}
		if oursOut != theirsOut {
			t.Errorf("%s prints %q, dracut's %q", scene, oursOut, theirsOut)
		}
	}
}

// passedOver are names that only one of the two has for a reason that is known.
func passedOver(name string) bool {
	return strings.HasSuffix(name, ".so") || strings.HasSuffix(name, "libgcc_s.so.1") || slices.Contains([]string{"lib64", "var/run", "var/lock"}, name) || name == "usr/lib64" || name == "usr/lib/dracut/hooks"
}

// census lists the files and links below a folder with the mode and the content of each.
func census(t *testing.T, dir string) map[string]string {
	t.Helper()
	out, err := exec.Command("sh", "-c", `cd "$1" && find . \( -type f -printf '%P %m ' -exec md5sum {} \; \) -o \( -type l -printf '%P ' -exec readlink -f {} \; \) -o \( -type d -empty -printf '%P folder\n' \)`, "sh", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		name = strings.Replace(name, "var/lib/dracut/hooks", "usr/lib/dracut/hooks", 1)
		rest = strings.ReplaceAll(rest, "var/lib/dracut/hooks", "usr/lib/dracut/hooks")
		if parent := strings.HasSuffix(rest, "folder"); parent && slices.Contains(skeleton, "/"+name) {
			continue
		}
		list[name] = strings.ReplaceAll(rest, dir, "")
	}
	return list
}
