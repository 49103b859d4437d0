// Command breakages breaks one file of a good image, boots it, and compares how that ended with what "preroot check" says of it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/preroot/preroot/internal/vm"
	"github.com/preroot/preroot/pkg/check"
)

type options struct {
	seed     uint64
	n        int
	parallel int
	train    bool
	images   string
	list     string
	judge    bool
}

func main() {
	var o options
	flag.Uint64Var(&o.seed, "seed", 20261127, "seed of the draw")
	flag.IntVar(&o.n, "n", 17, "breakages of each image")
	flag.IntVar(&o.parallel, "j", 2, "machines at once")
	flag.BoolVar(&o.train, "train", false, "remove each opened file once, instead of a draw")
	flag.StringVar(&o.images, "images", "*", "a pattern of path.Match")
	flag.StringVar(&o.list, "list", "", "a file of breakages to boot, one on a line: IMAGE PATH removed|half|empty")
	flag.BoolVar(&o.judge, "judge", false, "ask check again about all boots that are known, and boot nothing")
	flag.Parse()
	if err := work(o); err != nil {
		fmt.Fprintln(os.Stderr, "breakages:", err)
		os.Exit(1)
	}
}

func work(o options) error {
	dir, err := os.MkdirTemp("/var/tmp", "preroot-breakages-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r := &rig{dir: "build/breakages", shop: &vm.Workshop{Dir: dir, Log: os.Stdout}}
	type job struct {
		i *image
		b breakage
	}
	jobs := make(chan job)
	var wait sync.WaitGroup
	for range o.parallel {
		wait.Go(func() {
			for j := range jobs {
				res, err := r.boot(j.i, j.b)
				if err != nil {
					fmt.Println(j.b, "ERROR", err)
					continue
				}
				fmt.Printf("%-5v %5.1f s %s\n", res.Booted, res.Seconds, j.b)
			}
		})
	}
	for _, g := range goods {
		if ok, _ := path.Match(o.images, g.name); !ok && !strings.Contains(o.images, g.name) {
			continue
		}
		if o.list != "" && len(listed(o.list, g.name)) == 0 {
			continue
		}
		i, err := r.open(g)
		if err != nil {
			fmt.Println(g.name, err)
			continue
		}
		if o.judge {
			r.judgeKnown(i)
			continue
		}
		var opened []string
		if o.list == "" {
			if opened, err = r.opened(i); err != nil {
				fmt.Println(g.name, err)
				continue
			}
		}
		if o.list != "" {
			for _, b := range listed(o.list, g.name) {
				jobs <- job{i, b}
			}
			continue
		}
		jobs <- job{i, breakage{Image: g.name}}
		if o.train {
			for _, f := range opened {
				jobs <- job{i, breakage{g.name, f, removed, "training"}}
			}
			continue
		}
		for _, b := range draw(g, i.all, opened, o.seed, o.n) {
			jobs <- job{i, b}
		}
	}
	close(jobs)
	wait.Wait()
	return nil
}

// listed reads the breakages of an image from a file.
func listed(file, name string) (list []breakage) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		w := strings.Fields(line)
		if len(w) == 3 && w[0] == name {
			list = append(list, breakage{name, w[1], map[string]string{"removed": removed, "half": halved, "empty": emptied}[w[2]], "training"})
		}
	}
	return list
}

// judgeKnown compares check with all boots of an image that are known, and prints where they differ.
func (r *rig) judgeKnown(i *image) {
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(r.resultFile(i, breakage{})), "*.json"))
	good := 0
	list := []result{{breakage: breakage{Image: i.name}, Booted: true}}
	for _, f := range files {
		var res result
		if text, err := os.ReadFile(f); err == nil && json.Unmarshal(text, &res) == nil {
			list = append(list, res)
		}
	}
	for _, res := range list {
		rep, err := judge(i, res.breakage)
		switch {
		case err != nil:
			fmt.Println(res.breakage, err)
		case (rep.Verdict == check.Boots) != res.Booted:
			fmt.Printf("%s: booted %v, check says %v: %s\n", res.breakage, res.Booted, rep.Verdict, why(rep))
		default:
			good++
		}
	}
	fmt.Printf("%s: %d of %d agree\n", i.name, good, len(list))
}
