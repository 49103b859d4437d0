package vm

import "testing"

func TestMirrorOf(t *testing.T) {
	tests := []struct {
		name, text string
		want       Mirror
	}{
		{"one line", "deb http://a.example/debian trixie main\n", Mirror{URI: "http://a.example/debian"}},
		{"options", "deb [ arch=amd64 signed-by=/k.gpg] http://a.example/debian trixie main\n", Mirror{"http://a.example/debian", "/k.gpg"}},
		{"updates only", "deb http://a.example/debian trixie-updates main\n", Mirror{}},
		{"stanza", "Types: deb\nURIs: http://b.example/security\nSuites: trixie-security\n\nTypes: deb\nURIs: http://b.example/debian\n" +
			"Suites: trixie trixie-updates\nSigned-By: /k.gpg\n", Mirror{"http://b.example/debian", "/k.gpg"}},
		{"empty", "", Mirror{}},
	}
	for _, tt := range tests {
		if got := mirrorOf(tt.text, "trixie"); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
