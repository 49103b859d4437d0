package kmod

import (
	"fmt"
	"io/fs"
	"strings"
)

// Policy is what the files of modprobe.d(5) and the command line say about modules. Module names in it are
// written with '_'. The zero value has no wishes.
type Policy struct {
	// Blacklist holds modules that no alias loads; their own name still does.
	Blacklist map[string]bool
	// Forbidden holds module_blacklist= of the command line: the kernel refuses these, so they are not tried.
	Forbidden map[string]bool
	// Options holds the parameters of a module, or of an alias, as one text.
	Options map[string]string
	// Aliases come before those of the indexes.
	Aliases []Alias
	// Softdeps come before those of modules.softdep.
	Softdeps []Softdep
	// Install holds the command of an install line. Commands are never run. One that would load the module
	// itself (it calls modprobe or insmod) is ignored; any other one, /bin/false above all, forbids the module.
	Install map[string]string
}

// Alias is one alias line: words that match Pattern mean Module. The module "off" means none.
type Alias struct{ Pattern, Module string }

// ReadPolicy reads the *.conf files of modprobe.d(5) in fsys, which is rooted at "/". The Policy is usable whatever
// the errors: each names a file and a line that was passed over, or a command that is not run.
func ReadPolicy(fsys fs.FS) (Policy, []error) {
	p := Policy{}
	files, errs := confFiles(fsys, []string{"etc/modprobe.d", "run/modprobe.d",
		"usr/local/lib/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d"})
	for _, file := range files {
		text, err := readConf(fsys, file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, p.parse(file, text)...)
	}
	return p, errs
}

// AddCommandLine adds what the command line says: modules that aliases must not load (rd.driver.blacklist=,
// modprobe.blacklist=), modules that the kernel refuses (module_blacklist=), and the parameters of modules
// (module.param=value) as one text for each.
func (p *Policy) AddCommandLine(blacklist, forbidden []string, params map[string]string) {
	for _, name := range blacklist {
		put(&p.Blacklist, canonical(name), true)
	}
	for _, name := range forbidden {
		put(&p.Forbidden, canonical(name), true)
	}
	for name, text := range params {
		p.addOptions(canonical(name), text)
	}
}

func put[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}

// addOptions appends: of a parameter that is given twice the kernel takes the last one.
func (p *Policy) addOptions(name, text string) {
	if old := p.Options[name]; old != "" {
		text = old + " " + text
	}
	put(&p.Options, name, text)
}

// parse adds the lines of one file. A backslash at the end of a line joins the next one.
func (p *Policy) parse(file, text string) []error {
	var errs []error
	number, whole := 0, ""
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if rest, ok := strings.CutSuffix(line, `\`); ok {
			whole += rest
			continue
		}
		if err := p.line(whole + line); err != nil {
			errs = append(errs, fmt.Errorf("%s line %d: %w", file, number, err))
		}
		whole = ""
	}
	if err := p.line(whole); err != nil {
		errs = append(errs, fmt.Errorf("%s line %d: %w", file, number, err))
	}
	return errs
}

// line adds one command.
func (p *Policy) line(line string) error {
	words := strings.Fields(line)
	if len(words) == 0 || words[0][0] == '#' {
		return nil
	}
	switch {
	case words[0] == "alias" && len(words) >= 3:
		p.Aliases = append(p.Aliases, Alias{normalAlias(words[1]), canonical(words[2])})
	case words[0] == "blacklist" && len(words) >= 2:
		put(&p.Blacklist, canonical(words[1]), true)
	case words[0] == "options" && len(words) >= 3:
		p.addOptions(canonical(words[1]), strings.Join(words[2:], " "))
	case words[0] == "softdep" && len(words) >= 3:
		s, _ := parseSoftdep(words[1:])
		p.Softdeps = append(p.Softdeps, s)
	case words[0] == "weakdep" && len(words) >= 3: // for builders of images
	case words[0] == "install" && len(words) >= 3:
		return p.install(canonical(words[1]), strings.Join(words[2:], " "))
	case words[0] == "remove" && len(words) >= 3:
		return fmt.Errorf("the command for removing %s is never run", words[1])
	default:
		return fmt.Errorf("%q is no line of modprobe.d(5); write alias, blacklist, options or softdep", line)
	}
	return nil
}

// install notes the command in place of a module, and names it unless it only forbids the module.
func (p *Policy) install(name, command string) error {
	put(&p.Install, name, command)
	if _, barred := p.Barred(name); !barred {
		return fmt.Errorf("the install command of %s is not run, the module is loaded plainly: %s", name, command)
	}
	switch strings.Fields(command)[0] {
	case "/bin/true", "/usr/bin/true", "true", ":", "/bin/false", "/usr/bin/false", "false":
		return nil
	}
	return fmt.Errorf("the install command of %s is not run, and the module is not loaded: %s", name, command)
}

// Barred says whether a module must not be loaded even by its name, and why.
func (p *Policy) Barred(name string) (why string, barred bool) {
	name = canonical(name)
	if p.Forbidden[name] {
		return "by module_blacklist= on the command line", true
	}
	command, ok := p.Install[name]
	if !ok || strings.Contains(command, "modprobe") || strings.Contains(command, "insmod") {
		return "", false
	}
	return "by an install line of modprobe.d: " + command, true
}

// alias returns the modules that the alias lines give for a word; found is true for "off", too.
func (p *Policy) alias(word string) (names []string, found bool) {
	if len(p.Aliases) == 0 {
		return nil, false
	}
	key := normalAlias(word)
	for _, a := range p.Aliases {
		if !match(a.Pattern, key) {
			continue
		}
		found = true
		if a.Module != "off" && a.Module != "null" {
			names = append(names, a.Module)
		}
	}
	return names, found
}

// params returns the parameters of a module; alias is the word that asked for it, or "".
func (p *Policy) params(name, alias string) string {
	text := p.Options[name]
	if alias = canonical(alias); alias != name && p.Options[alias] != "" {
		text = strings.TrimSpace(text + " " + p.Options[alias])
	}
	return text
}
