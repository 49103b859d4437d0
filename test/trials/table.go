package trials

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Table writes a row per set: trials, bad ones, the ends with their numbers, and median, least and most of each figure. It returns the number
// of bad trials.
func Table(out io.Writer, sets []Set, results []Result) (bad int) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "set\ttrials\tbad\tends\tfigures: median (least to most)")
	for _, s := range sets {
		mine := slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Set != s.Name })
		if len(mine) == 0 {
			continue
		}
		wrong := len(slices.DeleteFunc(slices.Clone(mine), func(r Result) bool { return r.Bad == "" }))
		bad += wrong
		fmt.Fprintf(w, "%s\t%d of %d\t%d\t%s\t%s\n", s.Name, len(mine), s.Count, wrong, ends(mine), figures(mine))
	}
	w.Flush()
	return bad
}

func ends(results []Result) string {
	count := map[string]int{}
	for _, r := range results {
		count[r.End]++
	}
	var words []string
	for _, end := range slices.Sorted(maps.Keys(count)) {
		words = append(words, fmt.Sprintf("%d %s", count[end], end))
	}
	return strings.Join(words, ", ")
}

func figures(results []Result) string {
	values := map[string][]float64{}
	for _, r := range results {
		for name, v := range r.Figures {
			values[name] = append(values[name], v)
		}
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := values[name]
		slices.Sort(v)
		words = append(words, fmt.Sprintf("%s %.4g (%.4g to %.4g)", name, v[len(v)/2], v[0], v[len(v)-1]))
	}
	return strings.Join(words, "; ")
}
