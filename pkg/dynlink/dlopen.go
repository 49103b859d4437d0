package dynlink

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
)

// dlopen is one entry of a .note.dlopen: the first of the names that is there is opened.
type dlopen struct {
	Soname   []string `json:"soname"`
	Priority string   `json:"priority"` // required, recommended or suggested; "" is recommended
}

// noteType is NT_FDO_DLOPEN_METADATA, of the owner "FDO".
const noteType = 0x407c0c0a

// parseNotes reads the notes of a section: name size, description size, type, each of 4 bytes, then both texts, each filled up
// to 4 bytes (elf(5), Nhdr). Notes of others are passed over.
func parseNotes(data []byte, order binary.ByteOrder) (list []dlopen, err error) {
	for len(data) > 0 {
		if len(data) < 12 {
			return nil, fmt.Errorf(".note.dlopen: %d bytes left, a note has 12 at least", len(data))
		}
		name, desc, kind := uint64(order.Uint32(data)), uint64(order.Uint32(data[4:])), order.Uint32(data[8:])
		data = data[12:]
		padded := (name + 3) &^ 3
		if padded+desc > uint64(len(data)) {
			return nil, fmt.Errorf(".note.dlopen: a note of %d and %d bytes goes past its end", name, desc)
		}
		owner, text := string(data[:name]), data[padded:padded+desc]
		data = data[min((padded+desc+3)&^3, uint64(len(data))):]
		if owner != "FDO\x00" || kind != noteType {
			continue
		}
		for len(text) > 0 && text[len(text)-1] == 0 {
			text = text[:len(text)-1]
		}
		var entries []dlopen
		if err := json.Unmarshal(text, &entries); err != nil {
			return nil, fmt.Errorf(".note.dlopen: %w", err)
		}
		list = append(list, entries...)
	}
	return list, nil
}

// cLibrary is what the C library opens by itself, told by the functions that ask it to. What is not there is left out: newer
// ones have it built in, and musl all of it.
var cLibrary = []struct {
	functions []string
	libraries []string
	files     bool // not where the files of /etc are read by the C library itself (glibc 2.34)
}{
	// Ending a thread unwinds its stack (sysdeps/nptl, unwind-forcedunwind; misc/unwind-link.c).
	{[]string{"pthread_cancel", "pthread_exit"}, []string{"libgcc_s.so.1"}, false},
	// nss(5): what nsswitch.conf says when it is not there.
	{[]string{"getpwnam", "getpwnam_r", "getpwuid", "getpwuid_r", "getgrnam", "getgrnam_r", "getgrgid", "getgrgid_r"}, []string{"libnss_files.so.2"}, true},
	{[]string{"getaddrinfo", "gethostbyname", "gethostbyname_r", "gethostbyname2", "gethostbyname2_r"}, []string{"libnss_files.so.2", "libnss_dns.so.2"}, true},
}

// builtinFiles is defined in a C library that needs no libnss_files and libnss_dns.
const builtinFiles = "_nss_files_getpwnam_r"

// opens says whether a function is in cLibrary.
func opens(function string) bool {
	for _, row := range cLibrary {
		if slices.Contains(row.functions, function) {
			return true
		}
	}
	return false
}
