// Package trial tries an image in a virtual machine: QEMU with disks that stand in for those of a chain. They have its buses, partition tables, layers, file systems and
// all identifiers, and nothing of its data; in the stand-in of root lies a small init (cmd/trialinit) that says on the console what it sees, and switches the machine off.
//
// Of makes the plan of a machine, which has no side effects; Plan.Make writes the disks into a folder, without privileges; Run boots; Judge reads the console. What QEMU has no
// like of is tried as virtio, or not at all, and the plan says so (Untried).
package trial
