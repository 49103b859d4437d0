package rescue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
)

// about names the file of an error as the person did, and not the operation.
func about(p string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("%s: %w", p, err)
}

func (c *call) cd(args []string) error {
	if len(args) > 1 {
		return errUsage
	}
	dir := "/"
	if len(args) == 1 {
		dir = absolute(c.dir, args[0])
	}
	info, err := fs.Stat(c.sys.Files, rel(dir))
	if err != nil {
		return about(dir, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory", dir)
	}
	c.dir = dir
	return nil
}

func (c *call) mkdir(args []string) error {
	if len(args) == 0 || c.sys.Mkdir == nil {
		return errUsage
	}
	for _, a := range args {
		if err := c.sys.Mkdir(absolute(c.dir, a)); err != nil {
			return about(absolute(c.dir, a), err)
		}
	}
	return nil
}

// ls lists each path; -l with mode, size and where links lead, -a with the names that begin with a dot.
func (c *call) ls(args []string) error {
	var l listing
	var paths []string
	for _, a := range args {
		switch a {
		case "-l":
			l.long = true
		case "-a":
			l.all = true
		case "-la", "-al":
			l.long, l.all = true, true
		default:
			if strings.HasPrefix(a, "-") {
				return errUsage
			}
			paths = append(paths, absolute(c.dir, a))
		}
	}
	if len(paths) == 0 {
		paths = []string{c.dir}
	}
	var failed []error
	for _, p := range paths {
		err := c.list(l, p, len(paths) > 1)
		if errors.Is(err, errStopped) || errors.Is(err, errQuit) {
			return err
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

type listing struct{ long, all bool }

func (c *call) list(l listing, p string, titled bool) error {
	info, err := fs.Stat(c.sys.Files, rel(p))
	if err != nil { // a link that leads nowhere is one all the same
		if info, err = fs.Lstat(c.sys.Files, rel(p)); err != nil {
			return about(p, err)
		}
	}
	if !info.IsDir() {
		return c.listOne(l, p, p)
	}
	if titled {
		if err := c.print(p + ":"); err != nil {
			return err
		}
	}
	entries, err := fs.ReadDir(c.sys.Files, rel(p))
	if err != nil {
		return about(p, err)
	}
	for _, e := range entries {
		if e.Name()[0] == '.' && !l.all {
			continue
		}
		if err := c.listOne(l, absolute(p, e.Name()), e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) listOne(l listing, p, name string) error {
	info, err := fs.Lstat(c.sys.Files, rel(p))
	switch {
	case err != nil:
		return c.print(name + ": " + err.Error())
	case !l.long && info.IsDir():
		return c.print(name + "/")
	case !l.long:
		return c.print(name)
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		to, _ := fs.ReadLink(c.sys.Files, rel(p))
		target = " -> " + to
	}
	return c.printf("%s %10s %s  %s%s", info.Mode(), sizeOrNumber(info), info.ModTime().UTC().Format("2006-01-02 15:04"), name, target)
}

// sizeOrNumber is the size of a file in bytes, and the number of a device.
func sizeOrNumber(info fs.FileInfo) string {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && info.Mode()&fs.ModeDevice != 0 {
		// The encoding of glibc and musl: <sys/sysmacros.h>.
		major := st.Rdev >> 8 & 0xfff
		minor := st.Rdev&0xff | st.Rdev>>12&^0xff
		return fmt.Sprintf("%d, %d", major, minor)
	}
	return fmt.Sprint(info.Size())
}

func (c *call) cat(args []string) error {
	if len(args) == 0 || c.sys.Open == nil {
		return errUsage
	}
	for _, a := range args {
		if err := c.show(absolute(c.dir, a)); err != nil {
			return err
		}
	}
	return nil
}

// show shows a file. It never waits for one that has nothing to say: Ctrl-C ends a read.
func (c *call) show(p string) error {
	f, err := c.sys.Open(p)
	if err != nil {
		return about(p, err)
	}
	defer f.Close()
	ended := make(chan struct{})
	defer close(ended)
	c.beside(func() {
		select {
		case <-c.stop:
			f.Close()
		case <-ended:
		}
	})
	w := lineWriter{c: c}
	buf := make([]byte, 4096)
	for {
		n, err := f.Read(buf)
		if _, werr := w.Write(buf[:n]); werr != nil {
			return werr
		}
		switch {
		case c.interrupted():
			return errStopped
		case err == io.EOF:
			return w.flush()
		case err != nil:
			return errors.Join(w.flush(), about(p, err))
		}
	}
}

// maxShownLine is where a line without end is broken, in bytes.
const maxShownLine = 1024

// lineWriter shows what is written to it line by line.
type lineWriter struct {
	c    *call
	line []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			i = len(p)
		}
		take := min(i, maxShownLine-len(w.line))
		w.line = append(w.line, p[:take]...)
		p = p[take:]
		switch {
		case len(p) > 0 && p[0] == '\n':
			p = p[1:]
		case len(w.line) < maxShownLine:
			return n, nil
		}
		if err := w.emit(); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (w *lineWriter) emit() error {
	line := string(bytes.TrimSuffix(w.line, []byte("\r")))
	w.line = w.line[:0]
	return w.c.print(line)
}

func (w *lineWriter) flush() error {
	if len(w.line) == 0 {
		return nil
	}
	return w.emit()
}
