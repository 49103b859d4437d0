package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/preroot/preroot/pkg/buildconf"
)

// option is one option of a command: from tables of them the command line is read and the usage written; completion and man
// page can be made of them, too.
type option struct {
	names []string // with their dashes, the one that people use first
	args  []string // names of what it takes; none for a switch
	text  string   // what it does; "" for another tool's spelling that the usage leaves out
	why   string   // why it has no meaning here; "" for one that has
	loose bool     // takes =VALUE or nothing, and passes over it

	set func(r *request, v []string) error // v has a value for each of args
}

// use is an option as it stands on a command line.
type use struct {
	option *option
	name   string // by which it was called
	values []string
}

// parse reads a command line as getopt_long(3) does: options before, between and after the other words; --NAME VALUE and
// --NAME=VALUE, -xVALUE, -xyz; behind -- there are words only.
func parse(table []option, args []string) (uses []use, words []string, err error) {
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch {
		case a == "--":
			return uses, append(words, args...), nil
		case a == "-" || !strings.HasPrefix(a, "-"):
			words = append(words, a)
		case strings.HasPrefix(a, "--"):
			name, value, has := strings.Cut(a, "=")
			o, err := find(table, name)
			if err != nil {
				return nil, nil, err
			}
			u := use{option: o, name: name}
			switch {
			case has && o.loose:
			case has && len(o.args) == 0:
				return nil, nil, fmt.Errorf("%s takes no value", name)
			case has:
				u.values = append(u.values, value)
			}
			if args, err = u.take(args); err != nil {
				return nil, nil, err
			}
			uses = append(uses, u)
		default:
			var more []use
			if more, args, err = cluster(table, a, args); err != nil {
				return nil, nil, err
			}
			uses = append(uses, more...)
		}
	}
	return uses, words, nil
}

// cluster reads -xyz.
func cluster(table []option, word string, args []string) (uses []use, rest []string, err error) {
	for letters := word[1:]; letters != ""; {
		name := "-" + letters[:1]
		letters = letters[1:]
		o, err := find(table, name)
		if err != nil {
			return nil, nil, fmt.Errorf("%w (in %s)", err, word)
		}
		u := use{option: o, name: name}
		if len(o.args) > 0 && letters != "" {
			u.values, letters = []string{letters}, ""
		}
		if args, err = u.take(args); err != nil {
			return nil, nil, err
		}
		uses = append(uses, u)
	}
	return uses, args, nil
}

// take gives the option the values that it lacks.
func (u *use) take(args []string) (rest []string, err error) {
	n := len(u.option.args) - len(u.values)
	if n > len(args) {
		return nil, fmt.Errorf("%s: a value is missing: %s", u.name, strings.Join(append([]string{u.name}, u.option.args...), " "))
	}
	u.values = append(u.values, args[:max(n, 0)]...)
	return args[max(n, 0):], nil
}

// find looks an option up; an unknown one is an error that names the nearest.
func find(table []option, name string) (*option, error) {
	var all []string
	for i := range table {
		if slices.Contains(table[i].names, name) {
			return &table[i], nil
		}
		all = append(all, table[i].names...)
	}
	text := "no option " + name
	if near := buildconf.Nearest(name, all); near != "" && len(name) > 2 {
		text += ": " + near + " is meant?"
	}
	return nil, errors.New(text)
}

// apply does what the options say, in their order. Those without meaning are named, in one line for each reason.
func apply(r *request, uses []use) error {
	var reasons []string
	names := map[string][]string{}
	for _, u := range uses {
		if why := u.option.why; why != "" {
			if !slices.Contains(reasons, why) {
				reasons = append(reasons, why)
			}
			names[why] = append(names[why], strings.Join(append([]string{u.name}, u.values...), " "))
			continue
		}
		if err := u.option.set(r, u.values); err != nil {
			return fmt.Errorf("%s: %w", u.name, err)
		}
	}
	for _, why := range reasons {
		r.warnings = append(r.warnings, buildconf.Idle(names[why], why))
	}
	return nil
}

// printOptions writes the table for people: first what has a meaning, then the names of the rest.
func printOptions(w io.Writer, table []option) {
	var idle []string
	for _, o := range table {
		head := "  " + strings.Join(append([]string{strings.Join(o.names, ", ")}, o.args...), " ")
		switch {
		case o.why != "":
			idle = append(idle, o.names...)
		case o.text == "":
		case len(head) > 33:
			fmt.Fprintf(w, "%s\n%35s%s\n", head, "", o.text)
		default:
			fmt.Fprintf(w, "%-35s%s\n", head, o.text)
		}
	}
	fmt.Fprintf(w, "\nOptions of dracut that are taken and have no meaning here:\n")
	line := " "
	for _, name := range idle {
		if len(line)+len(name) > 110 {
			fmt.Fprintln(w, line)
			line = " "
		}
		line += " " + name
	}
	fmt.Fprintln(w, line)
}
