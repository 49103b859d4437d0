package image

import "github.com/preroot/preroot/pkg/storage"

// luksModules are what LUKS volumes need of the kernel (--luks): the target, ciphers with what the processor has for them, the hash of essiv, ciphers for programs (key slots that are not AES), and
// file systems of sticks with key files. A kernel has them by other names, or not at all; the first must be there.
var luksModules = []string{
	"dm_crypt", "dm_mod", "aesni_intel", "aes_generic", "xts", "cbc", "ecb", "essiv", "serpent_generic", "serpent_sse2_x86_64", "serpent_avx_x86_64", "serpent_avx2",
	"twofish_generic", "twofish_x86_64", "twofish_x86_64_3way", "twofish_avx_x86_64", "camellia_generic", "sha256_generic",
	"aes_arm64", "aes_ce_blk", "aes_neon_blk", "algif_skcipher", "vfat", "nls_cp437", "nls_iso8859_1", "nls_utf8", "nls_ascii",
}

// addLUKS takes in what a root on LUKS needs.
func (c *choice) addLUKS() error {
	if _, err := c.asked(luksModules[0], "--luks"); err != nil {
		return err
	}
	c.wish(luksModules[1:])
	return nil
}

// wish takes in modules that this kernel has.
func (c *choice) wish(names []string) {
	for _, name := range names {
		found, builtin := c.tree.resolve(name)
		if len(found) == 0 && !builtin {
			c.absent = appendNew(c.absent, name)
		}
		c.add(found...)
	}
}

// luksFiles are the members of the image for it.
func luksFiles(o *Options) ([]Entry, error) {
	if !o.hasLUKS() {
		return nil, nil
	}
	helper, err := o.helper(storage.UnlockHelper)
	return []Entry{helper}, err
}
