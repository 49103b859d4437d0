// Command builders measures how long images take to be made, and how large they are: preroot's beside dracut's and mkinitramfs's, of the same kernels, in one run on this machine.
//
//	go run ./test/builders [-n 5] [KERNEL...]
//
// Each is made n times, one builder after the other; the median of the wall times counts. The first round, which warms the caches, does not. It fails where preroot breaks its bounds. It needs
// dracut-core, initramfs-tools-core and build/ (make), and is root.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/preroot/preroot/internal/vm"
)

// builder makes an image for a kernel.
type builder struct {
	name string
	args func(k vm.Kernel, out string) []string
	// The bounds: seconds for any kernel, bytes for a full one; 0 is none.
	seconds float64
	bytes   int64
}

// boosterBytes is what booster's universal image of Debian's full 6.1 kernel takes.
const boosterBytes = 28_330_940

var builders = []builder{
	{"preroot host-only", ours("--host-only"), 1, 0},
	{"preroot generic", ours("--generic"), 3, boosterBytes},
	{"dracut host-only", dracut("--hostonly"), 0, 0},
	{"dracut generic", dracut("--no-hostonly"), 0, 0},
	{"mkinitramfs dep", mkinitramfs("dep"), 0, 0},
	{"mkinitramfs most", mkinitramfs("most"), 0, 0},
}

func ours(kind string) func(vm.Kernel, string) []string {
	return func(k vm.Kernel, out string) []string {
		return []string{"build/preroot", "build", "-f", kind, "--init", "build/init", "--kver", k.Version, "--modules-dir", k.ModulesDir(), out}
	}
}

func dracut(kind string) func(vm.Kernel, string) []string {
	return func(k vm.Kernel, out string) []string {
		return []string{"dracut", "--quiet", "--force", kind, "--kver", k.Version, "--kmoddir", k.ModulesDir(), "--compress", "zstd", out}
	}
}

// mkinitramfs takes modules from /lib/modules alone, and MODULES from a folder of configuration.
func mkinitramfs(modules string) func(vm.Kernel, string) []string {
	return func(k vm.Kernel, out string) []string {
		return []string{"mkinitramfs", "-d", filepath.Join(filepath.Dir(out), "conf-"+modules), "-o", out, k.Version}
	}
}

func main() {
	n := flag.Int("n", 5, "images of each; the median counts")
	flag.Parse()
	kernels := flag.Args()
	if len(kernels) == 0 {
		kernels = []string{"6.1-cloud", "6.1", "6.12"}
	}
	if err := run(*n, kernels); err != nil {
		fmt.Fprintln(os.Stderr, "builders:", err)
		os.Exit(1)
	}
}

func run(n int, kernels []string) error {
	dir, err := os.MkdirTemp("/var/tmp", "preroot-builders-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, modules := range []string{"dep", "most"} {
		if err := configure(filepath.Join(dir, "conf-"+modules), modules); err != nil {
			return err
		}
	}
	var bad error
	for _, name := range kernels {
		k, err := vm.GetKernel(name, os.Stdout)
		if err != nil {
			return err
		}
		fmt.Println(k)
		unlink, err := inPlace(k)
		if err != nil {
			return err
		}
		bad = errors.Join(bad, measure(k, name, dir, n))
		unlink()
	}
	return bad
}

// configure writes a configuration of initramfs-tools.
func configure(dir, modules string) error {
	text := "MODULES=" + modules + "\nBUSYBOX=auto\nCOMPRESS=zstd\nUMASK=0077\n"
	err := os.MkdirAll(filepath.Join(dir, "scripts"), 0o755)
	for _, sub := range []string{"hooks", "conf.d"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(dir, sub), 0o755))
	}
	return errors.Join(err, os.WriteFile(filepath.Join(dir, "initramfs.conf"), []byte(text), 0o644), os.WriteFile(filepath.Join(dir, "modules"), nil, 0o644))
}

// inPlace puts a kernel's modules and its configuration where the distribution has them, for the builders that look nowhere else.
func inPlace(k vm.Kernel) (remove func(), err error) {
	var made []string
	for place, at := range map[string]string{"/lib/modules/" + k.Version: k.ModulesDir(), "/boot/config-" + k.Version: filepath.Join(filepath.Dir(k.Image()), "config-"+k.Version)} {
		if _, e := os.Lstat(place); e == nil {
			continue
		}
		target, e := filepath.Abs(at)
		err = errors.Join(err, e, os.MkdirAll(filepath.Dir(place), 0o755), os.Symlink(target, place))
		made = append(made, place)
	}
	return func() {
		for _, place := range made {
			os.Remove(place)
		}
	}, err
}

// measure runs every builder in turn.
func measure(k vm.Kernel, name, dir string, n int) error {
	took, sizes := map[string][]float64{}, map[string]int64{}
	for round := range n + 1 {
		for _, b := range builders {
			out := filepath.Join(dir, "image")
			os.Remove(out)
			args := b.args(k, out)
			begun := time.Now()
			said, err := exec.Command(args[0], args[1:]...).CombinedOutput()
			seconds := time.Since(begun).Seconds()
			if err != nil {
				return fmt.Errorf("%s: %w\n%s", b.name, err, said)
			}
			info, err := os.Stat(out)
			if err != nil {
				return fmt.Errorf("%s: %w\n%s", b.name, err, said)
			}
			sizes[b.name] = info.Size()
			if round > 0 {
				took[b.name] = append(took[b.name], seconds)
			}
		}
	}
	var bad error
	for _, b := range builders {
		slices.Sort(took[b.name])
		median := took[b.name][n/2]
		fmt.Printf("%-12s %-18s %7.2f s (%.2f to %.2f) %12d bytes\n", name, b.name, median, took[b.name][0], took[b.name][n-1], sizes[b.name])
		if b.seconds > 0 && median > b.seconds {
			bad = errors.Join(bad, fmt.Errorf("%s, %s: %.2f s, at most %.0f are wanted", name, b.name, median, b.seconds))
		}
		if b.bytes > 0 && sizes[b.name] > b.bytes {
			bad = errors.Join(bad, fmt.Errorf("%s, %s: %d bytes, at most %d are wanted", name, b.name, sizes[b.name], b.bytes))
		}
	}
	return bad
}
