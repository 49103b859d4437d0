package oracle

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// build makes kernel and modules, and puts them where the harness expects those of a Debian package.
func (s shop) build() error {
	if err := s.configure(""); err != nil {
		return err
	}
	fmt.Fprintf(s.log, "building the kernel; what make says is in %s\n", s.logFile())
	if err := s.make("bzImage", "modules"); err != nil {
		return err
	}
	if err := os.RemoveAll(s.path("kernel")); err != nil {
		return err
	}
	if err := s.make("modules_install", "INSTALL_MOD_PATH="+s.path("kernel")); err != nil {
		return err
	}
	release, err := os.ReadFile(s.path("build/include/config/kernel.release"))
	if err != nil {
		return err
	}
	return s.copyImage(s.path("kernel/boot/vmlinuz-" + strings.TrimSpace(string(release))))
}

// configure makes the configuration from nothing: kernel.config, then extra. An option of it that the kernel did not take is an error.
func (s shop) configure(extra string) error {
	if err := os.MkdirAll(s.path("build"), 0o755); err != nil {
		return err
	}
	wanted := s.path("wanted.config")
	if err := os.WriteFile(wanted, []byte(config+extra), 0o644); err != nil {
		return err
	}
	if err := s.make("allnoconfig", "KCONFIG_ALLCONFIG="+wanted); err != nil {
		return err
	}
	got, err := os.ReadFile(s.path("build/.config"))
	if err != nil {
		return err
	}
	if missing := untaken(config+extra, string(got)); len(missing) > 0 {
		return fmt.Errorf("the kernel's configuration does not have %s: something that they need is missing in kernel.config", strings.Join(missing, ", "))
	}
	return nil
}

// untaken are the options that are wanted and not in a configuration. "=n" wants a line that says so, or none.
func untaken(wanted, got string) []string {
	have := map[string]string{}
	for line := range strings.Lines(got) {
		name, value, set := strings.Cut(strings.TrimSpace(line), "=")
		if set && !strings.HasPrefix(name, "#") {
			have[name] = value
		}
	}
	var list []string
	for line := range strings.Lines(wanted) {
		name, value, set := strings.Cut(strings.TrimSpace(line), "=")
		if !set || strings.HasPrefix(name, "#") || have[name] == value || value == "n" && have[name] == "" {
			continue
		}
		list = append(list, name+"="+value)
	}
	return list
}

// copyImage puts the kernel that was built last under a name, whole or not at all.
func (s shop) copyImage(to string) error {
	data, err := os.ReadFile(s.path("build/arch/x86/boot/bzImage"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(to+".part", data, 0o644); err != nil {
		return err
	}
	return os.Rename(to+".part", to)
}

// make runs the kernel's make outside its source, one job at a time and behind everything else on the machine. Host and time are told the same each
// time: the same source gives the same kernel.
func (s shop) make(words ...string) error {
	return s.run("source", append([]string{"make", "-j1", "O=" + s.path("build"),
		"KBUILD_BUILD_USER=preroot", "KBUILD_BUILD_HOST=oracle", "KBUILD_BUILD_TIMESTAMP=1996-06-01"}, words...)...)
}

func (s shop) logFile() string { return s.path("build.log") }

// run runs a program in a folder of the shop. What it says is added to the log file; an error has the end of it.
func (s shop) run(dir string, words ...string) error {
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("nice", append([]string{"-n", "15"}, words...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.path(dir), log, log
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, tail(s.logFile(), 15))
	}
	return nil
}

// tail returns the last lines of a file.
func tail(path string, n int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
