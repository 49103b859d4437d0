package rootfs

import (
	"errors"
	"strings"
	"testing"

	"github.com/preroot/preroot/pkg/device"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]device.Ref{
		"/dev/vda1":            {Kind: device.RefNode, Value: "/dev/vda1"},
		"block:/dev/vda1":      {Kind: device.RefNode, Value: "/dev/vda1"},
		"LABEL=root":           {Kind: device.RefLabel, Value: "root"},
		"block:PARTLABEL=root": {Kind: device.RefPartLabel, Value: "root"},
	} {
		s, err := Parse(text)
		if err != nil || s.Device.Kind != want.Kind || s.Device.Value != want.Value || s.String() != text {
			t.Errorf("%s: %+v, %v", text, s, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"nfs:server:/x": "roots of the form nfs:", "live:CDLABEL=x": "live:", "ZFS=rpool/x": "ZFS=", "virtiofs:tag": "virtiofs:",
		"UUID=": "nothing follows", "": "it is empty",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "root="+text+":") {
			t.Errorf("%q: %v, want %q in it", text, err, want)
		}
	}
	if _, err := Parse("UUID="); !errors.Is(err, device.ErrRef) {
		t.Errorf("%v does not wrap ErrRef", err)
	}
}
