// Package qemu holds the tests that boot real kernels, one file per topic. A
// machine that dies silently fails; a failed one prints its console and the
// command line to run it by hand.
//
// Tests that need a signal, a kill or a closed descriptor start launcher.c as
// rdinit=, which forks the one who does it and executes /init as PID 1: the
// product has no switch for tests.
//
// The tests need what "make" builds, and kernels (go run ./test/kernels).
package qemu
