// Package cmdline reads kernel parameters the way dracut does: where the text comes from (Read, Sources),
// how it is cut into words (Split), and how a word is asked for (Params: Get, Equal, Bool, All, Num, and
// dracut's shell functions getarg, getargs, getargbool and getargnum with all their options).
//
// The package knows no parameter by name; that is package config. It is pure except for Read, which takes
// an fs.FS. What decides in doubt is dracut itself: test/dracut compares this package with the tools of
// dracut 112, byte by byte.
package cmdline
