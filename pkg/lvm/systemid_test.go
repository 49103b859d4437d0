package lvm

import (
	"os"
	"slices"
	"testing"
)

func TestSystemIDs(t *testing.T) {
	id := Identity{Hostname: "box", MachineID: "0123456789abcdef", ReadFile: func(path string) string {
		if path != "/etc/system-id" {
			return ""
		}
		return "# a comment\n\nfrom-file\n"
	}}
	source := func(name string) string {
		return "global {\n\t# system_id_source = \"none\"\n\tsystem_id_source = \"" + name + "\"\n\tsystem_id_file = \"/etc/system-id\"\n}\ndevices { scan = [ \"/dev\" ] }\n"
	}
	const local = "local {\n system_id = \"mine\"\n extra_system_ids = [ \"other\", \"third\" ]\n}\n"
	for _, c := range []struct {
		conf, local string
		want        []string
		fails       bool
	}{
		{"", "", nil, false},
		{source("none"), local, []string{"other", "third"}, false},
		{source("lvmlocal"), local, []string{"mine", "other", "third"}, false},
		{source("uname"), "", []string{"box"}, false},
		{source("machineid"), "", []string{"0123456789abcdef"}, false},
		{source("file"), "", []string{"from-file"}, false},
		{source("appmachineid"), "", nil, true},
		{"global {", "", nil, true},
	} {
		ids, err := SystemIDs(c.conf, c.local, id)
		if !slices.Equal(ids, c.want) || (err != nil) != c.fails {
			t.Errorf("%q: %q, %v; want %q", c.conf, ids, err, c.want)
		}
	}
}

// TestShippedConfiguration: the files that lvm2 ships are read.
func TestShippedConfiguration(t *testing.T) {
	conf, err := os.ReadFile("/etc/lvm/lvm.conf")
	if err != nil {
		t.Fatal(err)
	}
	local, err := os.ReadFile("/etc/lvm/lvmlocal.conf")
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := SystemIDs(string(conf), string(local), Identity{Hostname: "box"}); err != nil || len(ids) > 0 {
		t.Errorf("%q, %v", ids, err)
	}
}
