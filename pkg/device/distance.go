package device

import "strings"

// close2 says whether two texts differ by at most two insertions, deletions or exchanges of a byte, or in
// case or in blanks round them only. Texts of up to three bytes must differ in case alone, since nearly all
// of them are two apart.
func close2(a, b string) bool {
	if strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) {
		return true
	}
	if n := len(a) - len(b); n > 2 || n < -2 || len(a) <= 3 || len(b) <= 3 || len(a) > 256 {
		return false
	}
	if isHexUUID(a) && isHexUUID(b) {
		a, b = strings.ToLower(a), strings.ToLower(b)
	}
	return distance(a, b) <= 2
}

// difference says in words how two texts differ that are close.
func difference(a, b string) string {
	switch {
	case a != b && strings.EqualFold(a, b):
		return "upper and lower case"
	case strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)):
		return "blanks round it"
	}
	what := "character"
	if isHexUUID(a) && isHexUUID(b) {
		what = "digit"
		a, b = strings.ToLower(a), strings.ToLower(b)
	}
	if distance(a, b) == 1 {
		return "one " + what
	}
	return "two " + what + "s"
}

// distance is the edit distance of Levenshtein, row by row.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
