package image

import "github.com/preroot/preroot/pkg/archive"

// Entry is what an image is made of. It has this name here, and its kinds have theirs, because the whole package
// speaks of them.
type Entry = archive.Entry

const (
	Regular = archive.Regular
	Dir     = archive.Dir
	Symlink = archive.Symlink
	Char    = archive.Char
	Block   = archive.Block
)
