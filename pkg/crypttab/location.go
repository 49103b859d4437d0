package crypttab

import "strings"

// Location is a file: in the image, or on the file system of a device.
type Location struct {
	// Path is absolute; on a device it is seen from the root of its file system. "" is no file. Without a Device, a path under /dev is a device whose bytes are the file.
	Path string
	// Device names the device: "/dev/...", "UUID=...", "LABEL=...", "PARTUUID=...", "PARTLABEL=..." or "ID=..."; "" is the image itself.
	Device string
}

// splitLocation parts PATH:DEVICE as systemd's split_locationspec does: at the last colon, if what follows it names a device; otherwise the colon belongs to the path.
func splitLocation(text string) Location {
	i := strings.LastIndexByte(text, ':')
	if i < 0 || !namesDevice(text[i+1:]) {
		return Location{Path: text}
	}
	return Location{Path: text[:i], Device: unquoteTag(text[i+1:])}
}

// namesDevice says whether a text has the form of a device: a path, or a tag of fstab(5).
func namesDevice(s string) bool {
	key, _, ok := strings.Cut(s, "=")
	return strings.HasPrefix(s, "/") || ok && inList(key, tags)
}

const tags = "UUID LABEL PARTUUID PARTLABEL ID"

// unquoteTag takes the quotes off the value of a tag, as blkid prints it: UUID="...".
func unquoteTag(s string) string {
	key, value, ok := strings.Cut(s, "=")
	if n := len(value); ok && n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return key + "=" + value[1:n-1]
	}
	return s
}

// ValidName says whether a mapping may have this name: it becomes /dev/mapper/NAME.
func ValidName(name string) bool {
	if len(name) < 1 || len(name) > 127 || name == "." || name == ".." || name == "control" {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && strings.IndexByte("_.+-", c) < 0 {
			return false
		}
	}
	return true
}
