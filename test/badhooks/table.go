package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/preroot/preroot/test/trials"
)

// tableText is docs/bad-hooks.md.
func tableText(cells []cell, results []trials.Result) string {
	byName := map[string]trials.Result{}
	for _, r := range results {
		byName[r.Set] = r
	}
	var b strings.Builder
	b.WriteString("# Hooks of bad character\n\nWritten by `make hooks-bad` (test/badhooks): each hook in images of our builder, in each of the stages " + strings.Join(stages, ", ") +
		", with dash and with busybox as the shell; and in a boot whose root does not come, in " + strings.Join(failingStages, ", ") + ". A boot is *right* when it ended as it must (a failing one by the emergency action), a good hook after the bad one ran in every stage with the variables of the first, the log named " +
		"the bad one, and neither the kernel nor /init crashed. Hooks that disturb the whole boot have a boot for each stage. *Tested* is what the programs were, the first digits of a SHA-256.\n\n| fault and hook | text | boots | right | ends | tested |\n|---|---|---|---|---|---|\n")
	for _, bad := range badHooks {
		boots, right, ends, keys := 0, 0, map[string]int{}, map[string]bool{}
		for _, c := range cells {
			r, there := byName[c.name()]
			if c.bad.name != bad.name || !there {
				continue
			}
			boots++
			ends[r.End]++
			keys[r.Key] = true
			if r.Bad == "" {
				right++
			}
		}
		text := strings.NewReplacer("\n", "; ", "|", "\\|", "\x7f", "\\x7f", "`", "'").Replace(strings.TrimSpace(bad.text))
		fmt.Fprintf(&b, "| %s | `%s` | %d | %d | %s | %s |\n", bad.name, text, boots, right, counts(ends), strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
	}
	return b.String()
}

func counts(ends map[string]int) string {
	var list []string
	for _, word := range []string{"BOOTED", "REBOOTED", "POWERED OFF", "HELD", "nothing", "no image"} {
		if ends[word] > 0 {
			list = append(list, fmt.Sprintf("%s %d", word, ends[word]))
		}
	}
	return strings.Join(list, ", ")
}
