// Package vm runs virtual machines for tests: it gets Debian kernels, makes
// root disks without any privilege, starts QEMU and says how the machine ended.
//
// It is host-side code and never part of /init. Everything that decides is a
// pure function with a table test: the command line of QEMU (Spec.Args), the
// judgement over a console log (Judge), the exchange of suites in apt's
// sources (exchangeSuite).
//
// Three rules hold for every machine. It has a limit in wall-clock seconds and
// is killed past it. It is given panic=-1 and -no-reboot, so that a kernel
// panic ends it at once instead of looking like a hang. A machine that ends
// without having said a word is a failure, whatever its exit status.
//
// Emulation is in software (TCG): it needs nothing of the host, and is the
// same everywhere.
package vm
