package dracutmod

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/dynlink"
)

// stage is the staging folder: the root of the image as far as modules fill it. Links in it stay inside it.
type stage struct {
	dir    string // as modules see it: $initdir
	inside *dynlink.Root
	host   *dynlink.Root // the system that files come from
}

// skeleton are folders that modules expect to be there.
var skeleton = []string{
	"/usr/bin", "/usr/sbin", "/usr/lib", "/bin", "/sbin", "/lib", "/etc/cmdline.d", "/etc/conf.d", "/tmp", "/var/tmp", "/var/lib/dracut/hooks", "/dev", "/proc", "/sys", "/sysroot", "/root", "/run", "/lib/dracut",
}

// wide is a folder of libraries that not every system has.
const wide = "/lib64"

// newStage prepares an empty folder. /lib and the like are links if they are in the system.
func newStage(dir string, host *dynlink.Root) (stage, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return stage{}, err
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		return stage{}, fmt.Errorf("%s is no empty folder: %w", dir, errors.Join(err, fs.ErrExist))
	}
	inside, err := dynlink.Open(dir)
	if err != nil {
		return stage{}, err
	}
	s := stage{dir, inside, host}
	list := skeleton
	if _, ok := s.linkedFolder(wide); ok {
		list = append(slices.Clone(list), wide)
	}
	for _, name := range list {
		if _, err := s.folder(name); err != nil {
			return s, err
		}
	}
	for stage := range strings.FieldsSeq(hookStages) {
		if _, err := s.folder("/var/lib/dracut/hooks/" + stage); err != nil {
			return s, err
		}
	}
	for _, l := range stageLinks {
		if err := s.ownLink(l.name, l.target); err != nil {
			return s, err
		}
	}
	// Where hooks lie has changed with dracut 106; modules use both names.
	return s, s.link("/lib/dracut/hooks", "/var/lib/dracut/hooks")
}

// stageLinks are in each image with modules, whatever the system has there: programs write to /var/run and /var/lock, and /run is there when they do.
var stageLinks = []struct{ name, target string }{{"/var/run", "../run"}, {"/var/lock", "../run/lock"}}

// ownLink makes a link that is not the system's.
func (s *stage) ownLink(name, target string) error {
	place, err := s.place(name)
	if err != nil {
		return err
	}
	return os.Symlink(target, place)
}

// exists says whether a path leads to something in the image.
func (s *stage) exists(name string) bool {
	_, _, err := s.inside.Resolve(name)
	return err == nil
}

// taken says whether a path leads to something else in the image than in the system, where it leads to real: another program has the name (sh, awk).
func (s *stage) taken(name, real string) bool {
	inside, _, err := s.inside.Resolve(name)
	return err == nil && inside != real
}

// folder makes a folder with those above it and returns its place without links. What is a link to a folder in the system
// becomes one in the image, and the folder is made where that leads.
func (s *stage) folder(name string) (string, error) {
	at := "/"
	for part := range strings.SplitSeq(path.Clean("/"+name), "/") {
		if part == "" {
			continue
		}
		next := path.Join(at, part)
		info, err := os.Lstat(s.inside.Host(next))
		switch {
		case err == nil && info.IsDir():
			at = next
			continue
		case err == nil && info.Mode()&fs.ModeSymlink == 0:
			return "", fmt.Errorf("/%s is no folder in the image", strings.TrimPrefix(next, "/"))
		case err == nil:
			target, err := os.Readlink(s.inside.Host(next))
			if err != nil {
				return "", err
			}
			if at, err = s.follow(next, target); err != nil {
				return "", err
			}
			continue
		}
		if target, ok := s.linkedFolder(next); ok {
			if err := os.Symlink(relative(at, target), s.inside.Host(next)); err != nil {
				return "", err
			}
			if at, err = s.follow(next, target); err != nil {
				return "", err
			}
			continue
		}
		if err := s.mkdir(next); err != nil {
			return "", err
		}
		at = next
	}
	return at, nil
}

// mkdir makes one folder, with its mode whatever the umask is.
func (s *stage) mkdir(name string) error {
	mode := s.folderMode(name)
	if err := os.Mkdir(s.inside.Host(name), mode); err != nil {
		return err
	}
	return os.Chmod(s.inside.Host(name), mode)
}

// follow makes the folder that a link leads to.
func (s *stage) follow(link, target string) (string, error) {
	if !path.IsAbs(target) {
		target = path.Join(path.Dir(link), target)
	}
	if strings.HasPrefix(target+"/", link+"/") {
		return "", fmt.Errorf("the link %s leads to itself", link)
	}
	return s.folder(target)
}

// linkedFolder is the target of what is a link to a folder in the system.
func (s *stage) linkedFolder(name string) (target string, ok bool) {
	target, err := os.Readlink(s.host.Host(name))
	if err != nil {
		return "", false
	}
	real, _, err := s.host.Resolve(name)
	if err != nil {
		return "", false
	}
	info, err := os.Lstat(s.host.Host(real))
	return target, err == nil && info.IsDir()
}

func (s *stage) folderMode(name string) fs.FileMode {
	if info, err := os.Lstat(s.host.Host(name)); err == nil && info.IsDir() {
		return info.Mode()&(fs.ModePerm|fs.ModeSticky) | 0o700
	}
	return 0o755
}

// place is the file of this machine that a path of the image stands for; the folder is made. A link in the last part is not followed.
func (s *stage) place(name string) (string, error) {
	name = path.Clean("/" + name)
	dir, err := s.folder(path.Dir(name))
	if err != nil {
		return "", err
	}
	return s.inside.Host(path.Join(dir, path.Base(name))), nil
}

// link makes a symbolic link unless something is there.
func (s *stage) link(name, target string) error {
	if _, ok := s.linkedFolder(name); ok {
		_, err := s.folder(name)
		return err
	}
	dir, err := s.folder(path.Dir(path.Clean("/" + name)))
	if err != nil {
		return err
	}
	if err := os.Symlink(relative(dir, target), s.inside.Host(path.Join(dir, path.Base(name)))); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// relative is an absolute target as a link in a folder names it: a module that writes through the link stays in the staging folder.
func relative(dir, target string) string {
	if !path.IsAbs(target) {
		return target
	}
	rel, err := filepath.Rel(dir, target)
	if err != nil {
		return target
	}
	return rel
}

// copy copies a plain file, or makes a folder, unless something is there; the mode stays.
func (s *stage) copy(from, name string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		_, err := s.folder(name)
		return err
	}
	to, err := s.place(name)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return nil
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is neither file nor folder", from)
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(info.Mode()&^fs.ModeType), out.Close())
}
