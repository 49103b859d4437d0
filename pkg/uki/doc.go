// Package uki joins a kernel, its words and an initramfs into one UEFI executable, a unified kernel image: the stub of systemd with a section more for each of
// them. The firmware starts the stub, and the stub finds the sections by their names.
//
// Which sections there are says the UAPI group's specification "Unified Kernel Image (UKI)" and systemd-stub(7); what a PE file is says Microsoft's "PE
// Format". As ukify does, each section goes behind the ones before it, at the next multiple of the stub's alignments, in memory and in the file, the kernel last.
package uki
