package boot

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/internal/klog"
	"github.com/preroot/preroot/internal/linux"
	"github.com/preroot/preroot/pkg/rescue"
)

// SOSReport is /sbin/rdsosreport: it writes what a helper far away needs to know into /run/initramfs/rdsosreport.txt, with the sections that
// dracut's has and passwords masked. What the engine has written there about its failure stays in front. It returns an exit status.
func SOSReport([]string) int {
	fmt.Printf("Generating %q\n", rescue.Path)
	old, _ := os.ReadFile(rescue.Path)
	text := engineReport(string(old)) + sosBegin
	for _, s := range sosSections("/") {
		text += "\n== " + klog.Clean(s.Title) + "\n" + harmless(s.Text)
	}
	if err := (linux.Files{}).WriteFile(rescue.Path, []byte(text)); err != nil {
		fmt.Fprintln(os.Stderr, "rdsosreport:", err)
		return 1
	}
	return 0
}

// sosBegin parts the engine's report from what follows.
const sosBegin = "\n== rdsosreport\n"

// engineReport is the part of the file that the engine has written.
func engineReport(text string) string {
	if !strings.HasPrefix(text, "preroot") {
		return ""
	}
	text, _, _ = strings.Cut(text, sosBegin)
	return text
}

// harmless masks passwords and makes a text fit for a terminal, line by line.
func harmless(text string) string {
	var out strings.Builder
	for line := range strings.Lines(rescue.Mask(text)) {
		out.WriteString(klog.Clean(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "    ")) + "\n")
	}
	return out.String()
}

// sosFiles are the files of the report, sosPrograms its programs where the image has them, both in dracut's order.
var (
	sosFiles = []string{"lib/dracut/dracut-*", "proc/cmdline", "etc/cmdline", "etc/cmdline.d/*.conf", "run/initramfs/cmdline.d/*.conf", "proc/self/mountinfo",
		"proc/mounts", "etc/conf.d/*.conf", "proc/mdstat", "run/initramfs/init.log"}
	sosPrograms = []string{"blkid", "udevadm info --export-db", "lvm pvdisplay", "lvm vgdisplay", "lvm lvdisplay", "dmsetup ls --tree", "ip addr"}
)

func sosSections(root string) []rescue.Section {
	var list []rescue.Section
	for _, pattern := range sosFiles {
		found, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, name := range found {
			if text, err := os.ReadFile(name); err == nil {
				list = append(list, rescue.Section{Title: "/" + strings.TrimPrefix(strings.TrimPrefix(name, root), "/"), Text: string(text)})
			}
		}
	}
	list = append(list, rescue.Section{Title: "/dev/disk/by-*", Text: diskLinks(root)})
	for _, line := range sosPrograms {
		if words := strings.Fields(line); program(words[0]) != "" {
			list = append(list, rescue.Section{Title: line, Text: sosRun(words)})
		}
	}
	return append(list, rescue.Section{Title: "kernel log", Text: linux.KernelLog()})
}

// diskLinks lists the links below /dev/disk.
func diskLinks(root string) string {
	found, _ := filepath.Glob(filepath.Join(root, "dev/disk/by-*/*"))
	slices.Sort(found)
	text := ""
	for _, name := range found {
		target, _ := os.Readlink(name)
		text += "/" + strings.TrimPrefix(strings.TrimPrefix(name, root), "/") + " -> " + target + "\n"
	}
	return text
}

// program is the path of a program of the image, "" when it has none.
func program(name string) string {
	for _, dir := range []string{"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"} {
		if linux.Executable(dir + name) {
			return dir + name
		}
	}
	return ""
}

// sosLimit bounds a program of the report: a disk that does not answer must not keep the prompt away. sosOutput bounds what it prints, in
// bytes.
const (
	sosLimit  = 10 * time.Second
	sosOutput = 2 << 20
)

func sosRun(words []string) string {
	status, text, err := linux.Programs{}.RunFor(sosLimit, sosOutput, program(words[0]), words[1:]...)
	switch {
	case err != nil:
		text += err.Error() + "\n"
	case status != 0:
		text += fmt.Sprintf("(status %d)\n", status)
	}
	return text
}
