package buildconf

// Key is one key of the configuration: from this table it is read, and its man page can be made. Names and meanings are
// those of dracut.conf(5), releases 059 to 112, and below them our own.
type Key struct {
	Name string
	Arg  string // its value: "yes|no", "NAMES"
	Text string // what it does
	Why  string // why it has no meaning here; "" for a key that has one
	// Modules says that modules of dracut ask for it all the same.
	Modules bool

	set func(*Config, string) error
}

// Reasons why a word of dracut has no meaning here; options of the same meaning give the same.
const (
	WhyPacking  = "programs go in as they are, and the image is packed by preroot itself"
	WhyLog      = "messages go to standard error, and nothing is logged"
	WhyRoot     = "root is named by the kernel command line, and its own /etc/fstab says how it is mounted"
	WhyFiles    = "the image holds what it needs and nothing to be taken out again: --omit-drivers leaves drivers out"
	WhyNetwork  = "preroot --network brings the drivers, and ip= on the kernel command line chooses the interface"
	WhyLibs     = "libraries are found as the dynamic loader finds them"
	WhyHostMode = "a host-only image has one form: the chain of root, and the keyboards"
	WhyI18n     = "the console's keymap and font are those that /etc/vconsole.conf names, or --keymap and --font"
	WhyNames    = "devices are named by their UUID"
	WhyInstall  = "it is for kernel-install, not for the builder"
	WhySign     = "nothing is signed here: sign the result with sbsign"
	WhyACPI     = "ACPI tables are not put into images"
	WhyAlways   = "an image is always made, with the drivers that it needs"
)

// key is one that has a meaning here.
func key(name, arg, text string, set func(*Config, string) error) Key {
	return Key{Name: name, Arg: arg, Text: text, set: set}
}

// Keys is the table.
var Keys = []Key{
	key("hostonly", "yes|no", "make the image for this machine alone", answer(func(c *Config) *Answer { return &c.HostOnly })),
	key("drivers", "NAMES", "just these kernel modules and what they need", words(func(c *Config) *[]string { return &c.Drivers })),
	key("add_drivers", "NAMES", "these kernel modules, too", words(func(c *Config) *[]string { return &c.AddDrivers })),
	key("force_drivers", "NAMES", "these kernel modules, too, loaded first", words(func(c *Config) *[]string { return &c.ForceDrivers })),
	key("omit_drivers", "NAMES", "not these kernel modules", words(func(c *Config) *[]string { return &c.OmitDrivers })),
	key("filesystems", "NAMES", "no file systems but these in a generic image", words(func(c *Config) *[]string { return &c.Filesystems })),
	key("drivers_dir", "DIR", "where the kernel modules lie", text(func(c *Config) *string { return &c.ModulesDir })),
	key("fw_dir", "DIRS", "where firmware lies", directories),
	key("install_items", "FILES", "programs and files, with the libraries that they need", words(func(c *Config) *[]string { return &c.Install })),
	key("install_optional_items", "FILES", "the same, where they are there", words(func(c *Config) *[]string { return &c.InstallOptional })),
	key("fscks", "PROGRAMS", "more checkers of file systems, where they are there", words(func(c *Config) *[]string { return &c.Fscks })),
	key("nofscks", "yes|no", "no checkers of file systems", answer(func(c *Config) *Answer { return &c.NoFsck })),
	key("kernel_cmdline", "WORDS", "words that the image adds to the kernel command line", text(func(c *Config) *string { return &c.KernelCmdline })),
	key("hostonly_cmdline", "yes|no", "words for this machine in a host-only image", answer(func(c *Config) *Answer { return &c.HostCmdline })),
	key("use_fstab", "yes|no", "what is mounted stands in /etc/fstab, not in /proc/self/mountinfo", answer(func(c *Config) *Answer { return &c.UseFstab })),
	key("add_device", "DEVICES", "these devices are brought up, too", words(func(c *Config) *[]string { return &c.AddDevices })),
	key("mdadmconf", "yes|no", "take /etc/mdadm.conf in", answer(func(c *Config) *Answer { return &c.MDADMConf })),
	key("lvmconf", "yes|no", "take /etc/lvm/lvm.conf in", answer(func(c *Config) *Answer { return &c.LVMConf })),
	key("compress", "KIND", "how the image is packed: none, zstd, gzip, xz or lz4, and a level: zstd:15, or as dracut writes it", text(func(c *Config) *string { return &c.Compress })),
	key("compress_level_gzip", "1-9", "level of gzip", level("gzip")),
	key("compress_level_lz4", "1-12", "level of lz4", level("lz4")),
	key("compress_level_xz", "1-9", "level of xz", level("xz")),
	key("compress_level_zstd", "1-22", "level of zstd", level("zstd")),
	key("early_microcode", "yes|no", "microcode for the processor, first in the image", answer(func(c *Config) *Answer { return &c.EarlyMicrocode })),
	key("reproducible", "yes|no", "equal input gives equal bytes", answer(func(c *Config) *Answer { return &c.Reproducible })),
	key("dracutmodules", "NAMES", "just these modules of dracut", words(func(c *Config) *[]string { return &c.DracutModules })),
	key("add_dracutmodules", "NAMES", "these modules of dracut, too", words(func(c *Config) *[]string { return &c.AddDracutModules })),
	key("force_add_dracutmodules", "NAMES", "these modules of dracut, omitted or not", words(func(c *Config) *[]string { return &c.ForceAddDracutModules })),
	key("prefer_dracutmodules", "NAMES", "these modules of dracut, where they can be had", words(func(c *Config) *[]string { return &c.PreferDracutModules })),
	key("omit_dracutmodules", "NAMES", "not these modules of dracut", words(func(c *Config) *[]string { return &c.OmitDracutModules })),
	key("initrdname", "NAME", "file name of the image where none is given; ${kernel} in it (in single quotes) is the version", text(func(c *Config) *string { return &c.ImageName })),
	key("stdloglvl", "0-6", "how much is said: 4 and over all, 2 and under errors alone", logLevel),
	key("uefi", "yes|no", "make an UEFI executable of kernel and image", answer(func(c *Config) *Answer { return &c.UEFI })),
	key("uefi_stub", "FILE", "its loader", text(func(c *Config) *string { return &c.UEFIStub })),
	key("uefi_splash_image", "FILE", "its picture", text(func(c *Config) *string { return &c.UEFISplash })),
	key("kernel_image", "FILE", "its kernel", text(func(c *Config) *string { return &c.KernelImage })),
	key("sbat", "TEXT", "its SBAT parameters", text(func(c *Config) *string { return &c.SBAT })),
	key("uefi_secureboot_cert", "FILE", "the certificate that it is signed with", text(func(c *Config) *string { return &c.SecureBootCert })),
	key("uefi_secureboot_key", "FILE", "the key that it is signed with", text(func(c *Config) *string { return &c.SecureBootKey })),

	key("include", "SRC DST ...", "put a file, or what lies in a folder, at DST in the image", pairs),
	key("hooks", "DIR", "hook scripts of dracut's kind, DIR/STAGE/NAME.sh", text(func(c *Config) *string { return &c.Hooks })),
	key("include_keys", "yes|no", "the key files that crypttab names for root, in an image for this machine; whoever has the image has them", answer(func(c *Config) *Answer { return &c.IncludeKeys })),
	key("no_shell", "yes|no", "the image never gives a prompt or a shell", answer(func(c *Config) *Answer { return &c.NoShell })),
	key("luks", "yes|no", "what a root on LUKS volumes needs", answer(func(c *Config) *Answer { return &c.LUKS })),
	key("lvm", "yes|no", "what a root on logical volumes needs", answer(func(c *Config) *Answer { return &c.LVM })),
	key("network", "yes|no", "what a root on NFS needs", answer(func(c *Config) *Answer { return &c.Network })),
	key("keymap", "NAME", "the keymap of the console", text(func(c *Config) *string { return &c.Keymap })),
	key("font", "NAME", "the font of the console", text(func(c *Config) *string { return &c.Font })),
	key("modulesdir", "DIR", "where modules of dracut lie", text(func(c *Config) *string { return &c.DracutModulesDir })),

	{Name: "do_strip", Why: WhyPacking},
	{Name: "aggressive_strip", Why: WhyPacking},
	{Name: "do_hardlink", Why: WhyPacking},
	{Name: "prefix", Why: WhyPacking},
	{Name: "tmpdir", Why: WhyPacking},
	{Name: "enhanced_cpio", Why: WhyPacking},
	{Name: "squash_compress", Why: WhyPacking},
	{Name: "parallel", Why: WhyPacking},
	{Name: "compress_level_bzip2", Why: WhyPacking},
	{Name: "compress_level_lzma", Why: WhyPacking},
	{Name: "compress_level_lzop", Why: WhyPacking},
	{Name: "logfile", Why: WhyLog},
	{Name: "fileloglvl", Why: WhyLog},
	{Name: "sysloglvl", Why: WhyLog},
	{Name: "show_modules", Why: WhyLog},
	{Name: "loginstall", Why: WhyLog},
	{Name: "add_fstab", Why: WhyRoot, Modules: true},
	{Name: "ro_mnt", Why: WhyRoot, Modules: true},
	{Name: "persistent_policy", Why: WhyNames, Modules: true},
	{Name: "hostonly_mode", Why: WhyHostMode, Modules: true},
	{Name: "hostonly_nics", Why: WhyNetwork, Modules: true},
	{Name: "sshkey", Why: WhyNetwork, Modules: true},
	{Name: "nvmf_nbft_mode", Why: WhyNetwork, Modules: true},
	{Name: "libdirs", Why: WhyLibs},
	{Name: "add_dlopen_features", Why: WhyLibs},
	{Name: "omit_dlopen_features", Why: WhyLibs},
	{Name: "remove_items", Why: WhyFiles},
	{Name: "kernel_only", Why: WhyAlways},
	{Name: "no_kernel", Why: WhyAlways},
	{Name: "noimageifnotneeded", Why: WhyAlways},
	{Name: "i18n_vars", Why: WhyI18n, Modules: true},
	{Name: "i18n_default_font", Why: WhyI18n, Modules: true},
	{Name: "i18n_install_all", Why: WhyI18n, Modules: true},
	{Name: "acpi_override", Why: WhyACPI},
	{Name: "acpi_table_dir", Why: WhyACPI},
	{Name: "machine_id", Why: WhyInstall},
	{Name: "dracut_rescue_image", Why: WhyInstall},
	{Name: "uefi_secureboot_engine", Why: WhySign},
	{Name: "early_microcode_image_dir", Why: "microcode is taken from /lib/firmware"},
	{Name: "early_microcode_image_name", Why: "microcode is taken from /lib/firmware"},
}

// Lookup finds a key.
func Lookup(name string) (Key, bool) {
	for _, k := range Keys {
		if k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

// Nearest is the candidate that a mistyped word is closest to, "" if none is close: at most a third of its letters differ.
func Nearest(word string, candidates []string) (best string) {
	least := max(1, min(len(word), 40)/3) + 1
	for _, c := range candidates {
		if d := distance(word, c, least); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is that of Levenshtein; limit is enough for anything that is as far or farther.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := min(row[j+1], row[j]) + 1
			if a[i] == b[j] {
				next = min(next, diagonal)
			} else {
				next = min(next, diagonal+1)
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return min(row[len(b)], limit)
}
