package device

import "testing"

func TestSCSIID(t *testing.T) {
	for _, c := range []struct{ name, page, serial, wwn string }{
		{"nothing", "", "", ""},
		{"NAA of 8 bytes", page83("01 03 00 08 5000c50012345678"), "35000c50012345678", "0x5000c50012345678"},
		{"of the target port, not of the disk", page83("01 13 00 08 5000c50012345679", "01 02 00 08 0025385b81b0a2f2"), "20025385b81b0a2f2", ""},
		{"the longer NAA first", page83("01 03 00 08 5000c50012345678", "01 03 00 10 600508b1001c0000aabbccdd00112233"),
			"3600508b1001c0000aabbccdd00112233", "0x600508b1001c0000aabbccdd00112233"},
		{"EUI-64 before T10", page83("02 01 00 04 41424344", "01 02 00 08 0025385b81b0a2f2"), "20025385b81b0a2f2", ""},
		{"T10", page83("02 01 00 0c 4154412020202020 64697366"), "1ATA     disf", ""},
		{"vendor's own", page83("02 00 00 03 414243"), "0VENDOR  MODEL           ABC", ""},
		{"page of SCSI-2", "\x00\x83\x00\x10" + unhex("60060480000190101965533030303242"), "", ""},
		{"other page", "\x00\x80\x00\x04ABCD", "", ""},
		{"length beyond the end", page83("01 03 00 40 5000c50012345678"), "", ""},
		{"length of the page beyond its end", "\x00\x83\xff\xff" + unhex("01030008 5000c50012345678"), "35000c50012345678", "0x5000c50012345678"},
		{"empty designator", page83("01 03 00 00", "01 03 00 08 5000c50012345678"), "", ""},
	} {
		serial, wwn := scsiID([]byte(c.page), "VENDOR", "MODEL")
		if serial != c.serial || wwn != c.wwn {
			t.Errorf("%s: %q, %q", c.name, serial, wwn)
		}
	}
}
