package device

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// ErrLink is what the errors of Resolve wrap.
var ErrLink = errors.New("cannot be followed")

// maxLinks is the kernel's own bound on links in one path (MAXSYMLINKS, include/linux/namei.h).
const maxLinks = 40

// maxPath is PATH_MAX.
const maxPath = 4096

// Resolve follows the symbolic links of a path under /dev and returns the path of what they lead to. It
// never leaves /dev, takes at most 40 links, and does not ask whether the end exists. readlink returns the
// text of a link and an error for what is none, as os.Readlink does.
func Resolve(p string, readlink func(string) (string, error)) (string, error) {
	done, rest := "/", strings.TrimPrefix(p, "/")
	for links := 0; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		next := path.Join(done, part)
		if next != "/dev" && !strings.HasPrefix(next, "/dev/") {
			return "", fmt.Errorf("%s %w: it leads out of /dev, to %s", p, ErrLink, next)
		}
		target, err := readlink(next)
		if err != nil || next == done {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("%s %w: more than %d links, or a loop, at %s", p, ErrLink, maxLinks, next)
		}
		if strings.HasPrefix(target, "/") {
			done = "/"
		}
		rest = strings.TrimLeft(target, "/") + "/" + rest
		if len(rest) > maxPath {
			return "", fmt.Errorf("%s %w: the name becomes longer than %d bytes", p, ErrLink, maxPath)
		}
	}
	if done == "/" || done == "/dev" {
		return "", fmt.Errorf("%s %w: it leads to the directory %s", p, ErrLink, done)
	}
	return done, nil
}
