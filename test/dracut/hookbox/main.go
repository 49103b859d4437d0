// Command hookbox runs one hook script of dracut in an image of its own: as dracut's own init would (Spec.Model is the shell text that does what it
// does), or under the hook shell of /init. It is process 1 of a process, mount, network and host name namespace, its root directory a
// layer over the image that goes with it, and it has no right to mount, to reboot, to load modules or to make nodes.
//
//	hookbox WORK <SPEC >RESULT     WORK is an empty directory, SPEC and RESULT are JSON
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// Spec is what is to be run.
type Spec struct {
	// Image is the lower directory. Shell is what /bin/sh is: a link.
	Image, Shell string
	// Files are written into the tree first, by path.
	Files map[string]string
	// Cmdline is /proc/cmdline.
	Cmdline string
	// Model is the text of dracut's init around the hook; "" has the hook run by the shell of /init.
	Model string
	// Stage and Hook are where the hook lies; Args are its arguments.
	Stage, Hook string
	Args        []string
	// Vars are the variables that the boot has set by then, Exported those of them that are exported. The model sets them itself.
	Vars     map[string]string
	Exported []string
}

// Result is what the hook left.
type Result struct {
	// Ended is returned, exited, gone or hung.
	Ended  string
	Status int
	// Set and Exported are what set and export -p print afterwards.
	Set, Exported string
	// Place is the working directory and the umask.
	Place string
	// Output is what was printed, Log what went to /dev/kmsg.
	Output, Log string
	// Files are those that were written, by path, with what they hold; what was removed begins with a minus sign.
	Files map[string]string
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "hookbox:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("want one directory")
	}
	var spec Spec
	if err := json.NewDecoder(os.Stdin).Decode(&spec); err != nil {
		return err
	}
	box, err := enter(os.Args[1], spec)
	if err != nil {
		return err
	}
	result := Result{}
	if spec.Model != "" {
		result, err = stock(spec)
	} else {
		result, err = ours(spec)
	}
	if err != nil {
		return err
	}
	result.Set, result.Exported, result.Place = read("/.box/set"), read("/.box/export"), read("/.box/place")
	result.Files, result.Log = box.written(), box.log()
	return json.NewEncoder(os.Stdout).Encode(result)
}

func read(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}
