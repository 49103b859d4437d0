// Preroot is the host's side of preroot: it builds the initramfs images that /init boots, and looks into them.
//
//	preroot build [options] [IMAGE [KVER]]
//	mkinitrd [options] IMAGE KVER
//	preroot append [options] IMAGE
//	preroot chain [--sysroot DIR]
//	preroot check [options] IMAGE
//	preroot boot [options] IMAGE [KERNEL]
//	preroot ls [-s] IMAGE
//	preroot cat IMAGE PATH...
//	preroot unpack [-C DIR] IMAGE [PATH...]
//	preroot diff IMAGE1 IMAGE2
//	preroot completion bash|zsh|fish
//
// The options of build have the names and meanings of dracut's where dracut has them.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// version of the program; the linker sets it (-X main.version=...).
var version = "0.1"

func main() {
	if filepath.Base(os.Args[0]) == mkinitrdName {
		os.Exit(mkinitrd(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

const usage = `usage: preroot build [options] [IMAGE [KVER]]  make an initramfs image
       preroot append [options] IMAGE          add what makes it one of a machine: words, keys, hooks
       preroot chain [--sysroot DIR]           show what root stands on
       preroot check [options] IMAGE           will it find root? of any tool
       preroot boot [options] IMAGE [KERNEL]   try it in QEMU, with stand-ins of this machine's disks
       preroot ls [-s] IMAGE                   list what is in one, of any tool, and which of it is secret
       preroot cat IMAGE PATH...               write files of one to standard output
       preroot unpack [-C DIR] IMAGE [PATH...] write files of one into a folder
       preroot diff IMAGE1 IMAGE2              what two do not have in common
       preroot build -h                        the options
`

// run does what args say and gives the exit status: 0, 1 when it failed, 2 when args make no sense. diff has that of
// diff(1).
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	switch args[0] {
	case "build":
		return build(args[1:], stdout, stderr)
	case "chain":
		return showChain(args[1:], stdout, stderr)
	case "check":
		return checkImage(args[1:], stdout, stderr)
	case "boot":
		return boot(args[1:], stdout, stderr)
	case "ls":
		return list(args[1:], stdout, stderr)
	case "append":
		return appendPart(args[1:], stdout, stderr)
	case "cat":
		return cat(args[1:], stdout, stderr)
	case "unpack":
		return unpack(args[1:], stderr)
	case "diff":
		return diff(args[1:], stdout, stderr)
	case "completion":
		return completion(args[1:], stdout, stderr)
	case "version", "--version":
		fmt.Fprintln(stdout, "preroot", version)
		return 0
	case "help", "-h", "--help":
		fmt.Fprint(stdout, usage)
		return 0
	}
	fmt.Fprintf(stderr, "preroot: no command %q\n%s", args[0], usage)
	return 2
}
