package switchroot

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
)

func TestCapabilities(t *testing.T) {
	for text, want := range map[string]string{
		"CAPS_INIT_DROP=\"cap_sys_module,cap_sys_rawio\"\n":            "[16 17]",
		"CAPS_INIT_DROP='CAP_Sys_Rawio,cap_sys_module,17,cap_chown'\n": "[0 16 17]",
		"CAPS_INIT_DROP=cap_bpf":                                       "[39]",
		"CAPSH=/sbin/capsh\nCAPS_INIT_DROP=\"\"\n":                     "[]",
		"CAPS_INIT_DROP=1\n CAPS_INIT_DROP=2\nx=3":                     "[2]",
		"CAPS_INIT_DROP=62":                                            "[62]", // a later kernel's
		"":                                                             "[]",
		"CAPS_INIT_DROP=\"cap_sys_module $(reboot)\"":                  "refused",
		"CAPS_INIT_DROP=sys_module":                                    "refused",
		"CAPS_INIT_DROP=cap_":                                          "refused",
		"CAPS_INIT_DROP=64":                                            "refused",
		"CAPS_INIT_DROP=\"$LIST\"":                                     "refused",
		"CAPS_INIT_DROP=\"cap_chown":                                   "refused",
		"CAPS_INIT_DROP=\"cap_chown, cap_sys_module\"\n":               "refused", // capsh refuses it too
	} {
		list, err := Capabilities(text)
		got := fmt.Sprint(list)
		if errors.Is(err, ErrCapability) {
			got = "refused"
		}
		if got != want {
			t.Errorf("%q: %s, want %s (%v)", text, got, want, err)
		}
	}
	if list, _ := Capabilities("CAPS_INIT_DROP=all"); len(list) != len(capabilities) {
		t.Errorf("all: %v", list)
	}
}

// TestCapabilityNames compares the names and numbers with the kernel's header (Debian: linux-libc-dev).
func TestCapabilityNames(t *testing.T) {
	const header = "/usr/include/linux/capability.h"
	text, err := os.ReadFile(header)
	if err != nil {
		t.Fatalf("%v; install linux-libc-dev", err)
	}
	found := 0
	for _, m := range regexp.MustCompile(`(?m)^#define\s+(CAP_\w+)\s+(\d+)$`).FindAllStringSubmatch(string(text), -1) {
		list, err := Capabilities("CAPS_INIT_DROP=" + m[1])
		if n, _ := strconv.Atoi(m[2]); err != nil || len(list) != 1 || list[0] != n {
			t.Errorf("%s: %v %v", m[0], list, err)
		}
		found++
	}
	if found < len(capabilities) {
		t.Errorf("%d of %d in %s", found, len(capabilities), header)
	}
}

// FuzzCapabilities: what is not refused are numbers that a bounding set can have, each once, in order.
func FuzzCapabilities(f *testing.F) {
	f.Add("CAPS_INIT_DROP=\"cap_sys_module,CAP_CHOWN,17\"\n")
	f.Add("CAPS_INIT_DROP=all")
	f.Add("CAPS_INIT_DROP=64,1\nCAPS_INIT_DROP='2'")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Capabilities(text)
		for i, n := range list {
			if err != nil || n < 0 || n > 63 || i > 0 && n <= list[i-1] {
				t.Errorf("%q: %v, %v", text, list, err)
			}
		}
	})
}
