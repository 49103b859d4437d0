// Package check judges an initramfs image before it is booted: will it find root of this machine? It reads images of preroot,
// of dracut and of mkinitramfs, and runs nothing of them.
//
// What a boot cannot do without is written down once for each kind of init, as a list of needs, each with its reason
// (preroot.go, mkinitramfs.go, dracut.go, systemd.go): programs with their libraries, scripts that are sourced, files that must
// say a certain thing. Everything else in an image makes noise at most when it is missing, and changes no verdict. The lists were
// learned from boots (test/breakages), where one file at a time was broken.
//
// The drivers come from the Target: what hardware root hangs on, its file system, the layers between. A kernel has each of
// them built in, or the image has the module, all that it needs, and the index by which it is found.
//
// Scripts are parsed. A shell that sources a file with a mistake in it ends, and it is process 1: so a mistake counts even in a
// hook that root does not need.
package check
