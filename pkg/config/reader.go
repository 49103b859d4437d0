package config

import (
	"slices"
	"strings"
	"time"

	"github.com/preroot/preroot/pkg/cmdline"
)

// reader reads typed values and collects what is wrong with them.
type reader struct {
	p        cmdline.Params
	problems []Problem
}

// text returns the value of the last word with this key, "" when there is none.
func (r *reader) text(key string) string {
	value, _ := r.p.Get(key)
	return value
}

// flag is getargbool of the key; aliases are deprecated names, of which each that stands on the line says
// the opposite when its want ends in "=0" (dracut's -n), else the same (dracut's -y).
func (r *reader) flag(def bool, key string, aliases ...alias) bool {
	if r.p.Has(key) {
		return r.p.Bool(def, key)
	}
	for _, a := range aliases {
		if w, ok := r.p.Last(a.old); ok {
			r.deprecated(w, a.want)
			return !strings.HasSuffix(a.want, "=0")
		}
	}
	return def
}

// alias is a deprecated name of dracut 059 and what to write instead.
type alias struct{ old, want string }

// last returns the last word with this key, or else with its deprecated name.
func (r *reader) last(key, old string) (cmdline.Word, bool) {
	if w, ok := r.p.Last(key); ok {
		return w, true
	}
	w, ok := r.p.Last(old)
	if ok {
		r.deprecated(w, key+"="+w.Value)
	}
	return w, ok
}

// choice returns the value of the last word with this key if it is one of allowed, else the first of them.
func (r *reader) choice(key string, allowed ...string) (value string, given bool) {
	w, ok := r.p.Last(key)
	if !ok {
		return allowed[0], false
	}
	if !w.HasValue || !slices.Contains(allowed, w.Value) {
		r.bad(w, "not one of its values", key+"="+strings.Join(allowed, "|"))
		return allowed[0], false
	}
	return w.Value, true
}

// number reads the value of w. A leading 0 means octal, as for the kernel and the shell.
func (r *reader) number(w cmdline.Word, want string) (int64, bool) {
	n, ok := cmdline.ParseNum(w.Value)
	if ok {
		return n, true
	}
	reason := "not a number"
	if len(w.Value) > 1 && strings.Trim(w.Value, "0123456789") == "" {
		reason = "a number that begins with 0 is octal"
	}
	r.bad(w, reason, want)
	return 0, false
}

// maxSeconds bounds a time so that it never overflows: thirty years.
const maxSeconds = 1_000_000_000

// seconds reads the value of w as a number of seconds.
func (r *reader) seconds(w cmdline.Word) (time.Duration, bool) {
	n, ok := r.number(w, w.Key+"=SECONDS")
	return time.Duration(min(n, maxSeconds)) * time.Second, ok
}

// list joins the comma lists of all words with one of these keys, in order, without empty and repeated
// entries.
func (r *reader) list(keys ...string) []string {
	var all []string
	for _, w := range r.p.Words() {
		if !slices.Contains(keys, w.Key) {
			continue
		}
		if !w.HasValue {
			r.bad(w, "the value is missing", w.Key+"=NAME[,NAME...]")
		}
		for item := range strings.SplitSeq(w.Value, ",") {
			if item != "" && !slices.Contains(all, item) {
				all = append(all, item)
			}
		}
	}
	return all
}

// renamedList is list of the key and of its deprecated name.
func (r *reader) renamedList(key, old string) []string {
	for _, w := range r.p.Words() {
		if w.Key == old {
			r.deprecated(w, key+"="+w.Value)
		}
	}
	return r.list(key, old)
}
