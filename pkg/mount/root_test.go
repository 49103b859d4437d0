package mount

import (
	"errors"
	"strings"
	"testing"
)

func TestCandidateTypes(t *testing.T) {
	for _, test := range []struct {
		types  []string
		probed string
		want   string
		fails  bool
	}{
		{nil, "ext4", "ext4", false},
		{[]string{"auto"}, "xfs", "xfs", false},
		{[]string{"btrfs", "auto"}, "xfs", "btrfs xfs", false},
		{[]string{"auto"}, "", "", true},
		{[]string{"zfs"}, "", "zfs", false},
		{nil, "crypto_LUKS", "", true},
		{nil, "swap", "", true},
		{nil, "ntfs", "ntfs3 ntfs", false},
		{[]string{"auto"}, "ntfs", "ntfs3 ntfs", false},
		{[]string{"ntfs"}, "ntfs", "ntfs", false},
		{nil, "exfat", "exfat", false},
		{nil, "udf", "udf", false},
		{nil, "BitLocker", "", true},
		{nil, "zfs_member", "", true},
		{nil, "bcache", "", true},
		{[]string{"auto"}, "bcache", "", true},
		{nil, "jbd", "", true},
	} {
		got, err := Request{Device: "/dev/vda", Types: test.types, Probed: test.probed}.CandidateTypes()
		if strings.Join(got, " ") != test.want || (err != nil) != test.fails {
			t.Errorf("%v, probed %q: %v, %v", test.types, test.probed, got, err)
		}
	}
}

// TestNoFileSystem: the error says what the device holds and which word helps.
func TestNoFileSystem(t *testing.T) {
	for typ, want := range map[string]string{
		"crypto_LUKS":       "/dev/x holds crypto_LUKS (an encrypted volume), behind which it may lie; it is opened by an image that was built with preroot build --luks, if rd.luks=0 does not forbid it",
		"linux_raid_member": "/dev/x holds linux_raid_member (a member of an MD array), which this preroot cannot assemble, and no word of the command line changes that: start another initramfs",
		"BitLocker":         "/dev/x holds BitLocker (an encrypted Windows volume), which preroot cannot open; name another root=UUID=...",
		"bcache":            "/dev/x holds bcache (a part of a bcache), whose file system is on the bcache device: write root=/dev/bcache0",
		"swap":              "/dev/x holds swap (a swap area), which is no file system; the word that resumes from it is resume=UUID=30313233-3435-3637-3839-616263646566",
	} {
		_, err := Request{Device: "/dev/x", Probed: typ, UUID: "30313233-3435-3637-3839-616263646566"}.CandidateTypes()
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

// TestSource: bcachefs is given all its devices as one name.
func TestSource(t *testing.T) {
	both := []string{"/dev/a", "/dev/b"}
	for _, test := range []struct {
		r    Request
		want string
	}{
		{Request{Device: "/dev/a", Probed: "ext4"}, "/dev/a"},
		{Request{Device: "/dev/a", Probed: "btrfs", Members: both}, "/dev/a"},
		{Request{Device: "/dev/a", Probed: "bcachefs", Members: both}, "/dev/a:/dev/b"},
		{Request{Device: "/dev/a", Probed: "bcachefs", Members: both[:1]}, "/dev/a"},
	} {
		if got := test.r.Source(); got != test.want {
			t.Errorf("%+v: %s", test.r, got)
		}
	}
}

// TestOptions: the first mount is read-only, the last one what command line and fstab say together.
func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name         string
		r            Request
		fstab        string // "-" for none
		first, final string
	}{
		{"nothing said", Request{Fstab: true}, "-", "ro", "ro"},
		{"fstab", Request{Fstab: true}, "noatime", "ro", "rw,noatime"},
		{"fstab and ro", Request{Fstab: true, Write: "ro"}, "rw,noatime", "ro", "ro,noatime"},
		{"fstab and rw", Request{Fstab: true, Write: "rw"}, "ro,noatime", "ro", "rw,noatime"},
		{"fstab not wanted", Request{Write: "rw"}, "noatime", "ro", "rw"},
		{"rootflags", Request{Fstab: true, Given: true, Flags: "subvol=@,rw"}, "noatime", "ro,subvol=@", "rw,subvol=@"},
		{"empty rootflags", Request{Fstab: true, Given: true}, "noatime", "ro", "ro"},
		{"write-protected", Request{Fstab: true, Write: "rw", DeviceReadOnly: true}, "rw,noatime", "ro", "ro,noatime"},
		{"pool", Request{Probed: "btrfs", Write: "rw", Members: []string{"/dev/vda", "/dev/vdb"}}, "-", "ro,device=/dev/vda,device=/dev/vdb", "rw,device=/dev/vda,device=/dev/vdb"},
		{"pool of another kind", Request{Probed: "bcachefs", Members: []string{"/dev/vda", "/dev/vdb"}}, "-", "ro", "ro"},
		{"one member", Request{Members: []string{"/dev/vda"}}, "-", "ro", "ro"},
	} {
		entry := Entry{Options: ParseOptions(test.fstab)}
		first, final := test.r.First().String(), test.r.Final(entry, test.fstab != "-").String()
		if first != test.first || final != test.final {
			t.Errorf("%s: first %s, final %s", test.name, first, final)
		}
	}
}

func TestJudge(t *testing.T) {
	for status, want := range map[int]Outcome{
		0: Clean, 1: Clean, 2: RebootWanted, 3: RebootWanted, 4: Damaged, 5: Damaged, 6: Damaged, 7: Damaged, 8: Doubtful,
		9: Doubtful, 10: RebootWanted, 12: Damaged, 16: Doubtful, 32: Doubtful, 128: Doubtful, 126: Doubtful, 127: Doubtful, -9: Doubtful,
	} {
		if got := Judge(status); got != want {
			t.Errorf("%d: %v, want %v", status, got, want)
		}
	}
}

func TestChecker(t *testing.T) {
	for _, test := range []struct {
		fstype string
		check  Check
		want   string
	}{
		{"ext4", Check{}, "fsck.ext4 -p /dev/x"},
		{"ext4", Check{Force: true, Repair: "yes"}, "fsck.ext4 -y -f /dev/x"},
		{"ext2", Check{Repair: "no"}, "fsck.ext2 -n /dev/x"},
		{"vfat", Check{}, "fsck.vfat -a /dev/x"},
		{"vfat", Check{Repair: "no"}, "fsck.vfat -n /dev/x"},
		{"f2fs", Check{Force: true}, "fsck.f2fs -f /dev/x"},
		{"jfs", Check{}, "fsck.jfs -a /dev/x"},
		{"xfs", Check{}, ""}, {"btrfs", Check{}, ""}, {"", Check{}, ""}, {"../sh", Check{}, ""}, {"fuse.x", Check{}, ""},
	} {
		program, args := Checker(test.fstype, "/dev/x", test.check)
		if got := strings.TrimSpace(program + " " + strings.Join(args, " ")); got != test.want {
			t.Errorf("%s %+v: %q, want %q", test.fstype, test.check, got, test.want)
		}
	}
}

func TestWantsCheck(t *testing.T) {
	for _, test := range []struct {
		check       Check
		options     string
		pass        int
		found, ro   bool
		want        bool
		whatItIsFor string
	}{
		{want: true, whatItIsFor: "no line in fstab"},
		{found: true, pass: 1, want: true, whatItIsFor: "pass 1"},
		{found: true, whatItIsFor: "pass 0"},
		{found: true, pass: 1, options: "_netdev", whatItIsFor: "_netdev"},
		{found: true, pass: 1, ro: true, whatItIsFor: "the word ro"},
		{found: true, pass: 1, check: Check{Skip: true}, whatItIsFor: "fsck.mode=skip"},
	} {
		e := Entry{Pass: test.pass, Options: ParseOptions(test.options)}
		if got := WantsCheck(test.check, e, test.found, test.ro); got != test.want {
			t.Errorf("%s: %v", test.whatItIsFor, got)
		}
	}
}

// space is a name space that refuses some mounts and has others already.
type space struct {
	fails, there map[string]bool
	mounted      []string
}

func (s *space) Mount(_, target, fstype string, _ uintptr, _ string) error {
	if s.fails[target] || s.fails[fstype] {
		return errors.New("refused")
	}
	s.mounted = append(s.mounted, target)
	return nil
}
func (s *space) Unmount(string) error            { return nil }
func (s *space) Mkdir(string, uint32) error      { return nil }
func (s *space) IsMountPoint(target string) bool { return s.there[target] }

func TestMountAPIs(t *testing.T) {
	for _, test := range []struct {
		fails, there string
		want         string
		warnings     int
		err          string
	}{
		{"", "", "/proc /sys /dev /run /dev/pts /dev/shm", 0, ""},
		{"", "/dev", "/proc /sys /run /dev/pts /dev/shm", 0, ""},
		{"/dev/shm", "", "/proc /sys /dev /run /dev/pts", 1, ""},
		{"/sys", "", "/proc /dev /run /dev/pts /dev/shm", 0, "/sys: refused"},
		{"/run", "", "/proc /sys /dev /dev/pts /dev/shm", 1, ""},
		{"/dev", "", "/proc /sys /run /dev/pts /dev/shm", 1, ""},
		{"tmpfs", "", "/proc /sys /dev /run /dev/pts", 2, ""}, // /run as ramfs
	} {
		s := &space{fails: map[string]bool{test.fails: true}, there: map[string]bool{test.there: true}}
		warnings, err := MountAPIs(s, s)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got := strings.Join(s.mounted, " "); got != test.want || len(warnings) != test.warnings || text != test.err {
			t.Errorf("fails %q, there %q: %s; %v; %q", test.fails, test.there, got, warnings, text)
		}
	}
}
