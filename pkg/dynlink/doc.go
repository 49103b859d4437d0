// Package dynlink finds what a program needs to run: its dynamic loader, its libraries, the interpreters of scripts, and the
// symbolic links on the way to each of them. It reads a root file system that need not be the running one, for any machine, and
// runs nothing in it.
//
// The rules are those of ld.so(8): DT_RPATH of an object and of those that loaded it, DT_RUNPATH, the folders of
// /etc/ld.so.conf, the system's own; and those of musl's ldso/dynlink.c where the loader is musl's. Of libraries that exist for
// several processors (glibc-hwcaps) the base one counts: it runs on each of them. The cache of ldconfig(8) is not read, since
// it may be older than the folders.
//
// Libraries that a program opens by itself (dlopen(3)) are in no table of its own. Known are those that the C library opens,
// told by the functions that are imported, and what a .note.dlopen lists (https://uapi-group.org/specifications/specs/elf_dlopen_metadata/).
package dynlink
