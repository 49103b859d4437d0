// Package arch holds the rules of docs/architecture.md that a program can check: which package may import which, where
// system calls and goroutines are, what library code never does. It has tests only.
package arch
