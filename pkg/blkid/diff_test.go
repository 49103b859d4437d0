package blkid

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reference is what `blkid -p -o export` says of a file: its tags, or
// ambiguous. The cache is bypassed by -p.
type reference struct {
	tags      map[string]string
	ambiguous bool
}

func askBlkid(t testing.TB, path string) reference {
	t.Helper()
	out, err := tool(t, "blkid", "-p", "-o", "export", path).Output()
	code := 0
	if e, ok := err.(*exec.ExitError); ok {
		code = e.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if code != 0 && code != 2 && code != 8 {
		t.Fatalf("blkid -p %s: exit status %d", path, code)
	}
	ref := reference{tags: map[string]string{}, ambiguous: code == 8}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		ref.tags[key] = unescape(value)
	}
	return ref
}

// unescape undoes the backslashes of the export format.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// ourTags puts an Info in the words of blkid.
func ourTags(in Info) map[string]string {
	tags := map[string]string{
		"TYPE": in.Type, "USAGE": in.Usage, "LABEL": in.Label, "UUID": in.UUID,
		"UUID_SUB": in.SubUUID, "SEC_TYPE": in.SecType, "VERSION": in.Version,
		"SUBSYSTEM": in.Subsystem, "EXT_JOURNAL": in.JournalUUID,
		"PTTYPE": in.PTType, "PTUUID": in.PTUUID,
	}
	if in.BlockSize != 0 {
		tags["BLOCK_SIZE"] = fmt.Sprint(in.BlockSize)
	}
	for k, v := range tags {
		if tags[k] = visible(v); v == "" {
			delete(tags, k)
		}
	}
	return tags
}

// visible spells control characters and bytes over 127 as blkid prints them,
// which is as cat -v does.
func visible(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 128 {
			b.WriteString("M-")
			c -= 128
		}
		if c < 32 || c == 127 {
			b.WriteByte('^')
			c ^= 0x40
		}
		b.WriteByte(c)
	}
	return b.String()
}

// theirTags drops what Info does not hold.
func theirTags(ref reference) map[string]string {
	for _, k := range []string{"DEVNAME", "LABEL_FATBOOT", "SYSTEM_ID", "APPLICATION_ID",
		"PUBLISHER_ID", "VOLUME_SET_ID", "DATA_PREPARER_ID", "BOOT_SYSTEM_ID", "LOGUUID", "VOLUME_ID", "LOGICAL_VOLUME_ID"} {
		delete(ref.tags, k)
	}
	return ref.tags
}

func probeFile(t testing.TB, path string) Info {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	in, err := Probe(f, st.Size(), 512)
	if err != nil {
		t.Fatalf("Probe(%s): %v", path, err)
	}
	return in
}

// compare fails if blkid and we see different things.
func compare(t *testing.T, path string) Info {
	t.Helper()
	in, ref := probeFile(t, path), askBlkid(t, path)
	if ref.ambiguous != (in.Ambiguous != nil) {
		t.Errorf("ambiguous: blkid says %v, we found %q", ref.ambiguous, in.Ambiguous)
	}
	theirs := theirTags(ref)
	if in.Type == "exfat" && in.PTType == "" {
		delete(theirs, "PTTYPE") // libblkid before 2.39 takes the boot sector for an MBR
	}
	if diff := cmp.Diff(theirs, ourTags(in)); diff != "" {
		t.Errorf("blkid (-) and we (+) differ:\n%s", diff)
	}
	return in
}

// TestBlkid compares every image of the real tools.
func TestBlkid(t *testing.T) {
	n := 0
	for _, m := range images() {
		n++
		t.Run(m.name, func(t *testing.T) {
			in := compare(t, m.build(t, t.TempDir()))
			if in.Type == "" && in.PTType == "" {
				t.Errorf("nothing found in %s", m.name)
			}
		})
	}
	t.Logf("%d images compared with blkid -p", n)
}
