package main

// System calls that package syscall does not know.
const (
	sysFinitModule = 273
	sysMemfdCreate = 279
)
