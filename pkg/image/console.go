package image

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/preroot/preroot/pkg/cmdline"
	"github.com/preroot/preroot/pkg/vconsole"
)

// console is what virtual terminals get: the wishes, with the place where each was found.
type console struct {
	etc      string // "" reads nothing of the host
	warnings []string

	keymap       []string // names or paths for loadkeys: the keymap, the one it toggles with
	noKeymap     bool     // the kernel's own is wanted
	layout       layoutXKB
	font         string // name or path; "" for the kernel's own
	fontUnimap   string
	keymapOption bool // given by option: a failure is an error
	fontOption   bool
}

// layoutXKB is a keyboard as X describes it (keyboard(5) of Debian).
type layoutXKB struct{ model, layout, variant, options string }

// none is the value of an option that wants nothing.
const none = "none"

// consoleFiles compiles keymap and font into the files that pkg/vconsole reads. What an option asks for must be there;
// what the host's configuration asks for is left out with a warning when it cannot be had.
func consoleFiles(o *Options) (entries []Entry, warnings []string, err error) {
	c := &console{etc: o.HostEtc}
	c.wishes(o)
	keymap, err := c.compileKeymap()
	if err = c.judge("keymap", err, c.keymapOption); err != nil {
		return nil, nil, err
	}
	font, err := c.compileFont()
	if err = c.judge("console font", err, c.fontOption); err != nil {
		return nil, nil, err
	}
	if keymap != nil {
		entries = append(entries, Entry{Name: vconsole.KeymapFile, Kind: Regular, Perm: 0o644, Data: keymap})
	}
	if font != nil {
		entries = append(entries, Entry{Name: vconsole.FontFile, Kind: Regular, Perm: 0o644, Data: font})
	}
	return entries, c.warnings, nil
}

func (c *console) judge(what string, err error, asked bool) error {
	switch {
	case err == nil:
		return nil
	case asked:
		return fmt.Errorf("%s: %w", what, err)
	}
	c.warnings = append(c.warnings, fmt.Sprintf("the image has no %s: %v", what, err))
	return nil
}

// wishes collects what is asked for: an option, else a word for the kernel command line of the image, else
// vconsole.conf, else Debian's keyboard and console-setup.
func (c *console) wishes(o *Options) {
	conf, keyboard, setup := c.read("vconsole.conf"), c.read("default/keyboard"), c.read("default/console-setup")
	words := wordsOf(o.KernelCmdline)
	asked := first(o.Keymap, words.get("rd.vconsole.keymap", "vconsole.keymap"))
	toggle := first(words.get("vconsole.keymap_toggle", "vconsole.keymap.toggle"), conf["KEYMAP_TOGGLE"])
	c.keymapOption = asked != ""
	c.wishKeymap(first(asked, conf["KEYMAP"]), toggle)
	if xkb := conf; c.keymap == nil && !c.noKeymap {
		if xkb["XKBLAYOUT"] == "" {
			xkb = keyboard
		}
		c.layout = layoutXKB{xkb["XKBMODEL"], xkb["XKBLAYOUT"], xkb["XKBVARIANT"], xkb["XKBOPTIONS"]}
	}
	asked = first(o.Font, words.get("rd.vconsole.font", "vconsole.font"))
	c.fontOption = asked != ""
	c.font = first(asked, conf["FONT"], c.setupFont(setup))
	c.fontUnimap = first(words.get("rd.vconsole.font.unimap", "vconsole.font_unimap", "vconsole.font.unimap"), conf["FONT_UNIMAP"])
	if c.font == none {
		c.font = ""
	}
	if first(words.get("rd.vconsole.font.map", "vconsole.font_map", "vconsole.font.map"), conf["FONT_MAP"]) != "" {
		c.warnings = append(c.warnings, "FONT_MAP is for consoles in 8-bit mode and left out: the image's console speaks UTF-8")
	}
}

// wishKeymap takes the name of a keymap; the kernel's own is that of the United States.
func (c *console) wishKeymap(name, toggle string) {
	switch {
	case name == none || name == "us" && toggle == "":
		c.noKeymap = true
	case name != "" && toggle != "":
		c.keymap = []string{name, toggle}
	case name != "":
		c.keymap = []string{name}
	}
}

// cmdlineWords are the words that an image adds to the kernel command line.
type cmdlineWords struct{ cmdline.Params }

func wordsOf(text string) cmdlineWords { return cmdlineWords{cmdline.Of(cmdline.Split(text))} }

// get is the value of the first of the names that has one.
func (w cmdlineWords) get(names ...string) string {
	for _, n := range names {
		if v, ok := w.Get(n); ok && v != "" {
			return v
		}
	}
	return ""
}

// read reads a file of assignments below etc; complaints become warnings.
func (c *console) read(name string) map[string]string {
	if c.etc == "" {
		return nil
	}
	values, complaints := assignments(filepath.Join(c.etc, name))
	c.warnings = append(c.warnings, complaints...)
	return values
}

// setupFont is the font that console-setup(5) describes: FONT, or CODESET-FONTFACEFONTSIZE. Which code set "guess"
// means is known by the copy that setupcon keeps for the early boot.
func (c *console) setupFont(setup map[string]string) string {
	if words := strings.Fields(setup["FONT"]); len(words) > 0 {
		return words[0]
	}
	face, size, codeset := setup["FONTFACE"], setup["FONTSIZE"], setup["CODESET"]
	if width, height, two := strings.Cut(size, "x"); two {
		if size = height; width != "8" {
			size = height + "x" + width
		}
	}
	switch {
	case face == "" || size == "":
		return ""
	case codeset != "" && codeset != "guess":
		return codeset + "-" + face + size
	}
	kept, _ := filepath.Glob(filepath.Join(c.etc, "console-setup", "cached_*-"+face+size+".psf.gz"))
	if len(kept) != 1 {
		return ""
	}
	return kept[0]
}

// first is the first word that is not empty.
func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

// checkWord refuses what a program could take for an option, and what no keymap or font is called.
func checkWord(word string) error {
	if strings.HasPrefix(word, "-") || strings.ContainsFunc(word, func(r rune) bool {
		return notInName(r) && !strings.ContainsRune("-+.,:/()@%", r)
	}) {
		return fmt.Errorf("%q is no name of a keymap, a layout or a font", word)
	}
	return nil
}
