package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// target is one fuzz function.
type target struct {
	pkg  string // its folder, "pkg/kmod"
	name string // "FuzzMatch"
}

// id is how a target is called: no two packages of the tree have the same last name.
func (t target) id() string { return path.Base(t.pkg) + "." + t.name }

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(`)

// findTargets lists the fuzz functions below root, which is the top of the tree.
func findTargets(root string) ([]target, error) {
	var all []target
	for _, top := range []string{"pkg", "internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(file string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(file, "_test.go") {
				return err
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			pkg, err := filepath.Rel(root, filepath.Dir(file))
			for _, m := range fuzzFunc.FindAllSubmatch(text, -1) {
				all = append(all, target{filepath.ToSlash(pkg), string(m[1])})
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b target) int { return strings.Compare(a.pkg+" "+a.name, b.pkg+" "+b.name) })
	return all, nil
}

// wanted picks the targets that one of the patterns names, all without a pattern.
func wanted(all []target, patterns []string) ([]target, error) {
	if len(patterns) == 0 {
		return all, nil
	}
	some := map[target]bool{}
	for _, p := range patterns {
		before := len(some)
		for _, t := range all {
			if ok, err := path.Match(p, t.id()); err != nil {
				return nil, fmt.Errorf("%q: %w", p, err)
			} else if ok {
				some[t] = true
			}
		}
		if len(some) == before {
			return nil, fmt.Errorf("%q is no target; they are called like kmod.FuzzMatch", p)
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(t target) bool { return !some[t] }), nil
}
