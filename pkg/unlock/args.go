package unlock

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseArgs reads the arguments of cmd/unlock. What follows --volume is about that volume, what follows a file is about that file.
func ParseArgs(args []string) (Request, error) {
	p := &parser{}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		if err := p.read(name, value); err != nil {
			return Request{}, fmt.Errorf("unlock: %s: %w", arg, err)
		}
	}
	for _, v := range p.Volumes {
		if v.Name == "" || v.Node == "" {
			return Request{}, fmt.Errorf("unlock: a volume needs --volume=NAME and --node=DEVICE")
		}
	}
	return p.Request, nil
}

// parser reads one argument after the other.
type parser struct {
	Request
	file *File    // the one that was named last
	key  *KeyFile // the same, if it is a key file
	// Of the key files of the volume.
	offset, size int64
}

func (p *parser) read(name, value string) error {
	switch name {
	case "--any":
		p.Any = true
		return nil
	case "--console":
		p.Consoles = append(p.Consoles, value)
		return nil
	case "--volume":
		p.Volumes = append(p.Volumes, Volume{Name: value})
		p.file, p.key, p.offset, p.size = nil, nil, 0, 0
		return nil
	}
	if len(p.Volumes) == 0 {
		return fmt.Errorf("not known, or of a volume: --volume=NAME comes first")
	}
	return p.ofVolume(&p.Volumes[len(p.Volumes)-1], name, value)
}

// ofVolume reads what is about a volume.
func (p *parser) ofVolume(v *Volume, name, value string) (err error) {
	switch name {
	case "--node":
		v.Node = value
	case "--flag":
		v.Flags = append(v.Flags, value)
	case "--read-only":
		v.ReadOnly = true
	case "--try-empty":
		v.TryEmpty = true
	case "--headless":
		v.Headless = true
	case "--slot":
		n, err := strconv.Atoi(value)
		v.Slots = append(v.Slots, n)
		return err
	case "--tries":
		v.Tries, err = strconv.Atoi(value)
	case "--timeout":
		v.Timeout, err = time.ParseDuration(value)
	case "--key-offset":
		p.offset, err = strconv.ParseInt(value, 10, 64)
	case "--key-size":
		p.size, err = strconv.ParseInt(value, 10, 64)
	default:
		return p.ofFile(v, name, value)
	}
	return err
}

// ofFile reads what is about a file.
func (p *parser) ofFile(v *Volume, name, value string) error {
	switch {
	case name == "--header":
		v.Header.Path = value
		p.file, p.key = &v.Header, nil
	case name == "--key":
		v.Keys = append(v.Keys, KeyFile{File: File{Path: value}, Offset: p.offset, Size: p.size})
		p.key = &v.Keys[len(v.Keys)-1]
		p.file = &p.key.File
	case name == "--on" && p.file != nil:
		p.file.On = value
	case name == "--type" && p.file != nil:
		p.file.Type = value
	case name == "--optional" && p.key != nil:
		p.key.Optional = true
	default:
		return fmt.Errorf("not known here")
	}
	return nil
}
