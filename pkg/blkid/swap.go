package blkid

// The header of a swap area: fields at 1 KiB, a signature in the last ten
// bytes of the first page, whose size is the machine's (union swap_header in
// include/linux/swap.h of the kernel). While the area holds a suspended system
// the signature is another one (kernel/power/swap.c and uswsusp).
const (
	swapOffset   = 1024
	swapLastPage = 4
	swapUUID     = 12
	swapLabel    = 28
	swapPadding  = 172 // must be zero if UUID and label are real
	swapSize     = 512
	swapMinimum  = 10 * 4096

	// tuxOnIce is the image header of an out-of-tree suspend; the swap
	// signature stays valid beside it.
	tuxOnIce = "\xed\xc3\x02\xe9\x98\x56\xe5\x0c"
)

// swapMarkers are the ends of the possible first pages, 4 to 64 KiB, where the
// signature lies.
var swapMarkers = [...]int{0xff6, 0x1ff6, 0x3ff6, 0x7ff6, 0xfff6}

func probeSuspend(s *source, in *Info) string {
	version := suspendVersion(s)
	if version == "" || !swapInfo(s, version, in) {
		return ""
	}
	in.Suspended = true
	return "swsuspend"
}

func suspendVersion(s *source) string {
	if s.has(0, tuxOnIce) {
		return "tuxonice"
	}
	for _, off := range swapMarkers {
		switch {
		case s.has(off, "S1SUSPEND"):
			return "s1suspend"
		case s.has(off, "S2SUSPEND"):
			return "s2suspend"
		case s.has(off, "ULSUSPEND"):
			return "ulsuspend"
		case s.has(off, "LINHIB0001"):
			return "linhib0001"
		}
	}
	return ""
}

func probeSwap(s *source, in *Info) string {
	if s.has(0, tuxOnIce) {
		return ""
	}
	for _, off := range swapMarkers {
		if s.has(off, "SWAP-SPACE") {
			in.Version = "0" // knows neither label nor UUID
			return "swap"
		}
		if s.has(off, "SWAPSPACE2") {
			if swapInfo(s, "1", in) {
				return "swap"
			}
			return ""
		}
	}
	return ""
}

// swapInfo reads the header. Version 1 swap must say so and have pages.
func swapInfo(s *source, version string, in *Info) bool {
	h := s.at(swapOffset, swapSize)
	if h == nil {
		return false
	}
	if version == "1" {
		v := le.Uint32(h)
		if v != 1 && v != 1<<24 || le.Uint32(h[swapLastPage:]) == 0 {
			return false
		}
	}
	if allZero(h[swapPadding : swapPadding+8]) {
		in.Label = label(h[swapLabel : swapLabel+16])
		in.UUID = uuid(h[swapUUID:])
	}
	in.Version = version
	return true
}
