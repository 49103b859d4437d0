package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/pkg/check"
)

// readList reads the breakages of an image from a file.
func readList(file, name string) (list []breakage) {
	text, err := os.ReadFile(file)
	if err != nil {
		fmt.Println(err)
	}
	for line := range strings.Lines(string(text)) {
		w := strings.Fields(line)
		if len(w) == 3 && w[0] == name {
			list = append(list, breakage{name, w[1], map[string]string{"removed": removed, "half": halved, "empty": emptied}[w[2]], "training"})
		}
	}
	return list
}

// writeOut writes broken images into a folder.
func writeOut(dir string, i *image, list []breakage) error {
	for _, b := range list {
		data, err := write(i.all, b)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, i.name+"="+b.slug()+".img"), data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// judgeKnown compares check with all boots of an image that are known, and prints where they differ; of listed breakages it
// prints what check says.
func (r *rig) judgeKnown(i *image, listed []breakage) error {
	for _, b := range listed {
		rep, err := judge(i, b)
		if err != nil {
			return err
		}
		fmt.Printf("%-5v %s: %s\n", rep.Verdict == check.Boots, b, why(rep))
	}
	if len(listed) > 0 {
		return nil
	}
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(r.resultFile(i, breakage{})), "*.json"))
	good := 0
	for _, f := range files {
		var res result
		if text, err := os.ReadFile(f); err != nil || json.Unmarshal(text, &res) != nil {
			continue
		}
		rep, err := judge(i, res.breakage)
		switch {
		case err != nil:
			return err
		case (rep.Verdict == check.Boots) != res.Booted:
			fmt.Printf("%s: booted %v, check says: %v: %s\n", res.breakage, res.Booted, rep.Verdict, why(rep))
		default:
			good++
		}
	}
	fmt.Printf("%s: check is right about %d of %d boots\n", i.name, good, len(files))
	return nil
}
