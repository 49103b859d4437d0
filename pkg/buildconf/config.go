package buildconf

import (
	"fmt"
	"strconv"
	"strings"
)

// Answer is yes, no, or nothing said.
type Answer int8

// The answers.
const (
	Unsaid Answer = iota
	Yes
	No
)

// Config is what the configuration says; the zero value is what no configuration says.
type Config struct {
	HostOnly       Answer
	HostCmdline    Answer // words for this machine in a host-only image
	EarlyMicrocode Answer
	Reproducible   Answer
	MDADMConf      Answer
	LVMConf        Answer
	UseFstab       Answer
	NoFsck         Answer
	NoShell        Answer
	IncludeKeys    Answer
	LUKS           Answer
	LVM            Answer
	Network        Answer
	UEFI           Answer

	Drivers, AddDrivers, ForceDrivers, OmitDrivers, Filesystems []string
	ModulesDir                                                  string   // of the kernel
	FirmwareDirs                                                []string // none for the usual ones

	Install, InstallOptional, Fscks []string
	Include                         []string // SRC DST SRC DST ...
	AddDevices                      []string
	Hooks                           string
	KernelCmdline                   string
	Keymap, Font                    string

	DracutModules, AddDracutModules, ForceAddDracutModules, PreferDracutModules, OmitDracutModules []string
	DracutModulesDir                                                                               string

	Compress       string // as it is written there
	CompressLevels map[string]int
	ImageName      string // of the default path; ${kernel} in it is the version
	LogLevel       int    // 0 to 6, as dracut counts; -1 where nothing is said

	UEFIStub, UEFISplash, KernelImage, SBAT string
	SecureBootCert, SecureBootKey           string

	// ForModules are values that modules of dracut may ask for: of keys that have no meaning here, and of unknown ones, which third-party modules have.
	ForModules map[string]string
	// WithoutModules are lines about these for people, where no module is run.
	WithoutModules []string

	// Notes are lines for people: what was not read, and what has no meaning here.
	Notes []string
}

// value is what the files say of a key so far.
type value struct {
	text string
	at   string // "FILE:LINE" of the last assignment
}

// said folds assignments in the order of their files, as a shell that sources one after the other.
type said struct {
	values map[string]*value
	order  []string // keys, in the order in which they came
}

// said takes one assignment.
func (s *said) take(file string, a Assignment) {
	v := s.values[a.Key]
	if v == nil {
		v = &value{}
		s.values[a.Key] = v
		s.order = append(s.order, a.Key)
	}
	if a.Append {
		a.Value = v.text + a.Value
	}
	v.text, v.at = a.Value, fmt.Sprintf("%s:%d", file, a.Line)
}

// valueLimit bounds a value that many += have made.
const valueLimit = 256 << 10

// config gives the values their types. What is wrong is a note; the key then says nothing.
func (s *said) config() Config {
	c := Config{LogLevel: -1}
	var idle, unused reasons
	for _, name := range s.order {
		v := s.values[name]
		k, ok := Lookup(name)
		at := fmt.Sprintf("%s (%s)", name, v.at)
		switch {
		case len(v.text) > valueLimit:
			c.note(v.at, fmt.Sprintf("%s: more than %d bytes: not read", name, valueLimit))
		case !ok:
			c.unknown(name, v)
		case k.Modules:
			c.forModules(name, v)
			unused.add(k.Why, at)
		case k.Why != "":
			idle.add(k.Why, at)
		default:
			if err := k.set(&c, strings.TrimSpace(v.text)); err != nil {
				c.note(v.at, fmt.Sprintf("%s: %v", name, err))
			}
		}
	}
	c.Notes = append(c.Notes, idle.lines()...)
	c.WithoutModules = append(c.WithoutModules, unused.lines()...)
	return c
}

// unknown takes a key that is none of ours: of a third-party module, or mistyped.
func (c *Config) unknown(name string, v *value) {
	c.forModules(name, v)
	text, near := unknown(name)
	if near {
		c.note(v.at, text)
		return
	}
	c.WithoutModules = append(c.WithoutModules, v.at+": "+text)
}

func (c *Config) forModules(name string, v *value) {
	if c.ForModules == nil {
		c.ForModules = map[string]string{}
	}
	c.ForModules[name] = v.text
}

// reasons are names by the reason why they have no meaning, in the order in which the reasons came.
type reasons struct {
	order []string
	names map[string][]string
}

func (r *reasons) add(why, name string) {
	if r.names == nil {
		r.names = map[string][]string{}
	}
	if len(r.names[why]) == 0 {
		r.order = append(r.order, why)
	}
	r.names[why] = append(r.names[why], name)
}

func (r *reasons) lines() (list []string) {
	for _, why := range r.order {
		list = append(list, Idle(r.names[why], why))
	}
	return list
}

// Idle is the line about names that have no meaning here, all of them for one reason.
func Idle(names []string, why string) string {
	verb := "have"
	if len(names) == 1 {
		verb = "has"
	}
	return fmt.Sprintf("%s %s no meaning here: %s", strings.Join(names, ", "), verb, why)
}

func (c *Config) note(at, text string) { c.Notes = append(c.Notes, at+": "+text) }

// unknown is the line about a key that is not in the table; near says that one of these may be meant.
func unknown(name string) (text string, near bool) {
	names := make([]string, len(Keys))
	for i := range Keys {
		names[i] = Keys[i].Name
	}
	text = name + " is no key of this configuration"
	if key := Nearest(name, names); key != "" {
		return text + ": " + key + " is meant?", true
	}
	return text, false
}

func answer(where func(*Config) *Answer) func(*Config, string) error {
	return func(c *Config, v string) error {
		switch v {
		case "yes":
			*where(c) = Yes
		case "no":
			*where(c) = No
		case "":
			*where(c) = Unsaid
		default:
			return fmt.Errorf("%q: write yes or no", v)
		}
		return nil
	}
}

func words(where func(*Config) *[]string) func(*Config, string) error {
	return func(c *Config, v string) error {
		*where(c) = strings.Fields(v)
		return nil
	}
}

func text(where func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		*where(c) = v
		return nil
	}
}

// level takes a key that tells the level of one compressor.
func level(compressor string) func(*Config, string) error {
	return func(c *Config, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return fmt.Errorf("%q: write a number", v)
		}
		if c.CompressLevels == nil {
			c.CompressLevels = map[string]int{}
		}
		c.CompressLevels[compressor] = n
		return nil
	}
}

func pairs(c *Config, v string) error {
	list := strings.Fields(v)
	if len(list)%2 != 0 {
		return fmt.Errorf("%d words: write pairs, SRC DST", len(list))
	}
	c.Include = list
	return nil
}

func logLevel(c *Config, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > 6 {
		return fmt.Errorf("%q: write a number from 0 to 6", v)
	}
	c.LogLevel = n
	return nil
}

func directories(c *Config, v string) error {
	c.FirmwareDirs = strings.FieldsFunc(v, func(r rune) bool { return r == ':' || r == ' ' || r == '\t' || r == '\n' })
	return nil
}
