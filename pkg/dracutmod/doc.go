// Package dracutmod runs modules of dracut as they are (dracut.modules(7)) and gathers what they put into an image.
//
// A module is a folder NNNAME with a module-setup.sh, whose functions check, depends, install and installkernel are run by bash over functions
// of our own (folder functions). Those decide nothing: they ask the builder by a pair of pipes, a record of words that end in NUL for each question, and
// it does what is to be done in a staging folder ($initdir), where modules write by themselves, too. So there is one place that knows what is there, what
// a program needs to run (pkg/dynlink) and which modules of the kernel exist; and no word of a module or of this machine is ever read as code.
//
// Each step of each module is a process of its own: one that hangs, or exits, is named with its place. Lower numbers come first, and a file that is
// there is not written again. What status means is dracut's: of check 0 is yes, 255 is "if another module wants me", all else is no; that of installkernel
// counts, that of install does not (most end in a test). A file that is missing and was not called optional is a warning, as in dracut.
package dracutmod
