package image

import "github.com/preroot/preroot/pkg/chain"

// Options says what image to build; Output, Init and ModulesDir must be given, and one of Generic, HostOnly and Drivers.
type Options struct {
	Output     string // path of the image
	Init       string // the static binary that becomes /init
	ModulesDir string // the folder with modules.dep, or one above it (see openTree)
	KVER       string // kernel version; "" takes the name of ModulesDir
	Version    string // of preroot, for /etc/initrd-release

	Sysroot string // folder that the files of the machine lie below that the image is for; "" for /

	HostOnly    bool         // what this machine needs to come to its root
	Chain       *chain.Chain // the way to it, when it is known already
	Keys        bool         // of a host-only image: the key files that crypttab names for that way
	Generic     bool         // every storage controller, bus, file system and keyboard
	Drivers     []string     // just these (names, aliases, =FOLDER below kernel/) and what they need, loaded first
	AddDrivers  []string     // these too
	OmitDrivers []string     // not these, nor what cannot be loaded without them

	ForceDrivers []string // these too, loaded first
	Filesystems  []string // of a generic image: no file systems but these; none for the usual ones

	Includes      []Include
	Hooks         string // folder of hook scripts, in folders named by their stage; "" for none
	Shell         string // static program that is the shell of hooks; "" for /bin/busybox
	Initrd        string // a classic initrd (initrd(4)) that the image carries; "" for none
	Network       bool   // what a root on NFS needs
	LVM           bool   // what a root on LVM needs
	LUKS          bool   // what a root on LUKS needs
	Helpers       string // folder of the helpers that these two need
	KernelCmdline string // words for /etc/cmdline.d/10-cmdline.conf
	NoShell       bool   // no prompt at boot, ever
	MakeFolder    bool   // make the folder of Output where it is missing
	Force         bool   // replace Output
	IfChanged     bool   // only if something of it would be different

	Compress       Compression
	EarlyMicrocode Switch   // microcode first in the image; Auto: where there is some
	FirmwareDirs   []string // none for the kernel's

	Install         []string // programs and files, with what they need
	InstallOptional []string // the same, where they are there
	Fscks           []string // more checkers of file systems, where they are there
	NoFsck          bool     // no checkers

	Modules          []string          // of dracut: just these
	AddModules       []string          // these, too
	ForceAddModules  []string          // these, omitted or not
	PreferModules    []string          // these, where they can be had
	OmitModules      []string          // not these
	ModuleVars       map[string]string // what the configuration says to them alone
	DracutModulesDir string            // where they lie; "" for dracut's folder

	HostCmdline Switch   // of a host-only image: words for this machine in /etc/cmdline.d
	UseFstab    bool     // what is mounted stands in fstab, not in mountinfo
	AddDevices  []string // devices that are brought up beside root's
	MDADMConf   Switch   // the machine's mdadm.conf; Auto: where an array is
	LVMConf     Switch   // the machine's lvm.conf; Auto: where a logical volume is

	UEFI                          bool // an UEFI executable of stub, kernel, words and image
	UEFIStub, UEFISplash          string
	KernelImage, SBAT             string
	SecureBootCert, SecureBootKey string

	// Judge is asked about the image when it is whole, with the chain that it was made for, nil where there is none; with its error no image is written, and an older one stays. nil for nobody.
	Judge func(data []byte, c *chain.Chain) error

	Progress func(what string, done, of int) // is told how long work goes on; of is 0 where it cannot be counted; nil for nobody

	// HostEtc is the folder with vconsole.conf, default/keyboard and default/console-setup of the machine that the
	// image is for; "" reads none.
	HostEtc string
	Keymap  string // name or path of a keymap, or an X layout; "none" for the kernel's own; "" as HostEtc says
	Font    string // name or path of a console font; "none" for the kernel's own; "" as HostEtc says
}

// Switch is on, off, or as the machine has it.
type Switch int8

// The positions of a Switch.
const (
	Auto Switch = iota
	On
	Off
)

// Include puts a file, or all that lies in a folder, at Dst in the image.
type Include struct{ Src, Dst string }

// Summary is what Build did.
type Summary struct {
	KVER        string
	Image       string // path written
	ImageBytes  int64
	InitBytes   int64
	Modules     []string     // names inside, in the order of modules.dep
	ModuleBytes int64        // as they lie in the archive
	ModuleForm  string       // how they lie there, in words
	Chain       []string     // loaded first at boot
	Builtin     []string     // asked for and built into the kernel
	Omitted     []string     // taken out by OmitDrivers
	Absent      []string     // wanted by our own tables and unknown to this kernel
	Compression string       // of the compressed part
	Microcode   []string     // files of the host that are in the image's first archive
	Warnings    []string     // what the image lacks though the host's configuration asks for it
	Left        []chain.Left // devices of the machine that a host-only image does not serve
	LeftOut     int          // modules of this kernel that are not inside
	Unchanged   bool         // the image that is there would not be another one, and was left as it is (Options.IfChanged)
	Changed     []string     // what is different from the image that was there (Options.IfChanged)
}
