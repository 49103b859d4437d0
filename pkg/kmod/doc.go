// Package kmod finds and loads kernel modules.
//
// An Index reads the binary indexes that depmod(8) writes under /lib/modules/KVER: the dependencies of a module
// (modules.dep.bin), the modules of an alias (modules.alias.bin) and what is built into the kernel
// (modules.builtin.bin, modules.builtin.alias.bin). Nothing is parsed in advance: each is a trie, and a question
// reads the few nodes on its way. A Policy is what modprobe.d(5) and the command line add. A Loader puts modules
// into the kernel: each one once, after those that it needs, the independent ones side by side.
//
// Names are compared as modprobe(8) compares them: '-' and '_' are the same. All names that this package returns
// are written with '_', paths are written as depmod wrote them.
//
// write.go, text.go and trim.go are for the image builder; /init does not link them.
package kmod
