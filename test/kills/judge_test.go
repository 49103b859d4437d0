package main

import (
	"strings"
	"testing"

	"github.com/preroot/preroot/internal/vm"
)

func TestSpoken(t *testing.T) {
	for name, c := range map[string]struct{ text, end, bad string }{
		"booted":          {"BENCH init_s=1", "BOOTED", ""},
		"restarted":       {"[ 1] preroot: the engine ended (signal killed)\nBENCH init_s=1", "BOOTED after 1 engines ended", ""},
		"rebooted":        {"[ 1] preroot: end: REBOOTED: x", "REBOOTED", ""},
		"no end":          {"[ 1] preroot: something", "none", "neither"},
		"two ends":        {"[ 1] preroot: end: REBOOTED: x\nBENCH init_s=1", "REBOOTED and BOOTED", "not one end"},
		"another word":    {"[ 1] preroot: end: GONE: x", "GONE", "not one end"},
		"a panic":         {"[ 1] Kernel panic - not syncing\nBENCH init_s=1", "BOOTED", "Kernel panic"},
		"a crash of Go":   {"panic: x\nBENCH init_s=1", "BOOTED", "panic: x"},
		"crash on order":  {"preroot: engine: panic: x\nBENCH init_s=1", "BOOTED", ""},
		"nothing at all":  {"", "none", "neither"},
		"PID 1's own end": {"[ 1] preroot: end: REBOOTED: x\n[ 1] preroot: end: HELD: the kernel refuses: y", "REBOOTED and HELD", "not one end"},
	} {
		one := spoken(vm.Result{Lines: strings.Split(c.text, "\n"), Spec: vm.Spec{EngineCrash: true}}, nil)
		if one.End != c.end || (c.bad == "") != (one.Bad == "") || !strings.Contains(one.Bad, c.bad) {
			t.Errorf("%s: %q, %q; want %q and %q", name, one.End, one.Bad, c.end, c.bad)
		}
	}
}
