package switchroot

import "bytes"

// scriptHead is how much of a file the kernel looks at to tell its kind (BINPRM_BUF_SIZE of
// include/uapi/linux/binfmts.h).
const scriptHead = 256

// interpreter reads the "#!" line in the first scriptHead bytes of a file, padded with NUL, as fs/binfmt_script.c of
// Linux 5.10 and later does; "" when there is no whole path in it.
func interpreter(head []byte) string {
	line, _, whole := bytes.Cut(head[2:], []byte{'\n'})
	if !whole {
		line = head[2 : len(head)-1]
	}
	line = bytes.TrimLeft(line, " \t")
	end := bytes.IndexAny(line, " \t\x00")
	switch {
	case end >= 0:
		return string(line[:end])
	case whole:
		return string(line)
	}
	// The path goes up to the end of what the kernel reads: only a separator as the last byte shows that it is whole.
	if last := head[len(head)-1]; last == ' ' || last == '\t' || last == 0 {
		return string(line)
	}
	return ""
}
