package unlock

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseArgs(t *testing.T) {
	for _, c := range []struct {
		args string
		want Request
		err  string
	}{
		{args: "--any --console=/dev/tty1 --console=/dev/ttyS0 --volume=root --node=/dev/vda", want: Request{Any: true, Consoles: []string{"/dev/tty1", "/dev/ttyS0"}, Volumes: []Volume{{Name: "root", Node: "/dev/vda"}}}},
		{args: "--volume=a --node=/dev/a --flag=allow-discards --flag=same-cpu-crypt --read-only --slot=3 --tries=2 --timeout=1m30s --try-empty --headless",
			want: Request{Volumes: []Volume{{Name: "a", Node: "/dev/a", Flags: []string{"allow-discards", "same-cpu-crypt"}, ReadOnly: true, Slots: []int{3}, Tries: 2, Timeout: 90 * time.Second, TryEmpty: true, Headless: true}}}},
		{args: "--volume=a --node=/dev/a --header=/h --on=/dev/c --type=vfat --key-offset=2 --key-size=32 --key=/k --on=/dev/b --type=ext4 --key=/l --optional --volume=b --node=/dev/b --key=/m",
			want: Request{Volumes: []Volume{
				{Name: "a", Node: "/dev/a", Header: File{"/h", "/dev/c", "vfat"}, Keys: []KeyFile{{File{"/k", "/dev/b", "ext4"}, 2, 32, false}, {File{"/l", "", ""}, 2, 32, true}}},
				{Name: "b", Node: "/dev/b", Keys: []KeyFile{{File: File{Path: "/m"}}}},
			}}},
		{args: "--node=/dev/a", err: "unlock: --node=/dev/a: not known, or of a volume: --volume=NAME comes first"},
		{args: "--volume=a", err: "unlock: a volume needs --volume=NAME and --node=DEVICE"},
		{args: "--volume=a --node=/dev/a --optional", err: "unlock: --optional: not known here"},
		{args: "--volume=a --node=/dev/a --on=/dev/b", err: "unlock: --on=/dev/b: not known here"},
		{args: "--volume=a --node=/dev/a --tries=x", err: `unlock: --tries=x: strconv.Atoi: parsing "x": invalid syntax`},
	} {
		got, err := ParseArgs(strings.Fields(c.args))
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: %v, want %s", c.args, err, c.err)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", c.args, err, diff)
		}
	}
}
