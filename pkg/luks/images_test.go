package luks

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const pass = "correct horse"

// cheap are costs that make a slot quick to open.
var (
	cheapPBKDF2 = []string{"--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"}
	cheapArgon  = []string{"--pbkdf-memory", "32", "--pbkdf-force-iterations", "4", "--pbkdf-parallel", "2"}
	// small are the places of a header for two slots, with the data right behind.
	small = []string{"--luks2-metadata-size", "16k", "--luks2-keyslots-size", "516096", "--offset", "1072", "--sector-size", "4096"}
)

const smallSize = 1 << 20

func join(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// cryptsetup runs it with text as its standard input.
func cryptsetup(t testing.TB, stdin string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("cryptsetup")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/cryptsetup")
	}
	if err != nil {
		t.Fatal("cryptsetup is missing: it is in the package cryptsetup-bin")
	}
	cmd := exec.Command(path, append([]string{"--batch-mode"}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustCryptsetup(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	out, err := cryptsetup(t, stdin, args...)
	if err != nil {
		t.Fatalf("cryptsetup %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return out
}

// newImage makes a volume in a file of size bytes.
func newImage(t testing.TB, size int64, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "volume")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, size); err != nil {
		t.Fatal(err)
	}
	mustCryptsetup(t, pass, join([]string{"luksFormat", "--key-file", "-"}, args, []string{file})...)
	return file
}

// smallV2 is a LUKS2 volume of 1 MiB with one slot, in memory.
func smallV2(t testing.TB, args ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(newImage(t, smallSize, join([]string{"--type", "luks2"}, small, cheapPBKDF2, args)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func smallV1(t testing.TB, args ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(newImage(t, 3<<20, join([]string{"--type", "luks1"}, cheapPBKDF2[2:], args)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keyOf is the volume key that cryptsetup finds.
func keyOf(t testing.TB, file, header string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "key")
	args := []string{"luksDump", "--dump-volume-key", "--volume-key-file", out, "--key-file", "-"}
	if header != "" {
		args = append(args, "--header", header)
	}
	mustCryptsetup(t, pass, append(args, file)...)
	key, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func openFile(t testing.TB, name string) (*os.File, int64) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return f, st.Size()
}

func read(b []byte) (*Header, error) { return Read(bytes.NewReader(b), int64(len(b))) }

// tree is the JSON of a header that a test changes.
type tree = map[string]any

// at goes down a path of keys: at(tr, "keyslots", "0", "kdf").
func at(tr tree, path ...string) tree {
	for _, p := range path {
		tr = tr[p].(tree)
	}
	return tr
}

func readTree(t testing.TB, image []byte) tree {
	t.Helper()
	text, _, _ := bytes.Cut(image[v2Binary:], []byte{0})
	var tr tree
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&tr); err != nil {
		t.Fatal(err)
	}
	return tr
}

// edit gives both headers of an image another JSON text.
func edit(t testing.TB, image []byte, change func(tree)) []byte {
	t.Helper()
	tr := readTree(t, image)
	change(tr)
	text, err := json.Marshal(tr)
	if err != nil {
		t.Fatal(err)
	}
	return putText(image, text)
}

// putText writes a JSON text into both headers of a copy of an image.
func putText(image, text []byte) []byte {
	image = bytes.Clone(image)
	for _, off := range []int{0, minHeader} {
		area := image[off+v2Binary : off+minHeader]
		clear(area)
		copy(area, text)
		putSum(image[off : off+minHeader])
	}
	return image
}

func putSum(header []byte) {
	clear(header[v2Sum : v2Sum+v2SumLen])
	sum := sha256.Sum256(header)
	copy(header[v2Sum:], sum[:])
}

// setSequence gives the copy at off another number.
func setSequence(image []byte, off int, n uint64) {
	be.PutUint64(image[off+v2Sequence:], n)
	putSum(image[off : off+minHeader])
}
