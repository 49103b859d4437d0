// Package chain finds what root of a machine stands on: the file system, the layers and partitions below it, the disks, and every piece of hardware between a disk and the processor. From that an
// image for this host alone is made, and by the same an image is judged.
//
// What counts is what the kernel shows in /sys of the way from root down to the buses, and never what happens to be loaded: the modules of a chain are looked up in the kernel that the image is
// for, by the modalias of each device on the way. A machine can be a tree of files, so that tests, and a person who looks at another one's, have the same.
//
// Sources of the formats: Documentation/ABI/stable/sysfs-block, sysfs-devices (driver, modalias), testing/sysfs-class-net and sysfs-devices-consumer (supplier:*), admin-guide/md.rst and
// filesystems/proc.rst (mountinfo) of the kernel; the database of udev is its own (systemd, src/libsystemd/sd-device/device-private.c).
package chain
