package main

import (
	"regexp"
	"strings"
)

// renumber names the devices of the device-mapper in all answers by their names: which number one gets is the order in which they were made. Numbers of disks that were counted since the start go.
func (a answers) renumber() answers {
	names := map[string]string{}
	for line := range strings.Lines(a["dm"]) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) > 5 {
			names[f[3]] = f[0]
		}
	}
	named := func(text string) string {
		if m := mapperNumber.FindStringSubmatch(text); m != nil && names[m[1]+m[2]] != "" {
			return "dm(" + names[m[1]+m[2]] + ")"
		}
		return text
	}
	list := answers{}
	for question, text := range a {
		text = mapperNumber.ReplaceAllStringFunc(text, named)
		list[question] = diskCount.ReplaceAllString(text, "${1}N")
	}
	return list
}

var (
	mapperNumber = regexp.MustCompile(`\bdm-(\d+)\b|\b253:(\d+)\b`)
	diskCount    = regexp.MustCompile(`(by-diskseq/|DISKSEQ=|^[^:]*loop)\d+`)
)
