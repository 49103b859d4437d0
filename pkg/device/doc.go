// Package device is the inventory of block devices: what exists, what lies on it, who is built on whom, and
// which device a text such as UUID=... means.
//
// The Inventory is pure: events, facts from /sys and probe results go in, answers come out. Reading /sys is
// done by ReadFacts, in a job. What a job brings carries the Seq of the device it looked at, so a result
// that comes after the device has changed or has been replaced is refused and the device is looked at again.
//
// # What root= understands
//
//	/dev/NAME                      kernel name (/dev/sda1), or /dev/mapper/NAME, /dev/VG/LV
//	/dev/disk/by-uuid/X            also by-label, by-partuuid, by-partlabel, by-id, by-path
//	UUID=X LABEL=X                 file system; hex UUIDs in any case, short ones of FAT and ISO as they are
//	PARTUUID=X                     GPT id, or MBR disk id "1234abcd-02"; with /PARTNROFF=N the partition N further
//	PARTLABEL=X                    GPT name
//	ID=X                           a name under /dev/disk/by-id
//	8:1                            major and minor number
//	801                            device number in hex, as the kernel reads it
//
// Labels are compared byte by byte, as typed and with udev's \xNN escapes undone.
package device
