package main

import (
	"reflect"
	"testing"
)

func TestFacts(t *testing.T) {
	tests := []struct {
		question, text string
		want           facts
	}{
		{"sysctl", "kernel.a = 1\nkernel.b = 2\n", facts{"kernel.a": "1", "kernel.b": "2"}},
		{"proc1-mountinfo", "24 29 0:22 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n29 1 254:0 / / rw shared:1 - ext4 /dev/vda rw\n",
			facts{"/sys": "0: / rw,nosuid shared: - sysfs sysfs rw", "/": "254:0 / rw shared: - ext4 /dev/vda rw"}},
		{"dev", "crw-rw-rw- root:root /dev/null \n", facts{"/dev/null": "crw-rw-rw- root:root"}},
		{"kernel-warnings", "<4>[    1.2] odd\n<6>[    1.3] usual\n<12>[ 1.4] of a program\n", facts{"odd": ""}},
		{"udev", "P: /devices/a\nN: vda\nE: USEC_INITIALIZED=77\nE: DEVLINKS=/dev/b /dev/a\nS: a\n\nP: /devices/b\n",
			facts{"/devices/a": "present", "/devices/a N:": "vda", "/devices/a DEVLINKS": "/dev/a /dev/b", "/devices/a link a": "present", "/devices/b": "present"}},
		{"state", "running\n", facts{"running": ""}},
	}
	for _, tt := range tests {
		if got := factsOf(tt.question, tt.text); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.question, got, tt.want)
		}
	}
}

func TestNoiseIsNoDifference(t *testing.T) {
	theirs := []answers{{"sysctl": "a = 1\nnoise = 1\ngone = 1\n"}, {"sysctl": "a = 1\nnoise = 2\ngone = 1\n"}}
	got := differences(answers{"sysctl": "a = 2\nnoise = 3\nnew = 1\n", "journal": "x"}, theirs)
	want := []difference{{"sysctl", "a", "1", "2"}, {"sysctl", "gone", "1", "-"}, {"sysctl", "new", "-", "1"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAlike(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"size=1002212k,mode=755", "size=1004648k,mode=755", true},
		{"size=202604k", "size=405204k", false},
		{"mode=755", "mode=750", false},
		{"7829 x", "7848 x", true},
		{"7829 x", "7829", false},
		{"-", "yes", false},
	}
	for _, tt := range tests {
		if got := alike(tt.a, tt.b); got != tt.want {
			t.Errorf("alike(%q, %q) = %v", tt.a, tt.b, got)
		}
	}
}
