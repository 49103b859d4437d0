package check

import (
	"slices"
	"strings"
)

// usualCiphers are what LUKS uses where nobody says another cipher: aes-xts-plain64 (cryptsetup --help, "Default compiled-in device cipher parameters").
var usualCiphers = []string{"crypto-xts", "crypto-aes"}

// ciphers judges what the kernel needs to open LUKS.
func (j *judge) ciphers(w ways) {
	if !slices.Contains(j.target.Layers, "luks") {
		return
	}
	words := j.target.Ciphers
	if len(words) == 0 {
		words = usualCiphers
	}
	// A processor's own AES brings its modes along; udev loads it for the processor.
	var own []string
	if _, all := j.modules.found("crypto-aes"); slices.Contains(words, "crypto-aes") && w.alias == nil {
		own = slices.DeleteFunc(slices.Clone(all), func(name string) bool { return strings.HasSuffix(name, "_generic") })
	}
	for _, word := range words {
		j.cipher(word, own, w)
	}
}

// cipher judges one algorithm or mode: it is built in, or one of the modules that have it can be loaded. A word that no module of the kernel has is built in, or
// none of this kernel: that cannot be told.
func (j *judge) cipher(word string, own []string, w ways) {
	name := strings.TrimPrefix(word, "crypto-")
	_, all := j.modules.found(word)
	if len(all) == 0 || j.modules.builtin(name) || j.modules.builtin(name+"_generic") {
		return
	}
	for _, module := range own {
		if j.loadable(module) == nil {
			j.good("cipher "+name, "%s%s", module, j.where(module))
			return
		}
	}
	j.wanted("cipher "+name, word, w)
}
