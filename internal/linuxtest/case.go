package linuxtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Case is a boot as a text file: sections that begin with a line "-- name --" (the txtar format of the Go tools). What
// stands before the first section is a comment.
//
//	cmdline      the kernel's command line
//	disks        one device a line: NAME FORMAT [key=value or word ...]; FORMAT is ext4, swap, pv, luks, gpt or empty; a name
//	             with a number behind it is a partition of the disk before it. Keys: uuid, label, partuuid,
//	             partlabel, serial, diskseq, modalias, module (that brings it), at (a duration, from the beginning
//	             or from that of the load of the module), answers (a duration: what its first reader waits), needs (a mount
//	             option), from and lv (a logical volume VG/LV that the helper makes from these devices A,B, in the time takes; words raid, nohelper), copy (of that device), behind (what the helper opens from that device when somebody has typed, after
//	             the time typed, for ever without; words denied, nohelper), swapfile (the page of the header of one). Words of swap: suspended, uswsusp, stale, busy (see swapHeader).
//	             Words: lost (its uevent is lost), hang (reads never return), dead (they fail), ro (write-protected).
//	filesystems  those that the kernel has; ext4 when there is no such section
//	modules      one a line: NAME [alias=PATTERN] [needs=A,B] [takes=DURATION] and the words hang, absent; a module
//	             with the name of a file system brings it
//	programs     one a line: NAME STATUS of those in the image; "sh TIMES [DURATION]" is a shell, and somebody who presses a
//	             key at once, so often, and leaves the shell after so long each time
//	network      one device a line: NAME [module=NAME] [at=DURATION, from the beginning or from the end of the load of the module]
//	             [carrier=DURATION after it was switched on, or never] [refuses=an address] and the words loopback,
//	             and up: with a carrier from the beginning
//	nfs          what servers give, one a line: SERVER:PATH vers=VERSION [takes=DURATION] [error=refused, denied, missing or unknown [times=N]].
//	             Of what is not listed nothing is heard
//	people       who comes to a prompt, one visit a line: WAIT STAY [REQUEST]; nobody comes after the last one
//	events       one a line: TIME signal N, TIME overrun, TIME remove NAME, TIME medium NAME (another DISKSEQ)
//	linuxrc      the image holds a classic initrd, and its helper; /linuxrc takes the time on the first line ("hang": for ever), and leaves the other lines as its result.
//	             Words behind the time: nohelper, bad (the file is no file system), pivots=DEVICE (it makes that device's file system the root), busy
//	DEVICE:PATH  a file on a device, nfs for a root on NFS; "ELF" stands for a program, "ELF 0644" for one that is not executable
//	initramfs:PATH  a file of the initramfs, or of /proc and /sys; hooks are such (see shell). Executable if it begins with #!
//	want         the journal
//	log          lines that must be in the log, in part
type Case struct {
	Comment  string
	sections []section
}

type section struct{ name, text string }

// ParseCase splits the text of a case.
func ParseCase(text string) Case {
	var c Case
	for _, line := range strings.SplitAfter(text, "\n") {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "-- ")
		if name, end := strings.CutSuffix(name, " --"); ok && end {
			c.sections = append(c.sections, section{name: name})
		} else if n := len(c.sections); n > 0 {
			c.sections[n-1].text += line
		} else {
			c.Comment += line
		}
	}
	return c
}

// Section is the text of a section, "" when there is none.
func (c *Case) Section(name string) string {
	for _, s := range c.sections {
		if s.name == name {
			return s.text
		}
	}
	return ""
}

// Set replaces a section, or adds it.
func (c *Case) Set(name, text string) {
	for i := range c.sections {
		if c.sections[i].name == name {
			c.sections[i].text = text
			return
		}
	}
	c.sections = append(c.sections, section{name, text})
}

// String is the case as a file.
func (c *Case) String() string {
	var b strings.Builder
	b.WriteString(c.Comment)
	for _, s := range c.sections {
		b.WriteString("-- " + s.name + " --\n" + s.text)
	}
	return b.String()
}

// lines are the lines of a section that say something.
func (c *Case) lines(name string) []string {
	return slices.DeleteFunc(strings.Split(c.Section(name), "\n"), func(l string) bool {
		return strings.TrimSpace(l) == "" || l[0] == '#'
	})
}

// attributes splits "key=value" and words; a value in double quotes may hold blanks.
func attributes(line string) (words []string, attr map[string]string) {
	attr = map[string]string{}
	quoted := false
	fields := strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for _, f := range fields {
		if key, value, ok := strings.Cut(f, "="); ok {
			attr[key] = strings.Trim(value, `"`)
		} else {
			words = append(words, f)
		}
	}
	return words, attr
}

// disk is a block device, there or not yet.
type disk struct {
	name, format string
	parent       *disk
	part         int
	number       int // minor
	attr         map[string]string
	words        []string
	at, answers  time.Duration
	answered     time.Time // set when it is opened first
	image        *image
	present      bool
	mapping      string // the name under which it was opened
}

func (d *disk) is(word string) bool { return slices.Contains(d.words, word) }

func (d *disk) size() int64 {
	if d.part > 0 {
		return partSize
	}
	return diskSize
}

func (d *disk) start() int64 {
	if d.part == 0 {
		return 0
	}
	return firstStart + int64(d.part-1)*partSize
}

// parseDisks reads the section "disks" and makes the images.
func parseDisks(c *Case) ([]*disk, error) {
	var disks []*disk
	for i, line := range c.lines("disks") {
		words, attr := attributes(line)
		if len(words) < 2 {
			return nil, fmt.Errorf("disks: %q: want NAME FORMAT", line)
		}
		d := &disk{name: words[0], format: words[1], words: words[2:], attr: attr, number: i}
		var err error
		if d.at, err = duration(attr["at"]); err != nil {
			return nil, err
		}
		if d.answers, err = duration(attr["answers"]); err != nil {
			return nil, err
		}
		d.findParent(disks)
		if d.image, err = newImage(d); err != nil {
			return nil, err
		}
		disks = append(disks, d)
	}
	return disks, fillTables(disks)
}

// findParent makes a partition of sda1 if sda holds a table.
func (d *disk) findParent(disks []*disk) {
	for _, p := range disks {
		rest, ok := strings.CutPrefix(d.name, p.name)
		if n, err := strconv.Atoi(rest); ok && err == nil && p.format == "gpt" {
			d.parent, d.part = p, n
		}
	}
}

func fillTables(disks []*disk) error {
	for _, d := range disks {
		if d.format != "gpt" {
			continue
		}
		parts := slices.DeleteFunc(slices.Clone(disks), func(p *disk) bool { return p.parent != d })
		if err := gpt(d.image, parts); err != nil {
			return err
		}
	}
	return nil
}

func duration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return time.ParseDuration(text)
}
