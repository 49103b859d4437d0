package mount

import (
	"fmt"
	"strings"

	"github.com/preroot/preroot/pkg/blkid"
)

// Request is what the command line and the probe say about the root file system.
type Request struct {
	// Device is the node to mount; Label is how the log names it.
	Device string
	// Probed is the type that the probe found, "" for none, UUID is the volume's; Types are those of rootfstype=.
	Probed, UUID string
	Types        []string
	// Members are the nodes of all devices of a file system that lies on several; the kernel is told each (btrfs(5), device=; Source).
	Members []string
	// Flags is rootflags=, Given tells an empty one from none. Write is "ro", "rw" or "".
	Flags string
	Given bool
	Write string
	// Fstab says that the new root's own fstab may add options (rd.fstab).
	Fstab bool
	// DeviceReadOnly is a write-protected device.
	DeviceReadOnly bool
}

// CandidateTypes are the types to try, in order. "auto" in rootfstype= stands for the probed type.
func (r Request) CandidateTypes() ([]string, error) {
	var types []string
	for _, t := range r.Types {
		switch {
		case t == "auto" && Mountable(r.Probed):
			types = append(types, kernelTypes(r.Probed)...)
		case t != "auto" && t != "":
			types = append(types, t)
		}
	}
	if len(types) > 0 {
		return types, nil
	}
	if r.Probed == "" {
		return nil, fmt.Errorf("%s has no file system signature; if it holds one that is not recognised, name its type with rootfstype=", r.Device)
	}
	if what, advice := blkid.About(r.Probed, r.UUID); what != "" {
		return nil, fmt.Errorf("%s holds %s (%s), %s", r.Device, r.Probed, what, advice)
	}
	return kernelTypes(r.Probed), nil
}

// kernelTypes are the kernel's names for a type of the probe: NTFS has three drivers, of which ntfs3 is in the kernel since 5.15 and another
// "ntfs" since 7.1.
func kernelTypes(probed string) []string {
	if probed == "ntfs" {
		return []string{"ntfs3", "ntfs"}
	}
	return []string{probed}
}

// Mountable says whether a type that the probe names is a file system.
func Mountable(t string) bool {
	what, _ := blkid.About(t, "")
	return t != "" && what == ""
}

// Source is what the kernel is given to mount: the device, or all members of a bcachefs with colons between them (bch2_fs_get_tree in
// fs/bcachefs/fs.c).
func (r Request) Source() string {
	if r.Probed == "bcachefs" && len(r.Members) > 1 {
		return strings.Join(r.Members, ":")
	}
	return r.Device
}

// First are the options of the first mount: always read-only, so that the new root's fstab can be read and the file
// system checked before anything is written.
func (r Request) First() Options {
	return ParseOptions(r.devices(), r.Flags, "ro")
}

// devices are the options that name the members to btrfs.
func (r Request) devices() string {
	if len(r.Members) < 2 || r.Probed != "btrfs" {
		return ""
	}
	return "device=" + strings.Join(r.Members, ",device=")
}

// Final are the options that root ends with: those of its own fstab, then rootflags=, then ro or rw of the command line. An
// fstab counts only without rootflags=, as in dracut.
func (r Request) Final(root Entry, found bool) Options {
	texts := []string{"ro"}
	if r.Fstab && !r.Given && found {
		texts = []string{root.Options.String()}
	}
	o := ParseOptions(append(append([]string{r.devices()}, texts...), r.Flags, r.Write)...)
	if r.DeviceReadOnly {
		o = ParseOptions(o.String(), "ro")
	}
	return o
}

// NoReplay is the word that lets a type be mounted without replaying its journal, for a device that cannot be written;
// "" where there is none.
func NoReplay(fstype string) string {
	switch fstype {
	case "ext3", "ext4":
		return "noload"
	case "xfs":
		return "norecovery"
	case "btrfs":
		return "rescue=nologreplay"
	}
	return ""
}

// ModuleNames are the words to load before a type is mounted. The kernel asks for "fs-TYPE" itself; asking first saves
// it a process.
func ModuleNames(fstype string) []string {
	if strings.HasPrefix(fstype, "fuse") {
		return []string{"fuse"}
	}
	return []string{"fs-" + fstype}
}
