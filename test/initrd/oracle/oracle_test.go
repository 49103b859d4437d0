package oracle

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUntaken: what was asked for and is not there is named.
func TestUntaken(t *testing.T) {
	for _, c := range []struct {
		name, wanted, got string
		want              []string
	}{
		{"all taken", "CONFIG_A=y\nCONFIG_B=m\nCONFIG_N=4\n", "CONFIG_A=y\nCONFIG_B=m\nCONFIG_N=4\nCONFIG_MORE=y\n", nil},
		{"built in where a module was wanted", "CONFIG_B=m\n", "CONFIG_B=y\n", []string{"CONFIG_B=m"}},
		{"switched off", "CONFIG_A=y\n", "# CONFIG_A is not set\n", []string{"CONFIG_A=y"}},
		{"not known", "CONFIG_A=y\n", "", []string{"CONFIG_A=y"}},
		{"off and off", "CONFIG_A=n\nCONFIG_B=n\n", "# CONFIG_A is not set\n", nil},
		{"wanted off", "CONFIG_A=n\n", "CONFIG_A=y\n", []string{"CONFIG_A=n"}},
		{"comments and lines without a value", "# CONFIG_A=y\n\n", "", nil},
		{"a later line that is wanted too", "CONFIG_S=\"/x\"\n", "CONFIG_S=\"/x\"\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, untaken(c.wanted, c.got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
