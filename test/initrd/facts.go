package initrd

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Facts are what init.c and the /linuxrc of a boot said, one a line without the word FACT, sorted.
type Facts []string

// FactsOf collects the facts of a console.
func FactsOf(lines []string) Facts {
	var f Facts
	for _, l := range lines {
		if _, fact, found := strings.Cut(l, "FACT "); found {
			f = append(f, strings.TrimSpace(fact))
		}
	}
	slices.Sort(f)
	return f
}

// Unmet are the wanted facts that are not there.
func (f Facts) Unmet(want []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(w string) bool { return slices.Contains(f, w) })
}

// Number returns the value of a fact that is a number.
func (f Facts) Number(name string) (int, error) {
	for _, fact := range f {
		if value, found := strings.CutPrefix(fact, name+" "); found {
			return strconv.Atoi(value)
		}
	}
	return 0, fmt.Errorf("no fact %s", name)
}

// Beyond is how much memory, in kB, a boot has left in use beyond another one; the other is that of the same kernel without an initrd.
func Beyond(plain, with Facts) (int, error) {
	before, err1 := plain.Number("memfree")
	after, err2 := with.Number("memfree")
	return before - after, errors.Join(err1, err2)
}

// Texts returns the values of the facts of a name.
func (f Facts) Texts(name string) []string {
	var list []string
	for _, fact := range f {
		if value, found := strings.CutPrefix(fact, name+" "); found {
			list = append(list, value)
		}
	}
	return list
}

// measured are facts that are numbers: they differ from boot to boot.
var measured = []string{"memfree", "left"}

// Compare returns how a second set differs from a first: "- " and a fact that only the first has, "+ " and one that only the second has. Measured
// numbers are no difference.
func Compare(first, second Facts) []string {
	var list []string
	for _, fact := range first {
		if !isMeasured(fact) && !slices.Contains(second, fact) {
			list = append(list, "- "+fact)
		}
	}
	for _, fact := range second {
		if !isMeasured(fact) && !slices.Contains(first, fact) {
			list = append(list, "+ "+fact)
		}
	}
	return list
}

func isMeasured(fact string) bool {
	name, _, _ := strings.Cut(fact, " ")
	return slices.Contains(measured, name)
}
