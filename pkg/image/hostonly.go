package image

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/chain"
	"github.com/preroot/preroot/pkg/kmod"
)

// findChain finds the way to root of the host, when the image is to be for it alone.
func (o *Options) findChain() error {
	if !o.HostOnly || o.Chain != nil {
		return nil
	}
	host, err := chain.Machine(o.Sysroot)
	if err != nil {
		return err
	}
	host.Extra, host.UseFstab, host.Add = o.KernelCmdline, o.UseFstab, o.AddDevices
	o.Chain, err = chain.Read(host)
	return err
}

// hasLVM and hasLUKS say whether the image carries a helper, by an option or because root stands on such a layer.
func (o *Options) hasLVM() bool  { return o.LVM || o.Chain != nil && o.Chain.Has(chain.LVM) }
func (o *Options) hasLUKS() bool { return o.LUKS || o.Chain != nil && o.Chain.Has(chain.Crypt) }

// file is the path of a file of the sysroot.
func (o *Options) file(name string) string { return filepath.Join("/", o.Sysroot, name) }

// addChain takes in what the way to root needs: what stands on it is loaded first, the rest lies in the image.
func (c *choice) addChain(o *Options) {
	if o.Chain == nil {
		return
	}
	for _, m := range o.Chain.Modules(Kernel{c.tree}, !o.NoShell) {
		switch {
		case m.Missing:
			c.warnings = append(c.warnings, fmt.Sprintf("%s needs %s, which kernel %s does not have", m.For, m.Name, c.tree.kver))
		case m.Builtin:
			c.builtin = appendNew(c.builtin, m.Name)
		default:
			c.add(m.Name)
			if m.Early {
				c.chain = appendNew(c.chain, m.Name)
			}
		}
	}
	for _, p := range o.Chain.Problems {
		c.warnings = append(c.warnings, p.Text)
	}
	c.warnings = append(c.warnings, o.Chain.Notes...)
}

// chainFiles are what else the image has for the chain: words, lines of crypttab, configuration, firmware.
func chainFiles(o *Options, c *choice) (entries []Entry, err error) {
	if o.Chain == nil {
		return nil, nil
	}
	file := func(name string, perm uint32, data []byte) {
		entries = append(entries, Entry{Name: name, Kind: Regular, Perm: perm, Data: data})
	}
	if words := o.Chain.Words(); len(words) > 0 && o.HostCmdline != Off {
		file("etc/cmdline.d/15-chain.conf", 0o644, []byte(strings.Join(words, " ")+"\n"))
	}
	if lines := o.Chain.Crypttab(); len(lines) > 0 {
		file("etc/crypttab", 0o600, []byte(strings.Join(lines, "\n")+"\n"))
	}
	secrets := o.Chain.HeaderFiles()
	if o.Keys {
		secrets = appendNew(secrets, o.Chain.KeyFiles()...)
	}
	for _, name := range secrets {
		data, err := os.ReadFile(o.file(name))
		if err != nil {
			return nil, fmt.Errorf("crypttab: %w", err)
		}
		file(strings.TrimPrefix(name, "/"), 0o600, data)
	}
	if o.LVMConf == On || o.Chain.SystemID && o.LVMConf == Auto {
		for _, name := range []string{"etc/lvm/lvm.conf", "etc/lvm/lvmlocal.conf", "etc/hostname", "etc/machine-id"} {
			if data, err := os.ReadFile(o.file(name)); err == nil {
				file(name, 0o644, uncommented(data))
			}
		}
	}
	conf, err := c.moduleConf(os.DirFS(o.file("/")))
	if err != nil {
		return nil, err
	}
	firmware, err := o.Chain.Firmware(Kernel{c.tree}, os.DirFS(o.file("/")), c.tree.kver, o.FirmwareDirs)
	if err != nil {
		return nil, err
	}
	for _, name := range firmware {
		data, err := os.ReadFile(o.file(name))
		if err != nil {
			return nil, err
		}
		file(name, 0o644, data)
	}
	return append(entries, conf...), nil
}

// leftKeys tells of key files that are not inside.
func (o *Options) leftKeys(l *layout) []string {
	if o.Chain == nil {
		return nil
	}
	return o.Chain.KeyNotes(func(file string) bool {
		_, there := l.entries[l.settle(Entry{Name: strings.TrimPrefix(file, "/"), Kind: Regular}).Name]
		return there
	})
}

// uncommented is a file without the lines that only comment.
func uncommented(text []byte) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		if t := bytes.TrimSpace(line); len(t) > 0 && t[0] != '#' {
			out = append(out, line...)
		}
	}
	return out
}

// confDirs are the folders of modprobe.d(5) and modules-load.d(5), the first that has a name counts.
var confDirs = []string{"etc", "run", "usr/local/lib", "usr/lib", "lib"}

// moduleConf is what the host says about modules that are inside, in the files in which it says so.
func (c *choice) moduleConf(files fs.FS) (entries []Entry, err error) {
	for _, kind := range []struct {
		dir  string
		keep func(line string) bool
	}{{"modprobe.d", c.keepPolicy}, {"modules-load.d", c.keepLoad}} {
		seen := map[string]bool{}
		for _, dir := range confDirs {
			list, err := fs.Glob(files, path.Join(dir, kind.dir, "*.conf"))
			if err != nil {
				return nil, err
			}
			for _, name := range list {
				if seen[path.Base(name)] {
					continue
				}
				seen[path.Base(name)] = true
				text, err := fs.ReadFile(files, name)
				if errors.Is(err, fs.ErrNotExist) {
					continue // a link that leads nowhere
				}
				if err != nil {
					return nil, err
				}
				if kept := keepLines(string(text), kind.keep); kept != "" {
					entries = append(entries, Entry{Name: path.Join("etc", kind.dir, path.Base(name)), Kind: Regular, Perm: 0o644, Data: []byte(kept)})
				}
			}
		}
	}
	return entries, nil
}

// keepLines joins lines that a backslash parts, and keeps some.
func keepLines(text string, keep func(string) bool) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\\\n", " "), "\n") {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' && line[0] != ';' && keep(line) {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// keepPolicy says whether a line of modprobe.d(5) is about a module inside: "options NAME ...", "alias PATTERN NAME".
func (c *choice) keepPolicy(line string) bool {
	words := strings.Fields(line)
	if len(words) < 2 || !slices.Contains([]string{"options", "blacklist", "softdep", "install", "alias"}, words[0]) {
		return false
	}
	name := words[1]
	if words[0] == "alias" {
		if len(words) < 3 {
			return false
		}
		name = words[2]
	}
	return c.in[kmod.NameOf(name)]
}

func (c *choice) keepLoad(line string) bool { return c.in[kmod.NameOf(line)] }
