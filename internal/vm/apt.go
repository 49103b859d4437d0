package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An apt is a private state of apt for one suite and architecture: the machine's own mirrors
// and keys, its own lists, nothing installed and nothing of the system
// touched.
type apt struct {
	dir  string
	opts []string
}

func newApt(base, suite string, arch Arch) (*apt, error) {
	a := &apt{dir: filepath.Join(base, suite+"-"+string(arch))}
	for _, sub := range []string{"lists/partial", "cache/archives/partial", "state", "download"} {
		if err := os.MkdirAll(filepath.Join(a.dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	codename, err := hostCodename("/etc/os-release")
	if err != nil {
		return nil, err
	}
	files, err := exchangeSources("/etc/apt", codename, suite, a.dir)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(a.dir, "status"), nil, 0o644); err != nil {
		return nil, err
	}
	a.opts = []string{
		"-qq",
		"-o", "Dir::State=" + filepath.Join(a.dir, "state"),
		"-o", "Dir::State::lists=" + filepath.Join(a.dir, "lists"),
		"-o", "Dir::State::status=" + filepath.Join(a.dir, "status"),
		"-o", "Dir::Cache=" + filepath.Join(a.dir, "cache"),
		"-o", "Dir::Etc::sourcelist=/dev/null",
		"-o", "Dir::Etc::sourceparts=" + files,
		"-o", "Acquire::Languages=none",
		"-o", "APT::Architecture=" + string(arch),
		"-o", "APT::Architectures::=" + string(arch),
		"-o", "Acquire::Retries=3",
		// update fails when a list does not come, and says which.
		"-o", "APT::Update::Error-Mode=any",
		// The user _apt cannot write below a home folder.
		"-o", "APT::Sandbox::User=root",
	}
	return a, nil
}

func (a *apt) update() error {
	_, err := run("apt-get", append(slices.Clone(a.opts), "update")...)
	return err
}

// dependency returns the first package that a metapackage depends on and
// whose name starts with prefix.
func (a *apt) dependency(meta, prefix string) (string, error) {
	out, err := run("apt-cache", append(slices.Clone(a.opts), "depends", "--important", meta)...)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		name, found := strings.CutPrefix(strings.TrimSpace(line), "Depends: ")
		if found && strings.HasPrefix(name, prefix) {
			return name, nil
		}
	}
	return "", fmt.Errorf("apt-cache depends %s: no package %s* in its answer", meta, prefix)
}

// kernelPackages fetches what a kernel's package linux-image-VERSION consists
// of and returns the .deb files. Up to Debian 13 it holds all; since 14 it only
// depends on linux-binary- (the kernel), linux-modules- and linux-base- (the
// lists of what is built in) of the same version.
func (a *apt) kernelPackages(pkg string) ([]string, error) {
	version := strings.TrimPrefix(pkg, "linux-image-")
	names := []string{pkg}
	for _, part := range []string{"linux-binary-", "linux-modules-", "linux-base-"} {
		if name, err := a.dependency(pkg, part+version); err == nil {
			names = append(names, name)
		}
	}
	var debs []string
	for _, name := range names {
		deb, err := a.download(name)
		if err != nil {
			return nil, err
		}
		debs = append(debs, deb)
	}
	return debs, nil
}

// download fetches a package and returns the path of the .deb file; one that
// lies there whole from an earlier try is not fetched again.
func (a *apt) download(pkg string) (string, error) {
	dir := filepath.Join(a.dir, "download")
	if _, err := runIn(dir, "apt-get", append(slices.Clone(a.opts), "download", pkg)...); err != nil {
		return "", err
	}
	debs, _ := filepath.Glob(filepath.Join(dir, pkg+"_*.deb"))
	if len(debs) == 0 {
		return "", fmt.Errorf("apt-get download %s: no .deb file came", pkg)
	}
	return slices.MaxFunc(debs, byModTime), nil
}

func byModTime(a, b string) int {
	sa, errA := os.Stat(a)
	sb, errB := os.Stat(b)
	if errA != nil || errB != nil {
		return strings.Compare(a, b)
	}
	return sa.ModTime().Compare(sb.ModTime())
}

// hostCodename reads VERSION_CODENAME of an os-release file.
func hostCodename(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok {
			return strings.Trim(v, `"'`), nil
		}
	}
	return "", fmt.Errorf("%s: no VERSION_CODENAME: kernels are fetched on a Debian only", path)
}

// exchangeSources writes a copy of each sources file below etc into
// dir/sources, with the suite exchanged, and returns that folder.
func exchangeSources(etc, codename, suite, dir string) (string, error) {
	out := filepath.Join(dir, "sources")
	if err := os.RemoveAll(out); err != nil {
		return "", err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", err
	}
	files, _ := filepath.Glob(filepath.Join(etc, "sources.list.d", "*.sources"))
	lists, _ := filepath.Glob(filepath.Join(etc, "sources.list.d", "*.list"))
	files = append(append(files, lists...), filepath.Join(etc, "sources.list"))
	written := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		exchanged := exchangeSuite(string(text), strings.HasSuffix(f, ".sources"), codename, suite)
		if exchanged == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(out, filepath.Base(f)), []byte(exchanged), 0o644); err != nil {
			return "", err
		}
		written++
	}
	if written == 0 {
		return "", fmt.Errorf("%s: no sources line for suite %s in sources.list or sources.list.d", etc, codename)
	}
	return out, nil
}

// exchangeSuite returns the entries of a sources file that name the suite
// from, with it exchanged for to (from-security becomes to-security); entries
// for other suites are left out. deb822 tells the two formats of
// sources.list(5) apart.
func exchangeSuite(text string, deb822 bool, from, to string) string {
	if deb822 {
		return exchangeStanzas(text, from, to)
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		if entry := exchangeLine(line, from, to); entry != "" {
			out.WriteString(entry + "\n")
		}
	}
	return out.String()
}

// exchangeLine handles "deb [options] URI SUITE COMPONENT...".
func exchangeLine(line, from, to string) string {
	line, _, _ = strings.Cut(line, "#")
	words := strings.Fields(line)
	if len(words) < 4 || words[0] != "deb" {
		return ""
	}
	i := 1
	if strings.HasPrefix(words[1], "[") {
		for i < len(words) && !strings.HasSuffix(words[i], "]") {
			i++
		}
		i++
	}
	if i+1 >= len(words) {
		return ""
	}
	suites := exchangeWords(words[i+1], from, to)
	if suites == "" {
		return ""
	}
	words[i+1] = suites
	return strings.Join(words, " ")
}

// exchangeStanzas handles the deb822 format, one stanza at a time.
func exchangeStanzas(text, from, to string) string {
	var kept []string
	for stanza := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		var lines []string
		fits := false
		for line := range strings.SplitSeq(stanza, "\n") {
			if rest, ok := strings.CutPrefix(line, "Suites:"); ok {
				suites := exchangeWords(rest, from, to)
				fits = suites != ""
				line = "Suites: " + suites
			}
			lines = append(lines, line)
		}
		if fits {
			kept = append(kept, strings.Join(lines, "\n")+"\n")
		}
	}
	return strings.Join(kept, "\n")
}

func exchangeWords(suites, from, to string) string {
	var kept []string
	for _, s := range strings.Fields(suites) {
		// sid has no suites beside it: sources.list(5) of a Debian unstable.
		if s == from || to != "sid" && strings.HasPrefix(s, from+"-") {
			kept = append(kept, to+strings.TrimPrefix(s, from))
		}
	}
	return strings.Join(kept, " ")
}
