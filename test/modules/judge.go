package main

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// i18nVars are those of Debian's dracut.conf.d/10-debian.conf.
const i18nVars = "/etc/default/locale:LANG,LC_ALL /etc/default/console-setup:CODESET,FONTFACE,FONTSIZE /etc/default/keyboard:XKBMODEL,XKBLAYOUT"

// reason is why a file is in one list alone. who is "dracut" or "preroot".
type reason struct {
	who, pattern, why string
}

const bySelf = "made by dracut itself, whatever the modules; preroot makes its own"

var reasons = []reason{
	{"dracut", `^c dev/(console|kmsg|null)$`, bySelf},
	{"dracut", `^c dev/u?random$`, "made by dracut itself; in preroot's image nobody reads it before the kernel has mounted /dev"},
	{"dracut", `^f etc/ld\.so\.cache$`, bySelf},
	{"dracut", `^f etc/ld\.so\.conf(\.d/|$)`, "read by ldconfig, which does not run in an image; the loader reads the cache alone"},
	{"dracut", `^f usr/lib/dracut/(build-parameter|modules)\.txt$`, "what lsinitrd tells of who made the image"},
	{"dracut", `^f usr/lib/dracut/dracut-`, bySelf},
	{"dracut", `^f usr/lib/modules/[^/]*/modules\.`, bySelf},
	{"dracut", `^d usr/lib/dracut/hooks$`, "the name of the hooks' folder before dracut 106 is a link to that since"},
	{"dracut", `/libgcc_s\.so\.1$`, "dracut takes libgcc_s into every image; preroot where something in it can end a thread"},
	{"dracut", `/(libc\.so\.6|ld-linux-x86-64\.so\.2)$`, "dracut takes libgcc_s into every image; preroot where something in it can end a thread"},
	{"dracut", `^[ld] (usr/)?lib64$`, "dracut takes libgcc_s into every image; preroot where something in it can end a thread"},
	{"preroot", `^d usr/lib64$`, "a mount point, or a folder that preroot always has"},
	{"preroot", `^[fl] usr/lib/[^/]*/(liblzma|libacl|libattr|libmount|libselinux|libpcre2-8|libsystemd)\.so\.`, "recommended in the .note.dlopen of kmod, libkmod or udevadm, or needed by such a library"},
	{"preroot", `/kernel/(crypto/xxhash_generic|arch/x86/crypto/sha256-ssse3)\.ko`, "the soft dependency of btrfs is an alias of several modules: all of them"},
	{"preroot", `^f usr/lib/multipath/`, "dracut 059 takes /lib64 for the folder of Debian's libraries, and multipathd's plugins lie in /lib"},
	{"dracut", `^l usr/lib/.*\.so$`, "the name of a library for compilers"},
	{"dracut", `^f usr/lib/dracut/hostonly-files$`, "dracut 059 notes what could be this machine's own for any image"},
	{"preroot", `^f usr/lib/dracut/dracut-preroot$`, "the file is called after the version of who made the image"},
	{"preroot", `^l usr/lib/dracut/hooks$`, "the name of the hooks' folder before dracut 106 is a link to that since"},
	{"preroot", `^d (etc/conf\.d|root|run|sys|proc|dev|sysroot|tmp|var/tmp)$`, "a mount point, or a folder that preroot always has"},
}

// judge compares the lists.
func (c *row) judge(mine, theirs []string) {
	slices.Sort(mine)
	slices.Sort(theirs)
	mine, theirs = filled(slices.Compact(mine)), filled(slices.Compact(theirs))
	for _, l := range mine {
		if slices.Contains(theirs, l) {
			c.Files++
			continue
		}
		c.explain("preroot", l)
	}
	for _, l := range theirs {
		if !slices.Contains(mine, l) {
			c.explain("dracut", l)
		}
	}
}

// filled leaves out folders that something lies in: that says it.
func filled(list []string) []string {
	parents := map[string]bool{}
	for _, l := range list {
		for dir := path.Dir(l[2:]); dir != "."; dir = path.Dir(dir) {
			parents["d "+dir] = true
		}
	}
	return slices.DeleteFunc(list, func(l string) bool { return parents[l] || l == "d ." })
}

func (c *row) explain(who, line string) {
	for _, r := range reasons {
		if r.who == who && regexp.MustCompile(r.pattern).MatchString(line) {
			c.Reasons[r.why] = append(c.Reasons[r.why], who+": "+line)
			return
		}
	}
	c.Unexplained = append(c.Unexplained, who+" only: "+line)
}

func (c *row) words() string {
	n := 0
	for _, list := range c.Reasons {
		n += len(list)
	}
	text := fmt.Sprintf("%d in both, %d differ with a reason, %d without", c.Files, n, len(c.Unexplained))
	for _, l := range c.Unexplained[:min(40, len(c.Unexplained))] {
		text += "\n    " + l
	}
	for _, w := range c.Warnings {
		text += "\n    ! " + strings.TrimSpace(w)
	}
	return text
}
