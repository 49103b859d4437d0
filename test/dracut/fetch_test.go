package dracut

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packages are what one version of dracut needs to run: itself, a shell, the C library.
var packages = []string{"dracut-core", "dash", "libc6"}

// fetch unpacks packages of a Debian suite below the cache folder, once, and returns the folder, which is called after suite and set.
func fetch(t testing.TB, suite, set string, packages []string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "preroot", "dracut", suite+set)
	if _, err := os.Stat(filepath.Join(dir, "VERSION")); err == nil {
		return dir
	}
	for _, tool := range []string{"apt-get", "dpkg"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing: this test needs the Debian packages apt and dpkg", tool)
		}
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), suite+set+".new-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(work)
	unpacked := filepath.Join(work, "unpacked")
	download(t, suite, packages, work, unpacked)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(unpacked, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// download asks the mirror of this machine for the packages, with a state of apt that is ours alone, and
// unpacks them.
func download(t testing.TB, suite string, packages []string, work, into string) {
	t.Helper()
	for _, d := range []string{"lists/partial", "cache/archives/partial", "debs"} {
		if err := os.MkdirAll(filepath.Join(work, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	list := filepath.Join(work, "suite.sources")
	if err := os.WriteFile(list, []byte(sourceFor(t, suite)), 0o644); err != nil {
		t.Fatal(err)
	}
	options := []string{"-qq",
		"-o", "Dir::State::lists=" + filepath.Join(work, "lists"),
		"-o", "Dir::Cache=" + filepath.Join(work, "cache"),
		"-o", "Dir::Etc::sourcelist=" + list,
		"-o", "Dir::Etc::sourceparts=/dev/null",
		"-o", "Acquire::Languages=none",
		"-o", "APT::Sandbox::User=",
	}
	debs := filepath.Join(work, "debs")
	run(t, debs, "apt-get", append(options, "update")...)
	run(t, debs, "apt-get", append(append(options, "download"), packages...)...)
	found, _ := filepath.Glob(filepath.Join(debs, "*.deb"))
	for _, deb := range found {
		run(t, work, "dpkg", "-x", deb, into)
	}
	version := run(t, debs, "sh", "-c", "dpkg-deb -f "+packages[0]+"_*.deb Version")
	if err := os.WriteFile(filepath.Join(into, "VERSION"), []byte(version), 0o644); err != nil {
		t.Fatal(err)
	}
}

// sourceFor is the source of packages of this machine, with another suite in it.
func sourceFor(t testing.TB, suite string) string {
	t.Helper()
	var text []byte
	for _, name := range []string{"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"} {
		if b, err := os.ReadFile(name); err == nil {
			text = append(append(text, b...), '\n')
		}
	}
	var uri, key string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 2 || uri != "" && key != "":
		case fields[0] == "URIs:" && uri == "":
			uri = fields[1]
		case fields[0] == "Signed-By:" && key == "":
			key = fields[1]
		case fields[0] == "deb" && uri == "":
			for _, f := range fields[1:] {
				if strings.Contains(f, "://") {
					uri = f
					break
				}
			}
		}
	}
	if uri == "" {
		t.Fatal("no Debian mirror in /etc/apt/sources.list.d/debian.sources or /etc/apt/sources.list")
	}
	if key == "" {
		key = "/usr/share/keyrings/debian-archive-keyring.gpg"
	}
	if _, err := os.Stat(key); err != nil {
		t.Fatalf("%v: this test needs the Debian package debian-archive-keyring", err)
	}
	return fmt.Sprintf("Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n", uri, suite, key)
}

func run(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
