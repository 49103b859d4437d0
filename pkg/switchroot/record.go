package switchroot

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Record is the hand-over: what the engine proved, for PID 1 to do. Argv and environment of the new init are those
// that the kernel gave to PID 1, which still has them.
type Record struct {
	// Root is the directory that the new root is mounted on ("/sysroot").
	Root string
	// Device is the root device as the log names it.
	Device string
	// Init is the program to execute, a path inside the new root.
	Init string
	// Mounts are the mounts to carry over, absolute paths that mean the same in the new root.
	Mounts []string
}

// recordMagic begins every encoded record; its number is the format's.
const recordMagic = "preroot-record-1"

// ErrRecord says that a record is damaged or of another format.
var ErrRecord = errors.New("hand-over record: damaged or of another version")

// Encode makes the message: magic, CRC-32 (IEEE) and length of the body, body; the body is strings, each with its
// length in front, 32 bits little endian.
func (r Record) Encode() []byte {
	var body []byte
	for _, s := range append([]string{r.Root, r.Device, r.Init}, r.Mounts...) {
		body = binary.LittleEndian.AppendUint32(body, uint32(len(s)))
		body = append(body, s...)
	}
	msg := []byte(recordMagic)
	msg = binary.LittleEndian.AppendUint32(msg, crc32.ChecksumIEEE(body))
	msg = binary.LittleEndian.AppendUint32(msg, uint32(len(body)))
	return append(msg, body...)
}

// DecodeRecord reads a message of Encode and refuses every other.
func DecodeRecord(msg []byte) (Record, error) {
	head := len(recordMagic) + 8
	if len(msg) < head || string(msg[:len(recordMagic)]) != recordMagic {
		return Record{}, ErrRecord
	}
	sum := binary.LittleEndian.Uint32(msg[len(recordMagic):])
	body := msg[head:]
	if binary.LittleEndian.Uint32(msg[head-4:]) != uint32(len(body)) || crc32.ChecksumIEEE(body) != sum {
		return Record{}, ErrRecord
	}
	words, err := decodeStrings(body)
	if err != nil || len(words) < 3 {
		return Record{}, ErrRecord
	}
	return Record{Root: words[0], Device: words[1], Init: words[2], Mounts: words[3:]}, nil
}

func decodeStrings(body []byte) ([]string, error) {
	var words []string
	for len(body) > 0 {
		if len(body) < 4 {
			return nil, ErrRecord
		}
		n := binary.LittleEndian.Uint32(body)
		body = body[4:]
		if uint64(n) > uint64(len(body)) {
			return nil, ErrRecord
		}
		words = append(words, string(body[:n]))
		body = body[n:]
	}
	return words, nil
}
