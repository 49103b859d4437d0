package image

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/preroot/preroot/pkg/blkid"
	"github.com/preroot/preroot/pkg/initrd"
	"github.com/preroot/preroot/pkg/rootfs"
	"github.com/preroot/preroot/pkg/unpack"
)

// classic is the RAM disk of initrd(4) that an image carries.
type classic struct {
	data   []byte // as it was given
	packed string // "" for a file system as it is
	fstype string
	size   int64 // of the file system, in bytes
}

// readClassic reads the file of --initrd and refuses what could be no RAM disk. No name is no file.
func readClassic(file string) (*classic, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--initrd: %w", err)
	}
	c := &classic{data: data, packed: unpack.Detect(data[:min(len(data), 64)])}
	if err := c.look(); err != nil {
		return nil, fmt.Errorf("--initrd %s: %w", file, err)
	}
	return c, nil
}

// maxClassic bounds what is unpacked to be looked at, in bytes: a RAM disk is not larger than the memory of a large machine.
const maxClassic = 4 << 30

// look finds out what file system is in it.
func (c *classic) look() error {
	if err := initrd.Refuse(c.data[:min(len(c.data), 16)]); err != nil {
		return err
	}
	content := c.data
	if c.packed != "" {
		r, err := unpack.NewReader(bytes.NewReader(c.data))
		if err == nil {
			content, err = io.ReadAll(io.LimitReader(r, maxClassic+1))
		}
		if err != nil {
			return err
		}
		if len(content) > maxClassic {
			return fmt.Errorf("it unpacks to more than %d GiB", maxClassic>>30)
		}
	}
	c.size = int64(len(content))
	info, err := blkid.Probe(bytes.NewReader(content), c.size, 512)
	if err != nil {
		return err
	}
	if info.Type == "" || info.Usage != blkid.UsageFilesystem {
		return fmt.Errorf("it holds no file system that is known (it begins with % x): make it by mkfs of ext2, minix or romfs, or by mksquashfs", content[:min(8, len(content))])
	}
	c.fstype = info.Type
	return nil
}

// addClassic takes in what the RAM disk needs of the kernel: its driver and that of its file system. /init loads both when it comes to them, not before.
func (c *choice) addClassic(ram *classic) error {
	if ram == nil {
		return nil
	}
	if _, err := c.asked(initrd.Module, "--initrd"); err != nil {
		return err
	}
	if _, err := c.asked("fs-"+ram.fstype, "--initrd"); err == nil {
		return nil
	}
	_, err := c.asked(ram.fstype, "--initrd")
	return err
}

// files are the members of the image: the data as they were given, the helper, and the size of the RAM disk, for /init.
func (c *classic) files(o *Options) ([]Entry, error) {
	if c == nil {
		return nil, nil
	}
	helper, err := o.helper(initrd.Helper)
	if err != nil {
		return nil, err
	}
	kib := (c.size + 4095) / 4096 * 4
	return []Entry{helper, {Name: "etc/cmdline.d/60-initrd.conf", Kind: Regular, Perm: 0o644, Data: fmt.Appendf(nil, "ramdisk_size=%d\n", kib)}}, nil
}

// image is the member with the data. What is packed already lies outside of the compressed part.
func (c *classic) image() Entry {
	return Entry{Name: strings.TrimPrefix(initrd.Image, "/"), Kind: Regular, Perm: 0o400, Data: c.data}
}

// helper is a helper of /init as a member: the program of that name in the folder of helpers.
func (o *Options) helper(name string) (Entry, error) {
	file := path.Join(o.Helpers, path.Base(name))
	data, err := readStatic("helper", file)
	if err != nil {
		return Entry{}, fmt.Errorf("%w (build it with make, or name the folder of helpers by --helpers)", err)
	}
	return Entry{Name: strings.TrimPrefix(name, "/"), Kind: Regular, Perm: 0o755, Data: data}, nil
}

// networkModules are what a root on NFS needs of the kernel (--network), beside the driver of the device.
var networkModules = []string{"nfs", "nfsv3", "nfsv4"}

// networkFolders have the drivers of wired network devices, for a generic image.
var networkFolders = []string{"drivers/net/ethernet", "drivers/net/hyperv", "drivers/net/usb"}

// networkDrivers are those that lie beside the folders.
var networkDrivers = []string{"virtio_net", "xen-netfront", "vmxnet3"}

// addNetwork takes in what a root over the network needs.
func (c *choice) addNetwork(generic bool) error {
	for _, name := range networkModules {
		if _, err := c.asked(name, "--network"); err != nil {
			return err
		}
	}
	if !generic {
		return nil
	}
	for _, folder := range networkFolders {
		c.add(c.below("kernel/" + folder + "/")...)
	}
	for _, name := range networkDrivers {
		found, _ := c.tree.resolve(name)
		c.add(found...)
	}
	return nil
}

// networkFiles are the members of the image for it.
func networkFiles(o *Options) ([]Entry, error) {
	if !o.Network {
		return nil, nil
	}
	helper, err := o.helper(rootfs.NFSHelper)
	return []Entry{helper}, err
}
