package dynlink

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxLinks is the number of symbolic links in one path, as in the kernel (path_resolution(7)).
const maxLinks = 40

// Root is a root file system; symbolic links in it stay inside it.
type Root struct {
	dir   string
	conf  []string           // folders of ld.so.conf
	known map[string]*object // by the path without links
}

// Open reads the configuration of the dynamic loader in the root at dir, "" for the running system's.
func Open(dir string) (*Root, error) {
	if dir == "" {
		dir = "/"
	}
	r := &Root{dir: dir, known: map[string]*object{}}
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is no folder: name that in which the system to read has its /usr and /etc", dir)
	}
	conf, err := r.readConf("/etc/ld.so.conf", 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	r.conf = conf
	return r, nil
}

// Host is the place of a path of the root on this machine; the path must be one without links (see Resolve).
func (r *Root) Host(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

// Link is a symbolic link: where it lies, without links in its own folder, and its target as it is written.
type Link struct{ Path, Target string }

// Resolve follows every link of a path: real is the path without links, and links are those that were passed, in their order.
// The error of what is not there unwraps to fs.ErrNotExist.
func (r *Root) Resolve(name string) (real string, links []Link, err error) {
	todo := strings.Split(path.Clean("/"+name), "/")
	real = "/"
	for len(todo) > 0 {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			real = path.Dir(real)
			continue
		}
		next := path.Join(real, part)
		info, err := os.Lstat(r.Host(next))
		if err != nil {
			return "", links, fmt.Errorf("%s: %w", name, err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			real = next
			continue
		}
		target, err := os.Readlink(r.Host(next))
		if err != nil {
			return "", links, fmt.Errorf("%s: %w", name, err)
		}
		if links = append(links, Link{next, target}); len(links) > maxLinks {
			return "", links, fmt.Errorf("%s: more than %d symbolic links, the last one is %s", name, maxLinks, next)
		}
		if path.IsAbs(target) {
			real = "/"
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	return real, links, nil
}

// isFile says whether a path leads to a plain file.
func (r *Root) isFile(name string) bool {
	real, _, err := r.Resolve(name)
	if err != nil {
		return false
	}
	info, err := os.Lstat(r.Host(real))
	return err == nil && info.Mode().IsRegular()
}

// programFolders are where a program without a path is sought, in this order.
var programFolders = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// Program is the path of a program: itself if it has a slash, otherwise where PATH would find it.
func (r *Root) Program(name string) (string, error) {
	if strings.Contains(name, "/") {
		_, _, err := r.Resolve(name)
		return path.Clean("/" + name), err
	}
	if list := r.Programs(name); len(list) > 0 {
		return list[0], nil
	}
	return "", fmt.Errorf("program %s is in none of %s: install its package, or give its path: %w", name, strings.Join(programFolders, " "), fs.ErrNotExist)
}

// Programs lists the program of a name in all folders of PATH that are not the same one.
func (r *Root) Programs(name string) (list []string) {
	seen := map[string]bool{}
	for _, dir := range programFolders {
		folder, _, err := r.Resolve(dir)
		if err != nil || seen[folder] {
			continue
		}
		seen[folder] = true
		file := path.Join(dir, name)
		real, _, err := r.Resolve(file)
		if err != nil {
			continue
		}
		if info, err := os.Lstat(r.Host(real)); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			list = append(list, file)
		}
	}
	return list
}
