package main

// System calls that package syscall does not know.
const (
	sysFinitModule = 313
	sysMemfdCreate = 319
)
