package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/preroot/preroot/"

// source is one file of the module without its tests.
type source struct {
	name string // from the root of the module: "pkg/boot/boot.go"
	dir  string // "pkg/boot"
	file *ast.File
	set  *token.FileSet
}

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.name, s.set.Position(n.Pos()).Line)
}

// imports lists the import paths of a file.
func (s source) imports() []string {
	var list []string
	for _, i := range s.file.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		list = append(list, p)
	}
	return list
}

// sources parses everything below the module's root that is no test.
func sources(t *testing.T) []source {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var list []source
	err = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		switch name := e.Name(); {
		case err != nil:
			return err
		case e.IsDir() && (name == "build" || name == "testdata" || name[0] == '.' && p != root):
			return filepath.SkipDir
		case e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, p, nil, parser.ParseComments|parser.SkipObjectResolution)
		rel, _ := filepath.Rel(root, p)
		rel = filepath.ToSlash(rel)
		list = append(list, source{rel, path.Dir(rel), f, set})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 50 {
		t.Fatalf("only %d files found: the test looks at the wrong folder", len(list))
	}
	return list
}

// hostOnly says whether a package never gets into /init.
func hostOnly(dir string) bool {
	return slices.Contains(hostPackages, dir) || dir == "test" || strings.HasPrefix(dir, "test/")
}

var hostPackages = []string{
	"pkg/image", "pkg/archive", "pkg/chain", "pkg/check", "pkg/dynlink", "pkg/dracutmod", "pkg/uki", "pkg/buildconf", "pkg/trial",
	"cmd/preroot", "cmd/trialinit", "internal/vm", "internal/linuxtest", "internal/arch",
}

// layers is section 3 of docs/architecture.md from the bottom up: a package imports those of lower layers only.
var layers = [][]string{
	{"internal/linux", "internal/klog", "internal/safe", "internal/crc", "internal/inflate", "pkg/timeline"},
	{"pkg/cmdline", "dracut/lib"},
	{"pkg/config", "pkg/crypttab", "pkg/device", "pkg/blkid", "pkg/kmod", "pkg/uevent", "pkg/vconsole", "pkg/buildconf", "pkg/unpack", "pkg/lvm", "pkg/luks", "pkg/dynlink"},
	{"pkg/initqueue", "pkg/initrd", "pkg/rootfs", "pkg/mount", "pkg/rescue", "pkg/switchroot", "pkg/hooks", "pkg/udevd", "pkg/stock", "pkg/storage"},
	{"pkg/nfsroot", "pkg/ramdisk", "pkg/activate", "pkg/unlock"}, // of helpers: not in /init
	{"pkg/archive", "pkg/chain", "pkg/dracutmod", "pkg/uki"},     // of the builder
	{"pkg/boot", "pkg/supervisor", "pkg/check", "pkg/image"},
	{"pkg/trial"},
	{"cmd/init", "cmd/preroot", "cmd/trialinit", "cmd/initrd", "cmd/nfsroot", "cmd/lvm", "cmd/unlock", "cmd/modules"},
	{"internal/vm", "internal/linuxtest"},
}

// sideways are the imports within a layer that are meant: the inventory holds the results of probes and takes events.
var sideways = []string{"pkg/device -> pkg/blkid", "pkg/device -> pkg/uevent"}

// layer is the number of a package's layer, -1 for one that is in none.
func layer(dir string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, dir) })
}

func TestArrowsPointDown(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasPrefix(s.dir, "test") || s.dir == "internal/arch" {
			continue
		}
		from := layer(s.dir)
		if from < 0 {
			t.Errorf("%s: package %s is in no layer: give it its place in docs/architecture.md and here", s.name, s.dir)
			continue
		}
		for _, p := range s.imports() {
			to, ours := strings.CutPrefix(p, module)
			if !ours || layer(to) >= 0 && layer(to) < from || slices.Contains(sideways, s.dir+" -> "+to) {
				continue
			}
			t.Errorf("%s imports %s, which is not below it", s.name, to)
		}
	}
}

// unixAllowed says where golang.org/x/sys/unix may be imported.
func unixAllowed(s source) bool {
	return s.dir == "internal/linux" || s.name == "pkg/uevent/netlink.go" || hostOnly(s.dir)
}

func TestSystemCallsHaveOnePlace(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains(s.imports(), "golang.org/x/sys/unix") && !unixAllowed(s) {
			t.Errorf("%s imports golang.org/x/sys/unix: system calls belong into internal/linux", s.name)
		}
	}
}

// TestInitUsesItsLibraries: the direct dependencies of /init are there for a reason, and serve it.
func TestInitUsesItsLibraries(t *testing.T) {
	for _, want := range []string{"golang.org/x/sys/unix", "github.com/u-root/u-root/pkg/mount", "github.com/pilebones/go-udev/netlink"} {
		used := slices.ContainsFunc(sources(t), func(s source) bool {
			return !hostOnly(s.dir) && slices.Contains(s.imports(), want)
		})
		if !used {
			t.Errorf("no code of /init imports %s", want)
		}
	}
}

// TestBuilderUsesItsProber: u-root's prober is the second reader of the order of modules, on the host; it has no business in an image.
func TestBuilderUsesItsProber(t *testing.T) {
	const kmodule = "github.com/u-root/u-root/pkg/kmodule"
	used := false
	for _, s := range sources(t) {
		if !slices.Contains(s.imports(), kmodule) {
			continue
		}
		used = true
		if !hostOnly(s.dir) {
			t.Errorf("%s imports %s: it has no aliases, and costs 700 kB", s.name, kmodule)
		}
	}
	if !used {
		t.Errorf("no code of the builder imports %s", kmodule)
	}
}

// beside are packages of helpers in an image, and the import paths below which their decoders lie: /init has none of it.
var beside = []string{module + "pkg/unpack", module + "pkg/ramdisk", module + "pkg/nfsroot", module + "pkg/luks", module + "pkg/lvm", module + "pkg/activate", module + "pkg/unlock", "golang.org/x/crypto", "github.com/klauspost/compress", "github.com/pierrec/lz4", "github.com/xi2/xz", "compress/bzip2"}

// TestHelpersAreNotInInit follows the imports of cmd/init through our own packages.
func TestHelpersAreNotInInit(t *testing.T) {
	all := sources(t)
	seen := map[string]bool{}
	todo := []string{"cmd/init"}
	for len(todo) > 0 {
		dir := todo[0]
		todo = todo[1:]
		for _, s := range all {
			if s.dir != dir {
				continue
			}
			for _, p := range s.imports() {
				if slices.ContainsFunc(beside, func(b string) bool { return p == b || strings.HasPrefix(p, b+"/") }) {
					t.Errorf("%s imports %s: that belongs into a helper, not into /init", s.name, p)
				}
				if to, ours := strings.CutPrefix(p, module); ours && !seen[to] {
					seen[to] = true
					todo = append(todo, to)
				}
			}
		}
	}
	if !seen["pkg/boot"] || !seen["pkg/blkid"] {
		t.Error("the imports of cmd/init were not followed")
	}
}

// heavy are packages of the standard library that cost a boot more than they give.
var heavy = []string{"regexp", "encoding/json", "log", "log/slog", "net", "net/http", "text/template", "html/template", "os/exec", "os/user"}

func TestInitIsLight(t *testing.T) {
	for _, s := range sources(t) {
		if s.dir == "pkg/luks" { // of the helper that unlocks, and what that is for
			continue
		}
		for _, p := range s.imports() {
			if !hostOnly(s.dir) && (slices.Contains(heavy, p) || strings.HasPrefix(p, "crypto/")) {
				t.Errorf("%s imports %s, which /init does without", s.name, p)
			}
		}
	}
}

func TestPackageComments(t *testing.T) {
	comment, example := map[string]bool{}, map[string]string{}
	for _, s := range sources(t) {
		comment[s.dir] = comment[s.dir] || s.file.Doc != nil
		example[s.dir] = s.name
	}
	for dir, has := range comment {
		if !has {
			t.Errorf("package %s has no package comment (%s)", dir, example[dir])
		}
	}
}

// TestGoroutinesStartInOnePlace: a panic in a goroutine started elsewhere would end the process.
func TestGoroutinesStartInOnePlace(t *testing.T) {
	for _, s := range sources(t) {
		if s.dir == "internal/safe" || hostOnly(s.dir) && !strings.HasPrefix(s.dir, "pkg/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s: a bare go statement; start it by internal/safe", s.at(g))
			}
			return true
		})
	}
}

// banned says of a call what is wrong with it in a package, "" when nothing is.
func banned(dir, call string) string {
	library := strings.HasPrefix(dir, "pkg/") || strings.HasPrefix(dir, "internal/") && !hostOnly(dir)
	switch {
	case library && call == "panic":
		return "a library returns an error"
	case library && (call == "os.Exit" || strings.HasPrefix(call, "log.Fatal") || strings.HasPrefix(call, "log.Panic")):
		return "a library never ends the process"
	case (library || dir == "cmd/init") && call == "time.Sleep":
		return "no sleep waits for a thing: wait for the thing"
	}
	return ""
}

func TestBannedCalls(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if why := banned(s.dir, callee(c)); why != "" {
				t.Errorf("%s: %s: %s", s.at(c), callee(c), why)
			}
			return true
		})
	}
}

// callee is the name of what is called: "panic", "os.Exit", "" for anything else.
func callee(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
	}
	return ""
}

// TestNoInitFunctions: what runs before main runs in PID 1 and in the engine, wanted or not.
func TestNoInitFunctions(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" && !hostOnly(s.dir) {
				t.Errorf("%s: an init function; do the work when it is wanted", s.at(f))
			}
		}
	}
}
