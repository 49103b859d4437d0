package blkid

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestMDSuperblocks lets mdadm judge the superblocks that these tests write.
func TestMDSuperblocks(t *testing.T) {
	for _, m := range mdImages() {
		if m.name == "md 0.90 big endian" || strings.Contains(m.name, "big endian") {
			continue // mdadm reads its own byte order only
		}
		t.Run(m.name, func(t *testing.T) {
			path := m.build(t, t.TempDir())
			out := run(t, "mdadm", "--examine", path)
			in := probeFile(t, path)
			want := "Array UUID : " + mdadmUUID(in.UUID)
			if in.Version == "0.90.3" {
				want = "UUID : " + mdadmUUID(in.UUID)
			}
			if !strings.Contains(out, want) || !strings.Contains(out, "- correct") {
				t.Errorf("mdadm --examine %s: no %q with a correct checksum in\n%s", filepath.Base(path), want, out)
			}
		})
	}
}

// mdadmUUID groups the digits as mdadm does.
func mdadmUUID(id string) string {
	id = strings.ReplaceAll(id, "-", "")
	return id[:8] + ":" + id[8:16] + ":" + id[16:24] + ":" + id[24:]
}
