package dracutmod

import (
	"path"
	"slices"
	"strings"
)

// fipsModule is the one that makes a boot check programs and libraries against the sums that lie beside them.
const fipsModule = "fips"

// needsSums says whether such sums go into the image: all, if the module is in.
func (b *builder) needsSums() bool {
	return slices.ContainsFunc(b.chosen, func(m Module) bool { return m.Name == fipsModule })
}

// cryptoLibraries takes libssl where the system has libcrypto: in FIPS mode the one asks for the other on some systems.
func (b *builder) cryptoLibraries() error {
	for dir := range strings.FieldsSeq(b.vars["libdirs"]) {
		if len(b.glob(dir+"/libcrypto.so*")) == 0 {
			continue
		}
		for _, file := range b.glob(dir + "/libssl.so*") {
			if err := b.closure(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// sumFolders have sums by the name of a program alone.
var sumFolders = []string{"/lib/fipscheck", "/lib64/fipscheck", "/lib/hmaccalc", "/lib64/hmaccalc"}

// sums takes what sums of a file the system has: .NAME.hmac beside it, or NAME.hmac in one of the folders.
func (b *builder) sums(src, dst string) error {
	beside := func(file string) string { return path.Join(path.Dir(file), "."+path.Base(file)+".hmac") }
	if err := b.sum(beside(src), beside(dst)); err != nil {
		return err
	}
	for _, dir := range sumFolders {
		name := path.Join(dir, path.Base(src)+".hmac")
		if err := b.sum(name, name); err != nil {
			return err
		}
	}
	return nil
}

// sum takes one of them if it is there; what is a link stays one.
func (b *builder) sum(src, dst string) error {
	real, links, err := b.root.Resolve(src)
	if err != nil {
		return nil
	}
	if src != dst {
		return b.stage.copy(b.root.Host(real), dst)
	}
	for _, l := range links {
		if err := b.stage.link(l.Path, l.Target); err != nil {
			return err
		}
	}
	return b.stage.copy(b.root.Host(real), real)
}
