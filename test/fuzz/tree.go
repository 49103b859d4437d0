package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// tree is a private copy of the source tree: what a target writes and what is seeded stays in it.
type tree struct{ dir string }

// copyTree copies what git knows of the tree at from, changes and new files included.
func copyTree(from, to string) (tree, error) {
	if err := os.RemoveAll(to); err != nil {
		return tree{}, err
	}
	list, err := output(from, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return tree{}, err
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		err := copyFile(filepath.Join(from, name), filepath.Join(to, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // deleted, and git does not know it yet
			return tree{}, err
		}
	}
	return tree{to}, nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// output runs a command in dir and returns what it prints; the error has what it complains of.
func output(dir, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, args[0], err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out, nil
}

// source is what go list says of a package.
type source struct {
	Dir                                                                    string
	GoFiles, TestGoFiles, XTestGoFiles, EmbedFiles, TestEmbedFiles, SFiles []string
	Module                                                                 *struct{ Main bool }
}

// key is made of the target, its options, its defect, and all sources of the tree that its test is built from.
func (t tree) key(tg target, options string, d defect) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %s %q\n", tg.id(), runtime.Version(), options, d)
	sources, err := t.sources(tg.pkg)
	if err != nil {
		return "", err
	}
	for _, name := range append(sources, "go.mod", "go.sum") {
		if err := hashFile(h, t.dir, name); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

func hashFile(h hash.Hash, dir, name string) error {
	data, err := os.ReadFile(filepath.Join(dir, name))
	fmt.Fprintf(h, "%s %d\n", name, len(data))
	h.Write(data)
	return err
}

// sources lists the tree's own files that the test of a package is built from, seen from the top.
func (t tree) sources(pkg string) ([]string, error) {
	out, err := output(t.dir, "go", "list", "-deps", "-test", "-json=Dir,GoFiles,TestGoFiles,XTestGoFiles,EmbedFiles,TestEmbedFiles,SFiles,Module", "./"+pkg)
	if err != nil {
		return nil, err
	}
	var all []string
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var s source
		if err := d.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if s.Module == nil || !s.Module.Main {
			continue
		}
		for _, name := range slices.Concat(s.GoFiles, s.TestGoFiles, s.XTestGoFiles, s.EmbedFiles, s.TestEmbedFiles, s.SFiles) {
			// The main function of a test is made by go in its cache.
			if rel, err := filepath.Rel(t.dir, filepath.Join(s.Dir, name)); err == nil && filepath.IsLocal(rel) && !filepath.IsAbs(name) {
				all = append(all, rel)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
