// Package lib holds the shell functions that hook scripts of dracut's modules call (dracut.modules(7)), for two kinds of images:
//
//   - an image without dracut-lib.sh (one of our builder) gets Files;
//   - in an image that has dracut-lib.sh, the hook shell sources that and then Getarg, whose getarg, getargs, getargbool and getargnum
//     need no process. Getarg calls warn of the library before it.
//
// The hook shell runs `preroot_cmdline` before each hook: a getarg in $(...) cannot keep the words that it has parsed. Variables and
// functions that begin with _pr_ belong to the library; no state of hooks is in them.
//
// The shell needs local, which dash, busybox and bash (also as sh) have.
package lib

import _ "embed"

// Getarg is the text of getarg.sh.
//
//go:embed getarg.sh
var Getarg string

//go:embed dracut-lib.sh
var library string

//go:embed lib-end.sh
var libraryEnd string

//go:embed dracut-dev-lib.sh
var devLibrary string

// Files are the libraries by their path in an image, without the leading slash.
func Files() map[string]string {
	return map[string]string{
		"lib/dracut-lib.sh":     library + "\n" + Getarg + libraryEnd,
		"lib/dracut-dev-lib.sh": devLibrary,
	}
}
