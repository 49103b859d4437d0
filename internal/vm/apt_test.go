package vm

import "testing"

func TestExchangeSuite(t *testing.T) {
	for _, c := range []struct {
		name, in string
		deb822   bool
		want     string
	}{
		{"one line", "deb http://m/debian bookworm main\n", false, "deb http://m/debian trixie main\n"},
		{"options", "deb [arch=amd64 signed-by=/k] http://m bookworm-security main # x\n", false,
			"deb [arch=amd64 signed-by=/k] http://m trixie-security main\n"},
		{"source and foreign lines", "deb-src http://m bookworm main\n# deb http://m bookworm main\ndeb http://o cloud-bookworm main\n", false, ""},
		{"stanzas", "Types: deb\nURIs: http://m\nSuites: bookworm bookworm-updates sid\n\nTypes: deb\nSuites: nodistro\n", true,
			"Types: deb\nURIs: http://m\nSuites: trixie trixie-updates\n"},
		{"torn option", "deb [arch=amd64 http://m bookworm\n", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := exchangeSuite(c.in, c.deb822, "bookworm", "trixie"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestExchangeForSid holds for a suite that has no updates and no security
// beside it: apt-get update fails on those.
func TestExchangeForSid(t *testing.T) {
	in := "deb http://m bookworm main\ndeb http://m bookworm-security main\n"
	if got, want := exchangeSuite(in, false, "bookworm", "sid"), "deb http://m sid main\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
