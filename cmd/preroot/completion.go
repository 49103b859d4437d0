package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// command is one of the program, for completion.
type command struct {
	name, text string
	options    []option
}

// commands are all of them. Those beside build read their options by package flag; the test of this file holds that these are the same.
func commands() []command {
	sw := func(text string, names ...string) option { return option{names: names, text: text} }
	arg := func(arg, text string, names ...string) option {
		return option{names: names, args: strings.Fields(arg), text: text}
	}
	return []command{
		{"build", "make an initramfs image", buildOptionTable()},
		{"append", "add what makes an image one of a machine", []option{
			arg("PART", "write the part to a file", "-o"), sw("replace PART", "-f"), arg("WORDS", "words for the kernel command line", "--kernel-cmdline"),
			arg("DIR", "hook scripts", "--hooks"), arg("SRC DST", "put a file at DST", "--include")}},
		{"chain", "show what root stands on", []option{
			arg("DIR", "of the system whose root is meant", "--sysroot"), arg("KVER", "kernel whose modules are shown", "--kver"), arg("DIR", "with its modules", "--modules-dir"),
			arg("WORDS", "of the kernel command line", "--cmdline"), sw("as preroot check --target takes it", "--describe")}},
		{"check", "say whether an image will find root", []option{
			arg("WORDS", "or a file that describe the machine", "--target"), arg("WORDS", "of the kernel command line", "--cmdline"), arg("DIR", "of the system that the image is for", "--sysroot"),
			arg("KVER", "kernel that the image is for", "--kver"), arg("DIR", "with its modules", "--modules-dir"), sw("show every link", "-v")}},
		{"boot", "try an image in QEMU", []option{
			arg("DESCRIPTION", "of the machine", "--target"), arg("WORDS", "of the kernel command line", "--cmdline"), arg("DIR", "of the system that the image is for", "--sysroot"),
			arg("KVER", "kernel", "--kver"), arg("SECONDS", "that the boot may take", "--timeout"), arg("WORDS", "more of them for QEMU", "--qemu-args"), arg("DIR", "where disks and console are left", "--keep"),
			arg("DIR", "with trialinit", "--helpers"), sw("show the whole console", "-v")}},
		{"ls", "list what is in an image", []option{sw("show the segments", "-s")}},
		{"cat", "write files of an image to standard output", nil},
		{"unpack", "write files of an image into a folder", []option{
			arg("DIR", "where to", "-C"), sw("even if DIR is not empty", "-f", "--force"), sw("make devices, too", "--devices"), sw("keep set-ID bits", "--setid")}},
		{"diff", "what two images do not have in common", nil},
		{"completion", "write the completion for a shell", nil},
		{"version", "the version", nil},
		{"help", "the commands", nil},
	}
}

// shells has the writers of completions.
func shells() map[string]func(io.Writer, []command) {
	return map[string]func(io.Writer, []command){"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}
}

// completion is "preroot completion SHELL".
func completion(args []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && shells()[args[0]] != nil {
		shells()[args[0]](stdout, commands())
		return 0
	}
	fmt.Fprintln(stderr, "usage: preroot completion bash|zsh|fish")
	return 2
}

// offered are the options that a completion offers: those with a meaning, in the spelling that people use.
func (c command) offered() []option {
	return slices.DeleteFunc(slices.Clone(c.options), func(o option) bool { return o.text == "" || o.why != "" })
}

// names of the options that are offered; with values: those that take some.
func (c command) names(values bool) string {
	var list []string
	for _, o := range c.offered() {
		if !values || len(o.args) > 0 {
			list = append(list, o.names...)
		}
	}
	return strings.Join(list, " ")
}

func bashCompletion(w io.Writer, list []command) {
	var names []string
	for _, c := range list {
		names = append(names, c.name)
	}
	fmt.Fprintf(w, `# Completion of preroot(8) for bash; written by "preroot completion bash".
_preroot() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} options= values= words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W '%s' -- "$cur")
    return
  fi
  case $command in
`, strings.Join(names, " "))
	for _, c := range list {
		if len(c.options) > 0 {
			fmt.Fprintf(w, "  %s)\n    options='%s'\n    values='%s' ;;\n", c.name, c.names(false), c.names(true))
		}
	}
	_, _ = io.WriteString(w, `  completion) words='bash zsh fish' ;;
  esac
  if [[ $prev = --kver || $command = build && $cur != -* && " $values " != *" $prev "* ]]; then
    words=$(cd /lib/modules 2>/dev/null && printf '%s ' *)
  elif [[ $cur = -* ]]; then
    words=$options
  fi
  # Without a match the shell offers files.
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o bashdefault -o default -F _preroot preroot
`)
}

func zshCompletion(w io.Writer, list []command) {
	quote := strings.NewReplacer("'", `'\''`, "[", `\[`, "]", `\]`, ":", `\:`)
	fmt.Fprint(w, "#compdef preroot\n# Completion of preroot(8) for zsh; written by \"preroot completion zsh\".\n\nlocal -a commands\ncommands=(\n")
	for _, c := range list {
		fmt.Fprintf(w, "  '%s:%s'\n", c.name, quote.Replace(c.text))
	}
	fmt.Fprint(w, ")\nif (( CURRENT == 2 )); then\n  _describe command commands\n  return\nfi\nlocal command=$words[2]\nshift words\n(( CURRENT-- ))\ncase $command in\n")
	for _, c := range list {
		if len(c.options) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s)\n  _arguments -s \\\n", c.name)
		for _, o := range c.offered() {
			for _, name := range o.names {
				fmt.Fprintf(w, "    '*%s[%s]%s' \\\n", name, quote.Replace(o.text), zshArgs(o.args))
			}
		}
		fmt.Fprint(w, "    '1:IMAGE:_files' '2:KVER or PATH:_path_files -W /lib/modules -/' '*:PATH:_files' ;;\n")
	}
	fmt.Fprint(w, "completion) _values shell bash zsh fish ;;\n*) _files ;;\nesac\n")
}

func zshArgs(args []string) (text string) {
	for _, a := range args {
		what := "_files"
		if a == "KVER" {
			what = "_path_files -W /lib/modules -/"
		}
		text += ":" + strings.ReplaceAll(a, ":", `\:`) + ":" + what
	}
	return text
}

func fishCompletion(w io.Writer, list []command) {
	quote := strings.NewReplacer(`\`, `\\`, "'", `\'`)
	fmt.Fprint(w, "# Completion of preroot(8) for fish; written by \"preroot completion fish\".\n")
	for _, c := range list {
		fmt.Fprintf(w, "complete -c preroot -n __fish_use_subcommand -f -a %s -d '%s'\n", c.name, quote.Replace(c.text))
		for _, o := range c.offered() {
			fmt.Fprintf(w, "complete -c preroot -n '__fish_seen_subcommand_from %s'", c.name)
			for _, name := range o.names {
				if strings.HasPrefix(name, "--") {
					fmt.Fprintf(w, " -l %s", name[2:])
				} else {
					fmt.Fprintf(w, " -s %s", name[1:])
				}
			}
			if len(o.args) > 0 {
				fmt.Fprint(w, " -r")
			}
			if slices.Contains(o.args, "KVER") {
				fmt.Fprint(w, " -f -a '(path basename /lib/modules/*)'")
			}
			fmt.Fprintf(w, " -d '%s'\n", quote.Replace(o.text))
		}
	}
	fmt.Fprint(w, "complete -c preroot -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n")
}
