package dracutmod

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Names that a configuration cannot set: what steers bash or the loader of programs, and what is ours. A key that a third-party module asks for is none of them.
var (
	identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	steering   = regexp.MustCompile(`^(PATH|IFS|ENV|HOME|PWD|OLDPWD|SHELL|SHELLOPTS|UID|EUID|PPID|GROUPS|PS[0-9]|LANG|LANGUAGE|TMPDIR|CDPATH|GLOBIGNORE|EXECIGNORE|FIGNORE|POSIXLY_CORRECT|PROMPT_COMMAND|DIRSTACK|FUNCNAME|FUNCNEST|OPTARG|OPTERR|OPTIND|REPLY|` +
		`RANDOM|SRANDOM|SECONDS|EPOCHSECONDS|EPOCHREALTIME|LINENO|HOSTNAME|HOSTTYPE|MACHTYPE|OSTYPE|PIPESTATUS|MAPFILE|COPROC|TIMEFORMAT|TMOUT|(BASH|LD_|LC_|COMP|HIST|READLINE_|GCONV_|MALLOC_|GLIBC_).*)$`)
	own = regexp.MustCompile(`^(__.*|_|DRACUT_.*|SYSTEMCTL|initdir|dstdir|squashdir|moddir|dracutbasedir|dracutsysrootdir|kernel|srcmods|drivers_dir|hookdirs|hostonly|hostonly_cmdline|dracutmodules|omit_dracutmodules|no_kernel|libdirs|` +
		`modules_loaded|mods_to_load|host_devs|user_devs|root_devs|swap_devs|fstab_lines|host_modalias|host_fs_types|persistent_devs)$`)
)

// configured gives the values of the configuration that modules may see. A folder of the system counts only if it is there (see folders).
func (b *builder) configured() map[string]string {
	conf := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(b.o.Conf)) {
		switch {
		case !identifier.MatchString(name), steering.MatchString(name), own.MatchString(name):
			b.warnings = append(b.warnings, fmt.Sprintf("%.60q of the configuration is not handed on to modules of dracut: the name steers the shell that runs them, or is the builder's own", name))
		case strings.ContainsRune(b.o.Conf[name], 0):
			b.warnings = append(b.warnings, name+" of the configuration is not handed on to modules of dracut: it holds a NUL")
		default:
			conf[name] = b.o.Conf[name]
		}
	}
	return conf
}

// pairs is names and values as a file holds them that our functions read.
func pairs(values map[string]string) (out []byte) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		out = append(out, record(name, values[name])...)
	}
	return out
}
