package linux

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestSecretMemory(t *testing.T) {
	m, err := NewSecretMemory(5000)
	if err != nil {
		t.Fatal(err)
	}
	if !m.Append([]byte("abc")) || !m.Append(bytes.Repeat([]byte{'x'}, 4997)) || m.Append([]byte{'y'}) || len(m.Bytes()) != 5000 {
		t.Errorf("%d bytes", len(m.Bytes()))
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	if flags := flagsOf(t, string(smaps), m.pages); !strings.Contains(flags, " lo ") || !strings.Contains(flags, " dd ") || !strings.Contains(flags, " wf ") {
		t.Errorf("not locked, not kept from dumps, or not wiped on fork: %s", flags)
	}
	m.SetLen(2)
	if string(m.Bytes()) != "ab" || !bytes.Equal(m.Space()[2:], make([]byte, 4998)) {
		t.Error("what lies behind the secret is not wiped")
	}
	m.Wipe()
	if len(m.Bytes()) != 0 || !bytes.Equal(m.Space(), make([]byte, 5000)) {
		t.Error("not wiped")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil || len(m.Space()) != 0 || m.Append([]byte{1}) {
		t.Errorf("after Close: %v", err)
	}
	for _, n := range []int{-1, 0, maxSecretMemory + 1} {
		if _, err := NewSecretMemory(n); err == nil {
			t.Errorf("%d bytes are given", n)
		}
	}
}

// flagsOf finds the VmFlags of the mapping that the bytes begin.
func flagsOf(t *testing.T, smaps string, p []byte) string {
	at := addressOf(p)
	inside := false
	for line := range strings.SplitSeq(smaps, "\n") {
		if span, _, ok := strings.Cut(line, " "); ok && strings.Contains(span, "-") {
			a, b, _ := strings.Cut(span, "-")
			start, _ := strconv.ParseUint(a, 16, 64)
			end, _ := strconv.ParseUint(b, 16, 64)
			inside = start <= at && at < end
		}
		if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && inside {
			return flags + " "
		}
	}
	t.Fatal("the mapping is not found")
	return ""
}
