// Package faults breaks machines on purpose and judges how their boots end: the catalogue of faults.
//
// A scenario (scenario_test.go) is one entry of a table: the fault's id, what is done to the machine, and how it must end.
//
//	var faultsD = []scenario{{
//		id: "D02", fault: "Wrong UUID", done: "root=UUID= differs in one digit",
//		on:     "disk",                                     // the healthy machine, of the table machines: its control
//		broken: func(r *rig) { r.root = "UUID=..." },       // what is done to it before it starts
//		during: func(r *rig, m *vm.Machine) error { ... },  // and while it runs; nil for nothing
//		want:   Want{End: Rebooted, Reason: "the deadline has passed", Says: []string{"has the UUID"}},
//	}}
//
// Several scenarios may share an id; case tells them apart. A new list is added to catalogue (runner_test.go), a new healthy
// machine to machines. What a rig can do is in rig_test.go: words and files of the image, disks (each run has its own copy, compared
// byte by byte afterwards), a script that runs beside /init under busybox (rig.beside), anything of vm.Spec (rig.spec).
//
// The oracle (oracle.go) passes a run only if it ended in exactly one defined state, the wanted one, in time and with its
// reason, without a crash text, a shell or a changed disk; if it booted, from the right root. It types `echo SHELL-$((40+2))`
// at every prompt that is wanted, and where none may be.
//
//	go test ./test/faults -run TestFaults/D02      one fault
//	go test ./test/faults -run TestControls        each machine without a fault
//	go test ./test/faults -resume -table           all that has not passed at this commit, then docs/faults.md
//	go test ./test/faults -run TestSeeded -seeded  builds with a defence removed, each of which must fail its scenario
//
// Results are kept in build/faults, one file a scenario. "make all" comes first.
package faults
