package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// mkinitrdName is the name by which the program is called as mkinitrd, a tool that dracut has taken the place of.
const mkinitrdName = "mkinitrd"

// mkinitrdTable has the options of mkinitrd that dracut's wrapper of that name knows.
func mkinitrdTable() []option {
	modules := func(where func(*request) *[]string) func(*request, []string) error { return adding(drivers, where) }
	return []option{
		{names: []string{"-f", "--force"}, text: "replace IMAGE if it is there", set: on(func(r *request) *bool { return &r.o.Force })},
		{names: []string{"-v", "--verbose"}, text: "say more", set: func(r *request, _ []string) error { r.level++; return nil }},
		{names: []string{"-q", "--quiet"}, text: "say nothing but errors", set: func(r *request, _ []string) error { r.level = 2; return nil }},
		{names: []string{"--version"}, text: "the version of preroot", set: on(func(r *request) *bool { return &r.version })},
		{names: []string{"-h", "--help"}, text: "this text", set: on(func(r *request) *bool { return &r.help })},
		{names: []string{"--with", "--with-avail"}, args: []string{"MODULE"}, text: "take this kernel module in, too", set: modules(func(r *request) *[]string { return &r.o.AddDrivers })},
		{names: []string{"--preload"}, args: []string{"MODULE"}, text: "the same, and load it first", set: modules(func(r *request) *[]string { return &r.o.ForceDrivers })},
		{names: []string{"--with-usb"}, text: "take usb-storage in, too", loose: true, set: func(r *request, _ []string) error { r.o.AddDrivers = append(r.o.AddDrivers, "usb-storage"); return nil }},
		{names: []string{"-d", "--rootfs"}, args: []string{"TYPE"}, text: "no file systems but this", set: modules(func(r *request) *[]string { return &r.o.Filesystems })},
		{names: []string{"--image-version"}, text: "write to IMAGE-KVER", set: func(r *request, _ []string) error { r.said["image-version"] = true; return nil }},
		{names: []string{"--nocompress"}, text: "do not compress", set: packed("none")},
		{names: []string{
			"--builtin", "--without", "--without-usb", "--without-dmraid", "--without-multipath", "--fstab", "--ifneeded", "--omit-scsi-modules", "--omit-ide-modules", "--omit-raid-modules",
			"--omit-lvm-modules", "--omit-dmraid", "--allow-missing", "--net-dev", "--noresume", "--rootdev", "--thawdev", "--rootopts", "--root", "--loopdev", "--loopfs", "--loopopts", "--looppath", "--dsdt", "-s",
		}, why: "the image holds what root needs", loose: true},
	}
}

// mkinitrd is "mkinitrd [options] IMAGE KVER": build by its old name.
func mkinitrd(args []string, stdout, stderr io.Writer) int {
	table := mkinitrdTable()
	r, err := mkinitrdRequest(table, args)
	return finishBuild(r, err, mkinitrdName, func() {
		fmt.Fprint(stdout, "usage: mkinitrd [options] IMAGE KVER\n\nThis is preroot build, which has more options.\n\n")
		printOptions(stdout, table)
	}, stdout, stderr)
}

// mkinitrdRequest is buildRequest for its words: both are needed.
func mkinitrdRequest(table []option, args []string) (*request, error) {
	r, err := buildRequest(table, args)
	if err != nil || r.help || r.version {
		return r, err
	}
	_, words, err := parse(table, args)
	switch {
	case err != nil:
		return nil, err
	case len(words) != 2:
		return nil, errors.New("name IMAGE and KVER: mkinitrd [-f] [-v] IMAGE KVER")
	case r.said["image-version"]:
		r.o.Output = strings.TrimSuffix(words[0], "-"+words[1]) + "-" + words[1]
	}
	return r, nil
}
