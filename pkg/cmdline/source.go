package cmdline

import (
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"
)

// Limits of what Read takes. A kernel has at most 4 kB of command line; an image's own files get more than
// anybody writes by hand, and a stray file cannot fill the memory.
const (
	MaxFile  = 64 << 10 // bytes of one file
	MaxTotal = 1 << 20  // bytes of all files beside /proc/cmdline
	maxNotes = 16       // files that are named as ignored one by one
)

const (
	imageDir  = "etc/cmdline.d"
	imageFile = "etc/cmdline"
	procFile  = "proc/cmdline"
	runDir    = "run/initramfs/cmdline.d"
)

// AskFile holds the words that a person typed at rd.cmdline=ask.
const AskFile = "/" + imageDir + "/99-cmdline-ask.conf"

// kind is one of dracut's four kinds of source, in their order.
type kind int

const (
	kindImageDir kind = iota
	kindImage
	kindProc
	kindRun
)

// Source is the text of one file of kernel parameters.
type Source struct {
	Name string // absolute path
	Text string
}

func (s Source) kind() kind {
	switch {
	case strings.HasPrefix(s.Name, "/"+imageDir+"/"):
		return kindImageDir
	case s.Name == "/"+imageFile:
		return kindImage
	case strings.HasPrefix(s.Name, "/"+runDir+"/"):
		return kindRun
	}
	return kindProc
}

// Sources are the files of kernel parameters in the order in which they are joined: later wins.
type Sources []Source

// Params joins the sources.
func (s Sources) Params() Params { return Join(s...) }

// WithoutImage returns the sources without those that the image carries (/etc/cmdline, /etc/cmdline.d):
// what dracut's rd.hostonly=0 leaves. Words typed at rd.cmdline=ask stay.
func (s Sources) WithoutImage() Sources {
	var kept Sources
	for _, src := range s {
		if src.kind() >= kindProc || src.Name == AskFile {
			kept = append(kept, src)
		}
	}
	return kept
}

// Image returns the sources that the image carries, without what was typed at rd.cmdline=ask: nobody at the machine can change
// them.
func (s Sources) Image() Sources {
	var kept Sources
	for _, src := range s {
		if src.kind() < kindProc && src.Name != AskFile {
			kept = append(kept, src)
		}
	}
	return kept
}

// Ignored is a file that was not read, and why.
type Ignored struct {
	Name, Reason string
}

// String returns the line to log.
func (i Ignored) String() string { return i.Name + ": " + i.Reason + "; ignoring it" }

// Read reads the four sources of dracut (contract: getcmdline in dracut-lib.sh) below fsys, a file system
// rooted at "/": /etc/cmdline.d/*.conf in glob order, /etc/cmdline, /proc/cmdline, and
// /run/initramfs/cmdline.d/*.conf. A missing file is nothing; one that is no text, too large or unreadable
// is passed over and named. /proc/cmdline does not count towards MaxTotal, so nothing can push it out.
func Read(fsys fs.FS) (Sources, []Ignored) {
	r := reader{fsys: fsys, left: MaxTotal}
	r.dir(imageDir)
	r.file(imageFile)
	used := r.left
	r.left = MaxFile
	r.file(procFile)
	r.left = used
	r.dir(runDir)
	return r.sources, r.notes()
}

type reader struct {
	fsys    fs.FS
	left    int // bytes that may still be taken
	sources Sources
	ignored []Ignored
	more    int // ignored files beyond maxNotes
}

// dir reads DIR/*.conf; as in the shell, the star matches no name that begins with a dot.
func (r *reader) dir(name string) {
	entries, err := fs.ReadDir(r.fsys, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.ignore(name, reason(err))
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".conf") && e.Name()[0] != '.' {
			r.file(name + "/" + e.Name())
		}
	}
}

func (r *reader) file(name string) {
	// Stat comes first: to open a FIFO would wait for its writer.
	info, err := fs.Stat(r.fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		r.ignore(name, reason(err))
		return
	case !info.Mode().IsRegular():
		r.ignore(name, "it is no regular file")
		return
	}
	text, err := r.text(name)
	switch {
	case err != nil:
		r.ignore(name, reason(err))
	case len(text) > MaxFile:
		r.ignore(name, "it is larger than "+strconv.Itoa(MaxFile>>10)+" kB")
	case strings.IndexByte(text, 0) >= 0:
		r.ignore(name, "it holds a zero byte and is no text")
	case len(text) > r.left:
		r.ignore(name, "the files of kernel parameters together are larger than "+strconv.Itoa(MaxTotal>>10)+" kB")
	default:
		r.left -= len(text)
		r.sources = append(r.sources, Source{"/" + name, text})
	}
}

// text reads at most one byte more than MaxFile.
func (r *reader) text(name string) (string, error) {
	f, err := r.fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	return string(text), err
}

func (r *reader) ignore(name, why string) {
	if len(r.ignored) == maxNotes {
		r.more++
		return
	}
	r.ignored = append(r.ignored, Ignored{"/" + name, why})
}

func (r *reader) notes() []Ignored {
	if r.more > 0 {
		r.ignored = append(r.ignored, Ignored{strconv.Itoa(r.more) + " more files", "see above"})
	}
	return r.ignored
}

// reason is the bare cause of a file error: the name is said already.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
