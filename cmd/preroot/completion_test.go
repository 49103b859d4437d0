package main

import (
	"bytes"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func completionOf(t *testing.T, shell string) string {
	t.Helper()
	var out bytes.Buffer
	if status := completion([]string{shell}, &out, &out); status != 0 {
		t.Fatalf("%s: status %d: %s", shell, status, out.String())
	}
	return out.String()
}

// TestCommands: the commands are those of the usage, and their options those that they say they have.
func TestCommands(t *testing.T) {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
		if c.name == "build" {
			continue
		}
		var out bytes.Buffer
		run([]string{c.name, "-h"}, &out, &out)
		var want, got []string
		for _, m := range regexp.MustCompile(`(?m)^  -([\w-]+)`).FindAllStringSubmatch(out.String(), -1) {
			want = append(want, m[1])
		}
		for _, o := range c.options {
			for _, n := range o.names {
				got = append(got, strings.TrimLeft(n, "-"))
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s has the options %q; completion knows %q", c.name, want, got)
		}
	}
	for _, m := range regexp.MustCompile(`preroot (\w+)`).FindAllStringSubmatch(usage, -1) {
		if !slices.Contains(names, m[1]) {
			t.Errorf("completion does not know the command %s", m[1])
		}
	}
}

// TestBash asks a real bash what it offers.
func TestBash(t *testing.T) {
	const script = `source /dev/stdin; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _preroot; printf '%s\n' "${COMPREPLY[@]}"`
	for _, tt := range []struct {
		line       []string
		has, hasNo string
	}{
		{[]string{"preroot", ""}, "build append ls cat unpack diff", "-f"},
		{[]string{"preroot", "un"}, "unpack", "build"},
		{[]string{"preroot", "build", "--"}, "--force --generic --host-only --add-drivers --kver", "--strip -f"},
		{[]string{"preroot", "build", "--add-d"}, "--add-drivers --add-device", "--force"},
		{[]string{"preroot", "build", "--include", "-f", "-"}, "-f --force", ""},
		{[]string{"preroot", "build", "--hooks", ""}, "", "--force build"},
		{[]string{"preroot", "ls", "-"}, "-s", "--force"},
		{[]string{"preroot", "ls", "/"}, "", "-s"},
		{[]string{"preroot", "completion", "f"}, "fish", "bash"},
	} {
		cmd := exec.Command("bash", append([]string{"-c", script, "bash"}, tt.line...)...)
		cmd.Stdin = strings.NewReader(completionOf(t, "bash"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v: %s", tt.line, err, out)
		}
		got := strings.Fields(string(out))
		for _, w := range strings.Fields(tt.has) {
			if !slices.Contains(got, w) {
				t.Errorf("%q: %s is not offered: %q", tt.line, w, got)
			}
		}
		for _, w := range strings.Fields(tt.hasNo) {
			if slices.Contains(got, w) {
				t.Errorf("%q: %s is offered", tt.line, w)
			}
		}
	}
}

// TestOtherShells: each option that has a meaning is in the completions of zsh and fish, under each of its names.
func TestOtherShells(t *testing.T) {
	zsh, fish := completionOf(t, "zsh"), completionOf(t, "fish")
	for _, c := range commands() {
		for _, o := range c.offered() {
			for _, n := range o.names {
				if !strings.Contains(zsh, "'*"+n+"[") {
					t.Errorf("zsh: no %s", n)
				}
				word := " -s " + n[1:] + " "
				if strings.HasPrefix(n, "--") {
					word = " -l " + n[2:] + " "
				}
				if !strings.Contains(fish, word) {
					t.Errorf("fish: no %s", n)
				}
			}
		}
	}
}
