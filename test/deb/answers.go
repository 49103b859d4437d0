package main

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// readAnswers reads the tar archive that collect.sh has written to the disk of answers.
func readAnswers(disk string) (answers, error) {
	f, err := os.Open(disk)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a := answers{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		a[filepath.Base(h.Name)] = string(text)
	}
	if _, whole := a["whole"]; !whole {
		return nil, errors.New("the answers are not whole")
	}
	return a, nil
}
