package switchroot

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strconv"
)

// Record is the hand-over: what the engine proved, for PID 1 to do. The environment of the new init is that which the kernel gave to PID 1, which still has it; so are
// its arguments, unless the record has others.
type Record struct {
	// Root is the directory that the new root is mounted on ("/sysroot").
	Root string
	// Device is the root device as the log names it.
	Device string
	// Init is the program to execute, a path inside the new root.
	Init string
	// Mounts are the mounts to carry over, absolute paths that mean the same in the new root.
	Mounts []string
	// Discard are mounts that no one needs after the switch.
	Discard []string
	// Spare is the number (MAJOR:MINOR) of a device on which the root of processes lies that live on, "" for none: those that an initrd has started (initrd(4)).
	Spare string
	// Args are the arguments of the new init, where OwnArgs says so.
	Args    []string
	OwnArgs bool
	// Drop are the numbers of the capabilities that the new init and all behind it never get (capabilities(7), the bounding set).
	Drop []int
}

// recordMagic begins every encoded record; its number is the format's.
const recordMagic = "preroot-record-4"

// ErrRecord says that a record is damaged or of another format.
var ErrRecord = errors.New("hand-over record: damaged or of another version")

// Encode makes the message: magic, CRC-32 (IEEE) and length of the body, body; the body is strings, each with its
// length in front, 32 bits little endian. A list has its own length before it, as a string in decimal; arguments that are not our own are "-".
func (r Record) Encode() []byte {
	words := []string{r.Root, r.Device, r.Init, r.Spare}
	words = appendList(words, r.Mounts)
	words = appendList(words, r.Discard)
	if r.OwnArgs {
		words = appendList(words, r.Args)
	} else {
		words = append(words, noList)
	}
	words = append(words, strconv.Itoa(len(r.Drop)))
	for _, n := range r.Drop {
		words = append(words, strconv.Itoa(n))
	}
	var body []byte
	for _, s := range words {
		body = binary.LittleEndian.AppendUint32(body, uint32(len(s)))
		body = append(body, s...)
	}
	msg := []byte(recordMagic)
	msg = binary.LittleEndian.AppendUint32(msg, crc32.ChecksumIEEE(body))
	msg = binary.LittleEndian.AppendUint32(msg, uint32(len(body)))
	return append(msg, body...)
}

// fixedWords are the strings in front of the lists.
const fixedWords = 4

// noList stands for a list that is not there.
const noList = "-"

func appendList(words, list []string) []string {
	return append(append(words, strconv.Itoa(len(list))), list...)
}

// takeList takes a list from the front of words; there is false for noList.
func takeList(words []string) (list, rest []string, there bool, err error) {
	if len(words) == 0 {
		return nil, nil, false, ErrRecord
	}
	if words[0] == noList {
		return nil, words[1:], false, nil
	}
	n, err := strconv.Atoi(words[0])
	if err != nil || n < 0 || n > len(words)-1 || strconv.Itoa(n) != words[0] {
		return nil, nil, false, ErrRecord
	}
	if n > 0 {
		list = words[1 : n+1]
	}
	return list, words[n+1:], true, nil
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
	if err != nil || len(words) < fixedWords {
		return Record{}, ErrRecord
	}
	return decodeRecord(words)
}

// decodeRecord reads the strings of a body.
func decodeRecord(words []string) (Record, error) {
	r := Record{Root: words[0], Device: words[1], Init: words[2], Spare: words[3]}
	var mounts, discard, drop bool
	var err1, err2, err3, err4 error
	var numbers []string
	rest := words[fixedWords:]
	r.Mounts, rest, mounts, err1 = takeList(rest)
	r.Discard, rest, discard, err2 = takeList(rest)
	r.Args, rest, r.OwnArgs, err3 = takeList(rest)
	numbers, rest, drop, err4 = takeList(rest)
	if errors.Join(err1, err2, err3, err4) != nil || !mounts || !discard || !drop || len(rest) > 0 {
		return Record{}, ErrRecord
	}
	for _, word := range numbers {
		n, err := strconv.Atoi(word)
		if err != nil || strconv.Itoa(n) != word {
			return Record{}, ErrRecord
		}
		r.Drop = append(r.Drop, n)
	}
	return r, nil
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
