package dracutmod

import "testing"

// TestFunctions are those that the dracut of this machine may not have.
func TestFunctions(t *testing.T) {
	for call, want := range map[string]string{
		`normalized_iscsi_name 'iqn.2024-01.COM.Example:Disk_1 ä*$(id)'`: "iqn.2024-01.com.example:disk1id",
		`normalized_iscsi_name ''`:                                       "",
	} {
		if got := ourShell(t, t.TempDir(), call); got != want {
			t.Errorf("%s: %q, not %q", call, got, want)
		}
	}
}
