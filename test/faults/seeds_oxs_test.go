package faults

// seedsOXS are the defects of O, X and S.
var seedsOXS = []seed{
	{
		name: "an init for another machine is taken", file: "pkg/switchroot/elf.go",
		old: "	if !ok || s.role == \"loader\" && machine != s.machine {", new: "	if !ok && s.role == \"loader\" && machine != s.machine {",
		scenario: "S03-machine", fails: "another kind of machine",
	},
	{
		name: "a program that is cut off is taken", file: "pkg/switchroot/elf.go",
		old: "			if offset+filesz < offset || offset+filesz > uint64(size) {", new: "			if offset+filesz < offset {",
		scenario: "S03-cut", fails: "",
	},
	{
		name: "an engine that ends is not started again", file: "pkg/supervisor/supervisor.go",
		old: "const maxStarts = 2", new: "const maxStarts = 1",
		scenario: "X09-kill", fails: "ended REBOOTED",
	},
	{
		name: "a link of the root chooses where a mount goes", file: "internal/linux/switch.go",
		old: "Resolve: resolveInRoot | unix.RESOLVE_NO_SYMLINKS}", new: "Resolve: resolveInRoot}",
		scenario: "S08-link", fails: "not said",
	},
	{
		name: "PID 1 tries no other init", file: "pkg/supervisor/last.go",
		old: `[]string{init, "/sbin/init", "/etc/init", "/bin/init"}`, new: `[]string{init}`,
		scenario: "S10-other", fails: "ended REBOOTED",
	},
}
