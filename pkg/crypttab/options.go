package crypttab

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Mode is the format that the options say a volume has.
type Mode int

// The formats of crypttab(5). LUKS is what a volume is when nothing else is written.
const (
	LUKS Mode = iota
	Plain
	TrueCrypt
	BitLocker
)

// Options is the fourth field of a line of crypttab(5), which is also the text of rd.luks.options=. The zero value is what no options mean, but for KeySlot.
type Options struct {
	Mode Mode

	// KeyOffset and KeySize are keyfile-offset= and keyfile-size=, the part of the key file that is the key, in bytes; size zero is up to the end.
	KeyOffset, KeySize int64
	// KeyTimeout is keyfile-timeout=, how long the device with the key file is waited for before the passphrase is asked for; zero is for ever.
	KeyTimeout      time.Duration
	KeyTimeoutGiven bool
	// KeySlot is key-slot=, the only slot that is tried, or -1.
	KeySlot int
	// Header is header=, where the LUKS header is when it is not on the device.
	Header Location
	// Tries is tries=, after how many wrong passphrases the volume stays locked; zero is without bound.
	Tries int
	// Timeout is timeout=, how long the passphrase is waited for; zero is for ever.
	Timeout      time.Duration
	TimeoutGiven bool

	// Flags of the mapping: linux/Documentation/admin-guide/device-mapper/dm-crypt.rst.
	Discard, NoReadWorkqueue, NoWriteWorkqueue, SameCPU, SubmitFromCPUs, ReadOnly bool
	// SectorSize is sector-size=, in bytes; zero when not given. A LUKS header has its own.
	SectorSize int

	// Swap and Temporary are swap and tmp=: the volume is formatted anew at each boot, which is no matter of the initramfs.
	Swap, Temporary bool
	NoFail, NoAuto  bool
	// NetDev is _netdev: the device comes over the network.
	NetDev bool
	// Initramfs is x-initrd.attach (systemd) or initramfs (Debian): the volume is opened here.
	Initramfs bool

	// TryEmpty is try-empty-password: the empty passphrase is tried before one is asked for. Headless is headless: none is asked for.
	TryEmpty, Headless bool
	// Echo is password-echo=, "yes", "no" or "masked"; Cache is password-cache=, "yes", "no" or "read-only"; "" when not given.
	Echo, Cache string

	// Keyscript is keyscript=, a program of Debian's that prints the key, which is not run.
	Keyscript string
	// Tokens are the words tpm2-*, fido2-*, pkcs11-* as written: the volume may be opened without a passphrase, by who knows how.
	Tokens []string
	// PlainText are the words that only a plain volume obeys (cipher=, hash=, size=, offset=, skip=), as written.
	PlainText []string
	// Unknown are words that nobody knows, as written.
	Unknown []string
}

// ErrNeedsCryptsetup is what the error of Options.Refusal wraps when cryptsetup(8) could open the volume.
var ErrNeedsCryptsetup = errors.New("needs cryptsetup")

// Refusal says why a volume with these options is not opened by us, nil when it may be.
func (o *Options) Refusal() error {
	switch {
	case o.Swap || o.Temporary:
		return errors.New("swap and tmp= format the volume at each boot, which the real system does; leave the line out of the image")
	case o.Mode == Plain:
		return fmt.Errorf("a plain volume %w: put cryptsetup into the image, or make the volume a LUKS one", ErrNeedsCryptsetup)
	case o.Mode == TrueCrypt:
		return fmt.Errorf("a TrueCrypt volume %w: put it into the image", ErrNeedsCryptsetup)
	case o.Mode == BitLocker:
		return fmt.Errorf("a BitLocker volume %w: put it into the image", ErrNeedsCryptsetup)
	}
	return nil
}

// The bounds of option values. A LUKS header has at most 32 slots; cryptsetup reads key files of at most 8 MiB.
const (
	maxOptions = 64
	maxSlot    = 31
	maxKeySize = 8 << 20
	maxTries   = 1_000_000
)

// ParseOptions reads a comma list of options. A bad one is named and left out; the others hold.
func ParseOptions(text string) (Options, []Problem) {
	var r report
	return parseOptions(text, &r), r.problems
}

func parseOptions(text string, r *report) Options {
	o := Options{KeySlot: -1}
	count := 0
	for word := range strings.SplitSeq(text, ",") {
		if word == "" {
			continue
		}
		if count++; count > maxOptions {
			r.bad(word, "more than "+strconv.Itoa(maxOptions)+" options", "fewer")
			break
		}
		o.read(word, r)
	}
	return o
}

// read takes one option: flags first, then those with a value, then the families.
func (o *Options) read(word string, r *report) {
	name, value, hasValue := strings.Cut(word, "=")
	switch {
	case o.readFlag(name, value):
	case o.readMode(name):
	case hasValue && o.readValue(word, name, value, r):
	case isToken(name):
		o.Tokens = append(o.Tokens, word)
	case inList(name, ofPlain):
		o.PlainText = append(o.PlainText, word)
	case inList(name, withValue):
		r.bad(word, "the value is missing", name+"=VALUE")
	case inList(name, ofOthers) || strings.HasPrefix(name, "x-"):
	default:
		o.Unknown = append(o.Unknown, word)
		r.bad(word, "no such option, it is ignored", "an option of crypttab(5), or leave it out")
	}
}

const (
	ofPlain   = "cipher hash size offset skip"
	withValue = "keyfile-offset keyfile-size keyfile-timeout key-slot keyslot header tries timeout sector-size password-echo password-cache keyscript"
	// ofOthers are known to systemd or Debian and change nothing here.
	ofOthers = "verify check checkargs noearly loud quiet keyfile-erase link-volume-key token-timeout fixate-volume-key force veracrypt-pim veracrypt-query-pim"
)

func isToken(name string) bool {
	return strings.HasPrefix(name, "tpm2-") || strings.HasPrefix(name, "fido2-") || strings.HasPrefix(name, "pkcs11-")
}

// readFlag takes the options that are on or off. A value that says no turns those off that crypttab(5) gives a boolean.
func (o *Options) readFlag(name, value string) bool {
	on := !saysNo(value)
	switch name {
	case "discard", "allow-discards":
		o.Discard = on
	case "no-read-workqueue":
		o.NoReadWorkqueue = on
	case "no-write-workqueue":
		o.NoWriteWorkqueue = on
	case "same-cpu-crypt":
		o.SameCPU = on
	case "submit-from-crypt-cpus":
		o.SubmitFromCPUs = on
	case "read-only", "readonly":
		o.ReadOnly = on
	case "swap":
		o.Swap = true
	case "tmp":
		o.Temporary = true
	case "nofail", "fail":
		o.NoFail = name == "nofail"
	case "noauto", "auto":
		o.NoAuto = name == "noauto"
	case "_netdev":
		o.NetDev = true
	case "x-initrd.attach", "initramfs":
		o.Initramfs = true
	case "try-empty-password":
		o.TryEmpty = on
	case "headless":
		o.Headless = on
	default:
		return false
	}
	return true
}

// readMode takes the options that name a format; the last one holds.
func (o *Options) readMode(name string) bool {
	switch name {
	case "luks":
		o.Mode = LUKS
	case "plain":
		o.Mode = Plain
	case "bitlk":
		o.Mode = BitLocker
	case "tcrypt", "tcrypt-hidden", "tcrypthidden", "tcrypt-system", "tcrypt-veracrypt", "veracrypt", "tcrypt-keyfile":
		o.Mode = TrueCrypt
	default:
		return false
	}
	return true
}

// readValue takes the options that have a value; it says whether the name is one of theirs.
func (o *Options) readValue(word, name, value string, r *report) bool {
	switch name {
	case "keyfile-offset":
		o.KeyOffset = number(word, name, value, 0, 1<<62, 0, r)
	case "keyfile-size":
		o.KeySize = number(word, name, value, 0, maxKeySize, 0, r)
	case "key-slot", "keyslot":
		o.KeySlot = int(number(word, name, value, 0, maxSlot, -1, r))
	case "tries":
		o.Tries = int(number(word, name, value, 0, maxTries, 0, r))
	case "sector-size":
		o.SectorSize = sectorSize(word, value, r)
	case "timeout":
		o.Timeout, o.TimeoutGiven = span(word, name, value, r)
	case "keyfile-timeout":
		o.KeyTimeout, o.KeyTimeoutGiven = span(word, name, value, r)
	case "header":
		o.Header = header(word, value, r)
	case "password-echo":
		o.Echo = choice(word, name, value, "yes no masked", r)
	case "password-cache":
		o.Cache = choice(word, name, value, "yes no read-only", r)
	case "keyscript":
		o.Keyscript = value
		r.bad(word, "no program is run to get a key", "the path of a key file as the third field, or none for a passphrase")
	default:
		return false
	}
	return true
}

// header reads header=PATH[:DEVICE]. A PATH under /dev is the device itself, whose first bytes are the header.
func header(word, value string, r *report) Location {
	l := splitLocation(value)
	if !strings.HasPrefix(l.Path, "/") || strings.IndexByte(value, 0) >= 0 {
		r.bad(word, "not an absolute path", "header=/PATH[:DEVICE]")
		return Location{}
	}
	return l
}

func number(word, name, value string, low, high, def int64, r *report) int64 {
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		r.bad(word, "not a number", name+"=NUMBER")
	case err != nil || n < low || n > high:
		r.bad(word, fmt.Sprintf("not within %d to %d", low, high), name+"=NUMBER")
	default:
		return n
	}
	return def
}

func sectorSize(word, value string, r *report) int {
	switch value {
	case "512", "1024", "2048", "4096":
		n, _ := strconv.Atoi(value)
		return n
	}
	r.bad(word, "not a size of sectors", "sector-size=512|1024|2048|4096")
	return 0
}

func choice(word, name, value, allowed string, r *report) string {
	switch value { // the other words of parse_boolean of systemd
	case "1", "true", "y", "t", "on":
		value = "yes"
	case "0", "false", "n", "f", "off":
		value = "no"
	}
	if !inList(value, allowed) {
		r.bad(word, "not one of its values", name+"="+strings.ReplaceAll(allowed, " ", "|"))
		return ""
	}
	return value
}

// span reads a time as an option has it; "0" and "infinity" are for ever, which is zero.
func span(word, name, value string, r *report) (time.Duration, bool) {
	d, ok := parseSpan(value)
	if !ok {
		r.bad(word, "not a time", name+"=SECONDS")
	}
	return d, ok
}

func saysNo(value string) bool { return inList(value, "0 no n false f off") }

// inList reports whether name is one of the blank-separated names.
func inList(name, names string) bool {
	for len(names) > 0 {
		var first string
		if first, names, _ = strings.Cut(names, " "); first == name {
			return true
		}
	}
	return false
}
