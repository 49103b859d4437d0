package linux

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Cipher is a symmetric cipher of the kernel with its key, reached by a socket (linux/if_alg.h, linux/Documentation/crypto/userspace-if.rst). It takes whatever the kernel has, by the kernel's
// names: "xts(serpent)", "cbc(twofish)". It is not safe for concurrent use.
type Cipher struct {
	key, op int    // the socket that holds the key, and the one that is worked with
	control []byte // of sendmsg; the vector stands at its end
	iv      []byte
}

// maxCipherChunk bounds one call: the kernel takes 16 pages, and no more than fits the socket's buffer.
const maxCipherChunk = 4096

// HasCipher says why the kernel cannot encrypt by an algorithm, named as its crypto API does; it loads the module, if there is one. A kernel that gives ciphers to no program is not asked.
func HasCipher(name string) error {
	if known, err := os.ReadFile("/proc/crypto"); err == nil && listsCipher(string(known), name) {
		return nil // without af_alg, whose modules would stay
	}
	fd, err := unix.Socket(unix.AF_ALG, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	err = unix.Bind(fd, &unix.SockaddrALG{Type: "skcipher", Name: name})
	if err == unix.ENOENT {
		err = fmt.Errorf("this kernel has no cipher %s: the image lacks its module, or another one of those that it is made of", name)
	}
	return err
}

// listsCipher looks for an algorithm in the text of /proc/crypto: an entry begins with its name.
func listsCipher(text, name string) bool {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == "name" && strings.TrimSpace(value) == name {
			return true
		}
	}
	return false
}

// OpenCipher makes a cipher that decrypts with a key; ivSize is what the mode takes, 0 for none. The caller calls Close.
func OpenCipher(name string, key []byte, ivSize int) (*Cipher, error) {
	return openCipher(name, key, ivSize, unix.ALG_OP_DECRYPT)
}

func openCipher(name string, key []byte, ivSize int, op uint32) (*Cipher, error) {
	if len(key) == 0 || ivSize < 0 || ivSize > 64 {
		return nil, fmt.Errorf("cipher %s: a key of %d bytes and a vector of %d", name, len(key), ivSize)
	}
	fd, err := unix.Socket(unix.AF_ALG, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cipher %s: the kernel gives none to programs (%w); the module af_alg is needed", name, err)
	}
	c := &Cipher{key: fd, op: -1}
	if err := unix.Bind(fd, &unix.SockaddrALG{Type: "skcipher", Name: name}); err != nil {
		c.Close()
		return nil, fmt.Errorf("cipher %s: the kernel has none of this name (%w); its module and algif_skcipher are needed", name, err)
	}
	if _, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_ALG, unix.ALG_SET_KEY, uintptr(unsafe.Pointer(&key[0])), uintptr(len(key)), 0); errno != 0 {
		c.Close()
		return nil, fmt.Errorf("cipher %s: a key of %d bytes is refused: %w", name, len(key), errno)
	}
	r, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		c.Close()
		return nil, fmt.Errorf("cipher %s: %w", name, os.NewSyscallError("accept4", errno))
	}
	c.op = int(r)
	c.control, c.iv = cipherControl(op, ivSize)
	return c, nil
}

// cipherControl lays out the control messages of one call: the operation, and where there is one the vector, which the second result is the place of.
func cipherControl(op uint32, ivSize int) (control, iv []byte) {
	size := unix.CmsgSpace(4)
	if ivSize > 0 {
		size += unix.CmsgSpace(4 + ivSize)
	}
	control = make([]byte, size)
	header := func(at, kind, size int) []byte {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&control[at]))
		h.Level, h.Type = unix.SOL_ALG, int32(kind)
		h.SetLen(unix.CmsgLen(size))
		return control[at+unix.CmsgLen(0) : at+unix.CmsgLen(size)]
	}
	binary.NativeEndian.PutUint32(header(0, unix.ALG_SET_OP, 4), op)
	if ivSize > 0 {
		data := header(unix.CmsgSpace(4), unix.ALG_SET_IV, 4+ivSize) // struct af_alg_iv
		binary.NativeEndian.PutUint32(data, uint32(ivSize))
		iv = data[4:]
	}
	return control, iv
}

// Decrypt decrypts whole blocks of at most 4096 bytes in place, with a vector. It does not keep them.
func (c *Cipher) Decrypt(iv, data []byte) error {
	if len(data) == 0 || len(data) > maxCipherChunk || len(iv) != len(c.iv) {
		return fmt.Errorf("%d bytes with a vector of %d", len(data), len(iv))
	}
	copy(c.iv, iv)
	if n, err := unix.SendmsgN(c.op, data, c.control, nil, 0); err != nil || n != len(data) {
		return shortIO("sendmsg", n, len(data), err)
	}
	for done := 0; done < len(data); {
		n, err := unix.Read(c.op, data[done:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return shortIO("read", done, len(data), err)
		}
		done += n
	}
	return nil
}

func shortIO(call string, n, want int, err error) error {
	if err != nil {
		return os.NewSyscallError(call, err)
	}
	return fmt.Errorf("%s: %d of %d bytes: %w", call, n, want, io.ErrUnexpectedEOF)
}

// Close lets the cipher go; the kernel wipes the key.
func (c *Cipher) Close() error {
	if c.op >= 0 {
		unix.Close(c.op)
	}
	return unix.Close(c.key)
}
