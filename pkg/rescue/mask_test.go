package rescue

import (
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"root=/dev/sda1 quiet\n":                           "root=/dev/sda1 quiet\n",
		"cifsuser=u cifspass=geheim ro":                    "cifsuser=u cifspass=******* ro",
		`cifspass="ge heim" ro`:                            `cifspass=******* ro`,
		`"cifspass=ge heim" ro`:                            `"cifspass=*******" ro`,
		`cifspass="ge heim` + "\nro":                       "cifspass=*******\"\nro",
		"root=cifs://u:p@ss:w@srv/x ro":                    "root=cifs://u:*******@srv/x ro",
		"root=cifs://u@srv/x":                              "root=cifs://u@srv/x",
		"root=live:ftp://u:pw@srv/x.iso":                   "root=live:ftp://u:*******@srv/x.iso",
		"root=live:https://u:pw@srv/x.iso":                 "root=live:https://u:*******@srv/x.iso",
		"netroot=iscsi:u:p:ru:rp@10.0.0.1::::iqn.2026:x":   "netroot=iscsi:*******@10.0.0.1::::iqn.2026:x",
		"netroot=iscsi:10.0.0.1::::iqn":                    "netroot=iscsi:10.0.0.1::::iqn",
		"rd.iscsi.password=a\trd.iscsi.in.password=b\n\nx": "rd.iscsi.password=*******\trd.iscsi.in.password=*******\n\nx",
		"iscsi_password=a iscsi_in_password=b":             "iscsi_password=******* iscsi_in_password=*******",
		"a@b c":                                            "a@b c",
		`x"y cifspass=a"b cifspass=c`:                      `x"y cifspass=*******" cifspass=*******`,
	} {
		if got := Mask(text); got != want {
			t.Errorf("Mask(%q) = %q, want %q", text, got, want)
		}
	}
}

// FuzzMask: lines stay lines, what is masked stays so, and a password of plain letters never shows.
func FuzzMask(f *testing.F) {
	f.Add("root=cifs://u:p@s/x cifspass=a\n", "geheim")
	f.Add("root/pa\"s/x ass=vvvvacifspass=a\"s/x cifspass=\x00\x01", "")
	f.Fuzz(func(t *testing.T, text, secret string) {
		got := Mask(text)
		if strings.Count(got, "\n") != strings.Count(text, "\n") || Mask(got) != got {
			t.Errorf("Mask(%q) = %q, masked again %q", text, got, Mask(got))
		}
		if strings.Trim(secret, "abcdefghijklmnopqrstuvwxyz") != "" || len(secret) < 12 || strings.Contains(text, secret) || strings.Count(text, `"`)%2 == 1 {
			return
		}
		if got := Mask(text + "\ncifspass=" + secret + " iscsi:u:" + secret + "@h x://u:" + secret + "@h\n" + text); strings.Contains(got, secret) {
			t.Errorf("it shows: %q", got)
		}
	})
}
