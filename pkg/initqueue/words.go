package initqueue

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/preroot/preroot/internal/linux"
)

// words answers what dracut's initqueue asks its shell: what a command is (command -v) and how a text is printed (echo). Both depend on the shell of
// the image. Nearly always the answer is the same in all of them and no shell is started: a command with a path that can be executed, a
// builtin that every shell has, a program in PATH whose name is no builtin of dash or bash and no function of dracut's library; a text without
// a backslash that does not begin with a minus sign. In doubt the shell of the image itself is asked. Words reach it as arguments, never as
// text.
type words struct {
	shell   string   // what /bin/sh is: "dash", "bash", ...
	library []string // the files of dracut's library
	path    []string
	// run runs a script with arguments in the image's shell and gives what it prints.
	run func(script string, args ...string) (string, bool)
}

// searched is the PATH of dracut's initqueue.
const searched = "/usr/sbin:/usr/bin:/sbin:/bin"

// imageWords are the words of the image that this process runs in.
func imageWords() words {
	target, _ := filepath.EvalSymlinks("/bin/sh")
	return words{
		shell:   path.Base(target),
		library: []string{"/lib/dracut-lib.sh", "/lib/dracut-dev-lib.sh"},
		path:    strings.Split(searched, ":"),
		run:     runShell,
	}
}

func runShell(script string, args ...string) (string, bool) {
	status, out, err := linux.Programs{}.Run("/bin/sh", append([]string{"-c", "exec 2>/dev/null\n" + script, "sh"}, args...)...)
	return out, err == nil && status == 0
}

// everyShells are builtins and keywords of dash, bash and busybox alike.
var everyShells = strings.Fields(`: . [ ! { break case cd command continue do done echo elif else esac eval exec exit export false fi for getopts
	hash if kill local printf pwd read readonly return set shift test then times trap true type ulimit umask unalias unset until wait while`)

// someShells are those of dash or bash alone.
var someShells = strings.Fields(`} [[ ]] in alias bg bind builtin caller chdir compgen complete compopt coproc declare dirs disown enable fc fg function
	help history jobs let logout mapfile popd pushd readarray select shopt source suspend time typeset`)

// find is what the job's text begins with for this command, "" for none.
func (w words) find(command string) string {
	switch {
	case linux.Executable(command):
		return command
	case command == "" || command[0] == '-':
		return ""
	case strings.Contains(command, "/"):
		// Some shells find a file that cannot be executed.
		if _, err := os.Stat(command); err != nil {
			return ""
		}
		return w.ask(command)
	case slices.Contains(everyShells, command) && !w.inLibrary(command):
		return command
	}
	if p := w.inPath(command); p != "" {
		return p
	}
	return w.ask(command)
}

// inPath is the path of a program if it is sure that the shell would find that and nothing else.
func (w words) inPath(command string) string {
	known := w.shell == "dash" || w.shell == "bash"
	if !known || slices.Contains(someShells, command) || w.inLibrary(command) {
		return ""
	}
	for _, dir := range w.path {
		p := dir + "/" + command
		if info, err := os.Stat(p); err == nil {
			if info.Mode().IsRegular() && linux.Executable(p) {
				return p
			}
			return ""
		}
	}
	return ""
}

// inLibrary says whether the library may define a function of that name: it is followed by a bracket somewhere.
func (w words) inLibrary(name string) bool {
	for _, file := range w.library {
		text, _ := os.ReadFile(file)
		for rest := string(text); ; {
			_, after, found := strings.Cut(rest, name)
			if !found {
				break
			}
			if strings.HasPrefix(strings.TrimLeft(after, " \t"), "(") {
				return true
			}
			rest = after
		}
	}
	return false
}

// ask lets the image's shell find a command, with dracut's library if there is one.
func (w words) ask(command string) string {
	found, _ := w.run(`PATH=`+searched+`
if ! command -v getarg >/dev/null && [ -r /lib/dracut-lib.sh ]; then . /lib/dracut-lib.sh >/dev/null; fi
command -v "$1"`, command)
	return strings.TrimRight(found, "\n")
}

// echo is the text that the shell's echo prints.
func (w words) echo(list ...string) string {
	plain := strings.Join(list, " ") + "\n"
	if !strings.Contains(plain, `\`) && !strings.HasPrefix(plain, "-") {
		return plain
	}
	if text, ok := w.run(`echo "$@"`, list...); ok {
		return text
	}
	return plain
}
