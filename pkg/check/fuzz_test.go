package check

import (
	"os"
	"strings"
	"testing"
)

// FuzzRuleLines: what is taken for a rule is one, however the file is cut.
func FuzzRuleLines(f *testing.F) {
	f.Add(udevRules)
	f.Add("# x\nA==\"1\", \\\n  B=\"2\"\nC=\"3")
	f.Add("A==\"1\", B=\"2")
	f.Fuzz(func(t *testing.T, text string) {
		for _, l := range ruleLines(text) {
			if strings.TrimSpace(l) == "" || l[0] == '#' || strings.Contains(l, "\n") || strings.Count(l, "\"")%2 != 0 {
				t.Fatalf("%q is taken for a rule of %q", l, text)
			}
		}
	})
}

// FuzzTarget: what was read is written so that it reads the same.
func FuzzTarget(f *testing.F) {
	f.Add(usual + " luks key=/etc/key")
	f.Add("key=//a fs=xfs modalias=pci:v1 driver=x firmware=a/b module=m md lvm nvme")
	f.Add("luks\n fatal= / is on the pool # 1\ndoubt=a, b\nfatal= # x\n")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseTarget(text)
		if err != nil {
			return
		}
		b, err := ParseTarget(a.String())
		if err != nil || b.String() != a.String() {
			t.Fatalf("%q: %v\n%s\n%s", text, err, a, b)
		}
	})
}

// FuzzObject: no bytes that look like an ELF file make trouble.
func FuzzObject(f *testing.F) {
	data, err := os.ReadFile("/bin/true")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[:4096])
	program := make([]byte, 64+56) // a header, and one segment: PT_INTERP, longer than the file
	copy(program, "\x7fELF\x02\x01\x01")
	program[16], program[18], program[20], program[32], program[52], program[54], program[56], program[58] = 2, 62, 1, 64, 64, 56, 1, 64
	program[64] = 3
	program[64+32], program[64+33] = 0xff, 0x7f
	f.Add(program)
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = parseObject("x", data)
		_ = parseScript("x", data)
	})
}
