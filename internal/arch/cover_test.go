package arch

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// claims are the blocks of statements that a boot without any of it runs, by function: is there a classic initrd, is root on NFS, is there a RAM disk to leave, is a device a member of a layer.
var claims = map[string]int{"hasInitrd": 2, "rootOnNFS": 1, "leaveInitrd": 3, "layerWork": 3, "layerJobs": 3, "newWork": 2, "Next": 6, "isPV": 1, "isLUKS": 1, "members": 3, "writtenNow": 3, "layersBusy": 4, "dismiss": 2, "forget": 1, "spare": 2, "leaveMappings": 2, "layerTwins": 2, "register": 1}

// TestPlainBootPaysNothing: a whole boot from a disk, on the fake machine, runs of what serves a classic initrd, a root on NFS or a layer only the look for them.
func TestPlainBootPaysNothing(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "cover")
	cmd := exec.Command("go", "test", "-count=1", "-run", "^TestBoot$/^plain$", "-coverpkg", "./pkg/boot,./pkg/storage,./pkg/activate,./pkg/lvm,./pkg/unlock,./pkg/luks,./pkg/crypttab,./pkg/initrd,./pkg/nfsroot,./pkg/ramdisk,./pkg/unpack", "-coverprofile", profile, "./pkg/boot")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "ok") {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	ran := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^github.com/preroot/preroot/(pkg/boot/(?:initrd|initrdleave|linuxrc|nfsroot|helper|step|layers|asking|mappings)\.go|pkg/(?:storage|activate|lvm|unlock|luks|crypttab|initrd|nfsroot|ramdisk|unpack)/.*\.go):(\d+)\..* (\d+)$`).FindAllStringSubmatch(string(text), -1) {
		if m[3] != "0" {
			line, _ := strconv.Atoi(m[2])
			ran[function(t, "../../"+m[1], line)]++
		}
	}
	if len(ran) == 0 {
		t.Fatal("nothing of it is in the profile")
	}
	for name, blocks := range ran {
		if blocks > claims[name] {
			t.Errorf("%s: %d blocks of statements ran, its claim is %d", name, blocks, claims[name])
		}
	}
}

// function names the function that a line stands in.
func function(t *testing.T, file string, line int) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range slices.Backward(strings.Split(string(text), "\n")[:line]) {
		if m := regexp.MustCompile(`^func (?:\(.*?\) )?(\w+)`).FindStringSubmatch(l); m != nil {
			return m[1]
		}
	}
	return ""
}
