package dynlink

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"
)

// CacheName is where the dynamic loader of glibc looks for its cache.
const CacheName = "/etc/ld.so.cache"

// cacheFlags is the kind of a library in a cache, FLAG_ELF_LIBC6 with that of the machine (sysdeps/generic/ldconfig.h of glibc).
var cacheFlags = map[elf.Machine]uint32{
	elf.EM_386: 0x0003, elf.EM_X86_64: 0x0303, elf.EM_PPC64: 0x0503, elf.EM_ARM: 0x0903, elf.EM_AARCH64: 0x0a03, elf.EM_RISCV: 0x1003, elf.EM_LOONGARCH: 0x1203,
}

// Library is one name in a cache, and the path that it stands for.
type Library struct {
	Name, Path string
	Machine    elf.Machine
}

// Cache is the file by which the loader of glibc finds libraries in folders that it does not know by itself: ld.so.conf is read by ldconfig(8) alone. Of two
// with one name that which is given first counts. The format is that of sysdeps/generic/dl-cache.h: a head of 48 bytes, 24 for each library, and the texts.
// It is nil where there is nothing to write.
func Cache(list []Library) []byte {
	list = slices.DeleteFunc(slices.Clone(list), func(l Library) bool { return cacheFlags[l.Machine] == 0 })
	if len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b Library) int { return compareNames(b.Name, a.Name) })
	var texts []byte
	at := func(text string) uint32 {
		offset := 48 + 24*len(list) + len(texts)
		texts = append(append(texts, text...), 0)
		return uint32(offset)
	}
	var entries bytes.Buffer
	for _, l := range list {
		for _, v := range []uint32{cacheFlags[l.Machine], at(l.Name), at(l.Path), 0, 0, 0} {
			_ = binary.Write(&entries, binary.LittleEndian, v)
		}
	}
	head := append([]byte("glibc-ld.so.cache1.1"), make([]byte, 28)...)
	binary.LittleEndian.PutUint32(head[20:], uint32(len(list)))
	binary.LittleEndian.PutUint32(head[24:], uint32(len(texts)))
	head[28] = 2 // little endian, as all machines of the table are
	return slices.Concat(head, entries.Bytes(), texts)
}

// compareNames orders as the loader's search does (_dl_cache_libcmp): digits count as numbers.
func compareNames(a, b string) int {
	digit := func(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }
	for a != "" {
		switch {
		case digit(a) && digit(b):
			x, restA := number(a)
			y, restB := number(b)
			if x != y {
				return x - y
			}
			a, b = restA, restB
		case digit(a):
			return 1
		case digit(b):
			return -1
		case b == "" || a[0] != b[0]:
			return strings.Compare(a, b)
		default:
			a, b = a[1:], b[1:]
		}
	}
	return -min(len(b), 1)
}

// number is the one that a text begins with.
func number(s string) (n int, rest string) {
	for s != "" && s[0] >= '0' && s[0] <= '9' {
		n, s = min(n*10+int(s[0]-'0'), 1<<40), s[1:]
	}
	return n, s
}
