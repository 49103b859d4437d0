package buildconf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Source says where the configuration lies.
type Source struct {
	Root   string // folder that the machine's files lie below; "" for /
	File   string // instead of dracut.conf and preroot.conf; "" for these
	Dir    string // instead of their folders; "" for these
	AddDir string // one folder more, by its path or by its name in those
}

// folders of *.conf files, the one that wins first.
var (
	dracutDirs = []string{"etc/dracut.conf.d", "usr/lib/dracut/dracut.conf.d", "run/initramfs/dracut.conf.d"}
	ourDirs    = []string{"etc/preroot.conf.d", "usr/lib/preroot/preroot.conf.d"}
)

// dirLimit bounds the files of a folder.
const dirLimit = 512

// Read reads the configuration of dracut and then our own, which wins: of both the file first, then the *.conf files of
// their folders by name; one in /etc takes the place of one of the same name in /usr/lib. A file that is not there says
// nothing; one that Source names must be there.
func Read(s Source) (Config, error) {
	files, err := s.files()
	if err != nil {
		return Config{}, err
	}
	all := said{values: map[string]*value{}}
	var notes []string
	for _, file := range files {
		text, err := readFile(file)
		switch {
		case errors.Is(err, fs.ErrNotExist) && file != s.File:
			continue
		case err != nil && file == s.File:
			return Config{}, fmt.Errorf("configuration: %w", err)
		case err != nil:
			notes = append(notes, fmt.Sprintf("%v: not read", err))
			continue
		}
		list, complaints := Parse(text)
		for _, n := range complaints {
			notes = append(notes, fmt.Sprintf("%s:%d: %s", file, n.Line, n.Text))
		}
		for _, a := range list {
			if file != s.File && isDracuts(file) && choosesModules(a.Key) {
				notes = append(notes, fmt.Sprintf("%s: %s: no module of dracut is needed for what preroot does itself: to run some all the same name them in preroot.conf, or by --add", fmt.Sprintf("%s:%d", file, a.Line), a.Key))
				continue
			}
			all.take(file, a)
		}
	}
	c := all.config()
	c.Notes = append(notes, c.Notes...)
	return c, nil
}

// isDracuts says whether a file is of dracut's configuration.
func isDracuts(file string) bool { return strings.Contains(file, "/dracut.conf") }

// choosesModules says whether a key takes modules of dracut in. What dracut needs for a machine would make ours larger, and fail where a module finds its programs missing.
func choosesModules(key string) bool {
	return slices.Contains([]string{"dracutmodules", "add_dracutmodules", "force_add_dracutmodules", "prefer_dracutmodules"}, key)
}

// files lists what is read, in its order.
func (s Source) files() (list []string, err error) {
	if s.File == "" {
		list = append(list, s.below("etc/dracut.conf"))
	}
	if s.Dir == "" {
		list = append(list, dropins(s.belowAll(dracutDirs))...)
	}
	if s.File == "" {
		list = append(list, s.below("etc/preroot.conf"))
	} else {
		list = append(list, s.File)
	}
	dirs := s.belowAll(ourDirs)
	if s.Dir != "" {
		if !isDir(s.Dir) {
			return nil, fmt.Errorf("configuration: %s is no folder", s.Dir)
		}
		dirs = []string{s.Dir}
	}
	if s.AddDir != "" {
		add, err := s.addDir(dirs)
		if err != nil {
			return nil, err
		}
		dirs = slices.Insert(dirs, 1, add)
	}
	return append(list, dropins(dirs)...), nil
}

// addDir finds the folder that is named in addition.
func (s Source) addDir(dirs []string) (string, error) {
	tries := []string{s.AddDir}
	for _, d := range append(slices.Clone(dirs), s.belowAll(dracutDirs)...) {
		tries = append(tries, filepath.Join(d, s.AddDir))
	}
	for _, d := range tries {
		if isDir(d) {
			return d, nil
		}
	}
	return "", fmt.Errorf("configuration: no folder %s", strings.Join(tries, ", nor "))
}

func (s Source) below(name string) string {
	if s.Root == "" {
		return "/" + name
	}
	return filepath.Join(s.Root, name)
}

func (s Source) belowAll(names []string) (list []string) {
	for _, n := range names {
		list = append(list, s.below(n))
	}
	return list
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// dropins lists the *.conf files of folders by name; the first folder that has a name has its file.
func dropins(dirs []string) (list []string) {
	byName := map[string]string{}
	for _, dir := range dirs {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries[:min(len(entries), dirLimit)] {
			if name := e.Name(); strings.HasSuffix(name, ".conf") && byName[name] == "" {
				byName[name] = filepath.Join(dir, name)
				list = append(list, name)
			}
		}
	}
	slices.Sort(list)
	for i, name := range list {
		list[i] = byName[name]
	}
	return list
}

// readFile reads a plain file of bounded size. A link to /dev/null, and a folder with such a name, are files without a word in them.
func readFile(file string) (string, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", err
	case info.IsDir() || info.Mode()&fs.ModeCharDevice != 0:
		return "", nil
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is no plain file", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, fileLimit+1))
	return string(data), err
}
