package dracut

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

var libraryCalls = flag.Int("librarycalls", 200, "generated calls of each function of the hook library to compare with dracut's own, in each shell")

// generated are the functions whose answer lies in their output, status and variables: how the arguments of a call are made.
var generated = map[string]func(*rand.Rand) []string{
	"strstr":     twoTexts,
	"strglob":    twoTexts,
	"strglobin":  twoTexts,
	"str_starts": twoTexts,
	"str_ends":   twoTexts,
	"trim":       func(r *rand.Rand) []string { return some(r, 3, func() string { return libText(r) }) },
	"isdigit":    func(r *rand.Rand) []string { return []string{chars(r, "0129 a-", 4)} },
	"escape":     func(r *rand.Rand) []string { return []string{libText(r)} },
	"str_replace": func(r *rand.Rand) []string {
		return []string{libText(r), chars(r, `a/b*'`, 2) + "a", chars(r, `\x2f a`, 3)}
	},
	"splitsep":     splitsepArgs,
	"listlist":     listArgs,
	"are_lists_eq": listArgs,
	"getoptcomma": func(r *rand.Rand) []string {
		return []string{list(r, ",", "a", "b", "a=1", "b=2", "ab=3", "a=="), pick(r, []string{"a", "b", "ab", "x"})}
	},
	"check_occurances": func(r *rand.Rand) []string {
		return []string{chars(r, "ab,.", 6), pick(r, []string{",", "a", "."}), pick(r, []string{"0", "1", "2"})}
	},
	"incol2": func(r *rand.Rand) []string {
		return []string{"/words", pick(r, []string{"a", "b", "c", `\x`, "*", ""})}
	},
	"label_uuid_to_dev":  func(r *rand.Rand) []string { return []string{spec(r)} },
	"udevmatch":          func(r *rand.Rand) []string { return []string{spec(r)} },
	"foreach_uuid_until": uuidArgs,
	"funiq":              func(r *rand.Rand) []string { return []string{"/files", pick(r, []string{"a", "b", "c", "a b"})} },
	"check_meminfo": func(r *rand.Rand) []string {
		return []string{pick(r, []string{"MemFree:", "Slab:", "MemTotal:", "Mem", ""})}
	},
	"ismounted":   func(r *rand.Rand) []string { return []string{pick(r, []string{"/", "/a", "/a/b", "/none", "tmpfs"})} },
	"find_mount":  func(r *rand.Rand) []string { return []string{pick(r, []string{"/dev/vda", "/dev/root", "/dev/none"})} },
	"usable_root": func(r *rand.Rand) []string { return []string{pick(r, []string{"/files", "/words", "/none"})} },
}

// newestOnly are functions that older versions answer otherwise, on purpose: docs/hook-library.md.
var newestOnly = map[string]bool{"usable_root": true, "str_replace": true, "splitsep": true,
	"find_mount": true}

func chars(r *rand.Rand, from string, most int) string {
	var b strings.Builder
	for range r.IntN(most + 1) {
		b.WriteByte(from[r.IntN(len(from))])
	}
	return b.String()
}

// plainText has no backslash: what dracut gives to echo, dash decodes.
func plainText(r *rand.Rand) string { return strings.ReplaceAll(libText(r), `\`, "/") }

func libText(r *rand.Rand) string { return chars(r, "aab/ \t*?[]'\"$`\\-n;:,", 8) }

func some(r *rand.Rand, most int, text func() string) []string {
	var all []string
	for range r.IntN(most + 1) {
		all = append(all, text())
	}
	return all
}

func twoTexts(r *rand.Rand) []string { return []string{libText(r), chars(r, "ab/*?'\"$", 2)} }

func list(r *rand.Rand, sep string, entries ...string) string {
	return strings.Join(some(r, 4, func() string { return pick(r, entries) }), sep)
}

// listArgs hold no entry that is part of another: dracut finds b in ab.
func listArgs(r *rand.Rand) []string {
	sep := pick(r, []string{",", ":", " "})
	args := []string{sep, list(r, sep, "a", "b", "c", "dd"), list(r, sep, "a", "b", "c", "dd")}
	if r.IntN(3) == 0 {
		args = append(args, list(r, sep, "c", "dd"))
	}
	return args
}

func splitsepArgs(r *rand.Rand) []string {
	sep := pick(r, []string{":", ",", "ab", " "})
	return append([]string{sep, list(r, sep, "a", "b", "", "$x", "*", "'")}, []string{"x", "y", "z"}[:1+r.IntN(3)]...)
}

func spec(r *rand.Rand) string {
	uuid := pick(r, []string{"01234567-89ab-cdef-0123-456789abcdef", "0123", "AB-CD", chars(r, "aA1-/ ", 5)})
	return pick(r, []string{"LABEL=", "UUID=", "PARTUUID=", "PARTLABEL=", "/dev/", "/dev/disk/", "", "ID="}) + pick(r, []string{uuid, plainText(r)})
}

func uuidArgs(r *rand.Rand) []string {
	var args []string
	if r.IntN(2) == 0 {
		args = append(args, "-p", "luks-")
	}
	args = append(args, pick(r, []string{`echo "$___"`, `echo "$___" && false`, `[ "$___" = ab2 ]`}))
	// Without any UUID the older versions take each of those that are there.
	args = append(args, pick(r, []string{"ab", "zz"}))
	return append(args, some(r, 2, func() string { return pick(r, []string{"ab", "ab2", "c", "zz"}) })...)
}

// ground is what the functions look at.
const ground = `mkdir -p /dev/disk/by-uuid /files /proc /tmp
: >/dev/disk/by-uuid/ab1; : >/dev/disk/by-uuid/ab2; : >/dev/disk/by-uuid/cd; : >/dev/vda; ln -sf vda /dev/root
: >/files/a0; : >/files/a1; : >/files/b1
printf 'x a\n y b z\nc\nd \\x *\n* * *\n' >/words
printf 'MemTotal: 2 kB\nMemFree:  1 kB\nSlab: 3 kB\n' >/proc/meminfo
printf '/dev/vda / ext4 rw 0 0\ntmpfs /a tmpfs rw 0 0\n' >/proc/mounts
`

// library makes a tool load the whole library instead of getarg alone. The boot's side effects stay out.
func (d *tool) library() *tool {
	d.load = "PREFIX=/x; RD_DEBUG=no; DEBUG_MEM_LEVEL=0\n. /lib/dracut-dev-lib.sh\n. /lib/dracut-lib.sh\nPREFIX=\n"
	return d
}

// result is one call: output, status and three variables; "absent" if this version has no such function.
func (d *tool) results(t *testing.T, function string, all [][]string) []string {
	t.Helper()
	var script strings.Builder
	script.WriteString(d.load + ground)
	fmt.Fprintf(&script, "command -v %s >/dev/null || { printf 'absent\\0'; exit 0; }\nexec 2>/dev/null\n", function)
	for _, args := range all {
		call := function
		for _, a := range args {
			call += " " + quote(a)
		}
		fmt.Fprintf(&script, "(x=1; y=2; z=3; %s; printf '[%%s|%%s|%%s|%%s]\\0' $? \"$x\" \"$y\" \"$z\")\n", call)
	}
	out, _ := d.shell(t, script.String())
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
}

func makeCalls(function string) [][]string {
	r := rand.New(rand.NewPCG(59, uint64(len(function))))
	var all [][]string
	for range *libraryCalls {
		all = append(all, generated[function](r))
	}
	return all
}

// bothLibraries are dracut's library by suite, and ours in each shell.
func bothLibraries(t *testing.T) (theirs map[string]*tool, own []*tool) {
	t.Helper()
	theirs = map[string]*tool{}
	for _, suite := range []string{"bookworm", "trixie", "sid"} {
		theirs[suite] = newTool(t, suite).library()
		theirs[suite].applets(t)
	}
	for _, shell := range shellNames() {
		own = append(own, ownTool(t, shell).library())
	}
	return theirs, own
}

// TestLibrary compares each function with those of three versions of dracut.
func TestLibrary(t *testing.T) {
	theirs, own := bothLibraries(t)
	for _, function := range sortedKeys(generated) {
		t.Run(function, func(t *testing.T) {
			all := makeCalls(function)
			var got [][]string
			for _, d := range own {
				got = append(got, d.results(t, function, all))
			}
			compared := 0
			for suite, d := range theirs {
				if newestOnly[function] && suite != "sid" {
					continue
				}
				want := d.results(t, function, all)
				if want[0] == "absent" {
					continue
				}
				compared++
				for i, d := range own {
					compareResults(t, suite+" and "+d.version, function, all, want, got[i])
				}
			}
			if compared == 0 {
				t.Error("no version has this function")
			}
		})
	}
}

func compareResults(t *testing.T, who, function string, all [][]string, want, got []string) {
	t.Helper()
	if len(want) != len(all) || len(got) != len(all) {
		t.Errorf("%s: %d and %d answers to %d calls", who, len(want), len(got), len(all))
		return
	}
	bad := 0
	for i := range all {
		if want[i] == got[i] {
			continue
		}
		if bad++; bad <= 2 {
			t.Errorf("%s: %s %q: dracut %q, ours %q", who, function, all[i], want[i], got[i])
		}
	}
	if bad > 2 {
		t.Errorf("%s: %s: %d of %d calls differ", who, function, bad, len(all))
	}
}
